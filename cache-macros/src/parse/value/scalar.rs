//! Values that are not lists.

use proc_macro2::Ident;
use syn::{Expr, ExprLit, ExprPath, Lit, LitStr, Path};

use crate::syntax::expression::{as_identifier, ungrouped};

/// Parses a count of bytes. Expressions are left to the compiler.
pub(in crate::parse) fn byte_count(value: Expr) -> syn::Result<Expr> {
    match ungrouped(&value) {
        Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => Ok(value),
        Expr::Lit(_) => Err(syn::Error::new_spanned(
            value,
            "`max_body` is a number of bytes; write for example `max_body = 64 * 1024`",
        )),
        _ => Ok(value),
    }
}

/// Parses `3` or `"2024-06"` to a text. Other expressions are left to the compiler.
pub(in crate::parse) fn version(value: Expr) -> syn::Result<Expr> {
    match ungrouped(&value) {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => {
            let text = LitStr::new(number.base10_digits(), number.span());
            Ok(Expr::Lit(ExprLit {
                attrs: Vec::new(),
                lit: Lit::Str(text),
            }))
        }
        Expr::Lit(ExprLit {
            lit: Lit::Str(text), ..
        }) if !text.value().is_empty() => Ok(value),
        Expr::Lit(_) => Err(syn::Error::new_spanned(
            value,
            "`version` is a whole number or a text; write for example `version = 2`",
        )),
        _ => Ok(value),
    }
}

/// Parses a text that is not empty. Expressions are left to the compiler.
pub(in crate::parse) fn text(option: &Ident, value: Expr) -> syn::Result<Expr> {
    match ungrouped(&value) {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text), ..
        }) if !text.value().is_empty() => Ok(value),
        Expr::Lit(_) => Err(syn::Error::new_spanned(
            value,
            format!("`{option}` is a text; write for example `{option} = \"shop::product\"`"),
        )),
        _ => Ok(value),
    }
}

/// Parses the name of a new type.
pub(in crate::parse) fn identifier(option: &Ident, value: &Expr) -> syn::Result<Ident> {
    as_identifier(ungrouped(value)).cloned().ok_or_else(|| {
        syn::Error::new_spanned(
            value,
            format!("`{option}` is the name of a new type; write for example `{option} = ProductCache`"),
        )
    })
}

/// Parses a path to a module.
pub(in crate::parse) fn path(option: &Ident, value: &Expr) -> syn::Result<Path> {
    match ungrouped(value) {
        Expr::Path(ExprPath {
            qself: None, path, ..
        }) => Ok(path.clone()),
        _ => Err(syn::Error::new_spanned(
            value,
            format!("`{option}` is a path; write for example `{option} = my_framework::handler_cache`"),
        )),
    }
}
