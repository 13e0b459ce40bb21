//! The targets of `#[cache_evict]`.

use proc_macro2::Ident;
use syn::{
    Expr, ExprCall, ExprPath, ExprRange, Path, RangeLimits, Token, punctuated::Punctuated, token::Paren,
};

use crate::syntax::expression::ungrouped;

/// Shown in errors.
pub(super) const EXAMPLES: &str = "`get_product(Path(id))` or `list_products(..)`";

/// What is evicted.
pub(crate) enum Target {
    /// Entries of a handler.
    Handler {
        /// The companion of the handler, with the turbofish of a generic handler.
        companion: Path,
        /// The parentheses of the argument list.
        paren: Paren,
        entries: Entries,
    },
    /// The entries with a tag: `tag = …`.
    Tag { name: Ident, value: Expr },
}

/// Entries of a handler.
pub(crate) enum Entries {
    /// The entries of these arguments.
    Of(Punctuated<Expr, Token![,]>),
    /// `..`: all entries.
    All,
}

/// Parses a handler with arguments or `..`.
pub(super) fn handler(expr: &Expr) -> syn::Result<Target> {
    let Expr::Call(ExprCall {
        func,
        paren_token: paren,
        args,
        ..
    }) = ungrouped(expr)
    else {
        return Err(match ungrouped(expr) {
            Expr::Path(ExprPath {
                qself: None, path, ..
            }) => missing_arguments(path),
            other => not_a_target(other),
        });
    };
    let Expr::Path(ExprPath {
        qself: None,
        path: companion,
        ..
    }) = ungrouped(func)
    else {
        return Err(not_a_target(func));
    };
    Ok(Target::Handler {
        companion: companion.clone(),
        paren: *paren,
        entries: entries(args)?,
    })
}

fn entries(arguments: &Punctuated<Expr, Token![,]>) -> syn::Result<Entries> {
    match arguments.iter().find(|argument| is_all(argument)) {
        None => Ok(Entries::Of(arguments.clone())),
        Some(_) if arguments.len() == 1 => Ok(Entries::All),
        Some(all) => Err(syn::Error::new_spanned(
            all,
            "`..` stands alone: it means every entry of the handler, whatever its arguments",
        )),
    }
}

/// Whether `argument` is `..`.
fn is_all(argument: &Expr) -> bool {
    matches!(
        argument,
        Expr::Range(ExprRange {
            start: None,
            end: None,
            limits: RangeLimits::HalfOpen(_),
            ..
        })
    )
}

/// The error for a handler without an argument list.
pub(super) fn missing_arguments(handler: &Path) -> syn::Error {
    let name = handler
        .segments
        .last()
        .map_or_else(String::new, |last| last.ident.to_string());
    syn::Error::new_spanned(
        handler,
        format!("which entries of `{name}`? Those of some arguments: `{name}(…)`; all: `{name}(..)`"),
    )
}

fn not_a_target(expr: &Expr) -> syn::Error {
    syn::Error::new_spanned(
        expr,
        format!("expected a cached handler and which of its entries are evicted, such as {EXAMPLES}"),
    )
}
