//! Owned arguments for a target of `#[cache_evict]`: the values of the handler stay available for its body.

use proc_macro2::Ident;
use quote::quote_spanned;
use syn::{
    Expr, ExprPath, FieldValue, Token,
    visit_mut::{self, VisitMut},
};

use crate::{
    model::Handler,
    syntax::{expression::ungrouped, pattern::may_be_constant, span::macro_span},
};

/// Clones the bindings that the argument takes by value. All bindings of the handler are references there.
///
/// Input: `Path((id, page.number, normal(name, &title)))`
/// Output: `Path((Clone::clone(id), page.number, normal(Clone::clone(name), &title)))`
///
/// By value are the argument itself, the arguments of a call, the elements of a tuple or an array, the fields of a struct,
/// and the operand of a cast.
pub(super) fn owned(argument: &Expr, handler: &Handler) -> Expr {
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
        if may_declare_names(expr) {
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

/// Whether an expression has statements or patterns, whose names may shadow the handler's bindings.
fn may_declare_names(expr: &Expr) -> bool {
    matches!(
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
    )
}

fn clone(name: Ident) -> Expr {
    let span = macro_span(name.span());
    // A name that looks like a binding may be a constant, which is not a reference.
    Expr::Verbatim(if may_be_constant(&name) {
        quote_spanned!(span=> #name.clone())
    } else {
        // A statement, so that the type that the target expects does not become the type to clone; with the span of the
        // user, so that the compiler suggests an extractor around the name.
        let owned = Ident::new("__owned", name.span());
        quote_spanned!(span=> { let #owned = ::core::clone::Clone::clone(#name); #owned })
    })
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens as _, quote};
    use syn::parse_str;

    use super::owned;
    use crate::{model::Handler, parse::Options};

    #[test]
    fn bindings_taken_by_value_are_cloned() {
        let function = syn::parse2(quote!(
            async fn f(Path((a, r#type)): Path<(A, B)>, Max: Max) {}
        ))
        .unwrap();
        let handler = Handler::new(function, &Options::default());
        for (text, expected) in [
            ("a", "A"),
            ("Path(a)", "Path (A)"),
            (
                "Path((a, 1, [a, b], a as u8))",
                "Path ((A , 1 , [A , b] , A as u8))",
            ),
            ("Page { a, b: a, c, ..a }", "Page { a : A , b : A , c , .. a }"),
            ("Path(make(a).twice(a))", "Path (make (A) . twice (a))"),
            ("Path((a))", "Path (A)"),
            (
                "r#type",
                "{ let __owned = :: core :: clone :: Clone :: clone (r#type) ; __owned }",
            ),
            ("Path(Max)", "Path (Max . clone ())"),
            // The expression takes these by reference.
            ("Path(a.b)", "Path (a . b)"),
            ("Path(&a)", "Path (& a)"),
            ("Path(*a + a)", "Path (* a + a)"),
            ("a.len()", "a . len ()"),
            ("Path(a::B)", "Path (a :: B)"),
            ("Path(format!(\"{a}\", a))", "Path (format ! (\"{a}\" , a))"),
            ("list.map(|a| Path(a))", "list . map (| a | Path (a))"),
            ("{ let a = 1; Path(a) }", "{ let a = 1 ; Path (a) }"),
            ("a(b)", "a (b)"),
        ] {
            let cloned = owned(&parse_str(text).unwrap(), &handler)
                .to_token_stream()
                .to_string();
            let cloned = cloned.replace(
                "{ let __owned = :: core :: clone :: Clone :: clone (a) ; __owned }",
                "A",
            );
            assert_eq!(cloned, expected, "{text}");
        }
    }
}
