//! The arguments of a target of `#[cache_evict]`: the body's own stay where they are.

use quote::quote_spanned;
use syn::{
    Expr, ExprPath, FieldValue, Ident, Token,
    visit_mut::{self, VisitMut},
};

use crate::{args::ungrouped, handler::Handler, pattern::may_be_constant, span::macro_span};

/// Where every binding of the handler is a reference, those that stand by themselves are cloned.
///
/// Input: `Path((id, page.number, normal(name, &title)))`
/// Output: `Path((Clone::clone(id), page.number, normal(Clone::clone(name), &title)))`
///
/// By itself stands what a call, a tuple, an array, a struct or a cast takes as it is, and the argument as a whole.
pub(crate) fn argument(argument: &Expr, handler: &Handler) -> Expr {
    let mut argument = argument.clone();
    let mut cloner = Cloner { handler };
    cloner.visit_expr_mut(&mut argument);
    cloner.own(&mut argument);
    argument
}

struct Cloner<'a> {
    handler: &'a Handler,
}

impl Cloner<'_> {
    fn own(&mut self, expr: &mut Expr) {
        if let Some(name) = self.binding(expr) {
            *expr = clone(name);
        }
    }

    fn binding(&self, expr: &Expr) -> Option<Ident> {
        match ungrouped(expr) {
            Expr::Path(ExprPath {
                qself: None, path, ..
            }) => path.get_ident().filter(|name| self.handler.binds(name)).cloned(),
            _ => None,
        }
    }
}

impl VisitMut for Cloner<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        // What has statements or patterns may have names of its own.
        if matches!(
            expr,
            Expr::Async(_)
                | Expr::Block(_)
                | Expr::Closure(_)
                | Expr::Const(_)
                | Expr::ForLoop(_)
                | Expr::If(_)
                | Expr::Loop(_)
                | Expr::Match(_)
                | Expr::TryBlock(_)
                | Expr::Unsafe(_)
                | Expr::While(_)
        ) {
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
        match expr {
            Expr::Array(array) => array.elems.iter_mut().for_each(|element| self.own(element)),
            Expr::Call(call) => call.args.iter_mut().for_each(|argument| self.own(argument)),
            Expr::Cast(cast) => self.own(&mut cast.expr),
            Expr::Tuple(tuple) => tuple.elems.iter_mut().for_each(|element| self.own(element)),
            _ => {}
        }
    }

    fn visit_field_value_mut(&mut self, field: &mut FieldValue) {
        visit_mut::visit_field_value_mut(self, field);
        if let Some(name) = self.binding(&field.expr) {
            // `{ number }` becomes `{ number: … }`.
            field.colon_token.get_or_insert_with(<Token![:]>::default);
            field.expr = clone(name);
        }
    }
}

fn clone(name: Ident) -> Expr {
    let span = macro_span(name.span());
    // A constant looks like a binding, and is no reference.
    Expr::Verbatim(if may_be_constant(&name) {
        quote_spanned!(span=> #name.clone())
    } else {
        quote_spanned!(span=> ::core::clone::Clone::clone(#name))
    })
}
