//! Small questions about expressions.

use proc_macro2::Ident;
use syn::{Expr, ExprGroup, ExprParen, ExprPath};

/// The expression without its parentheses, and without the invisible groups around the arguments of a `macro_rules!`.
pub(crate) fn ungrouped(mut expr: &Expr) -> &Expr {
    while let Expr::Group(ExprGroup { expr: inner, .. }) | Expr::Paren(ExprParen { expr: inner, .. }) = expr {
        expr = inner;
    }
    expr
}

/// The identifier, if the expression is a single one.
pub(crate) fn as_identifier(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(ExprPath {
            attrs,
            qself: None,
            path,
        }) if attrs.is_empty() => path.get_ident(),
        _ => None,
    }
}
