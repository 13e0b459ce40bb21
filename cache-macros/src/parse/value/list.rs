//! Lists in brackets.

use std::collections::HashSet;

use proc_macro2::{Ident, Span};
use syn::{Expr, ExprArray, ext::IdentExt as _};

use crate::{
    errors::Errors,
    syntax::expression::{as_identifier, ungrouped},
};

/// Parses names of bindings: `[db, user]`.
pub(in crate::parse) fn names(option: &Ident, value: &Expr, errors: &mut Errors) -> Vec<Ident> {
    let names = elements(option, value, "names of parameters", "db", errors, |element| {
        as_identifier(element).cloned()
    });
    without_repetitions(names, errors, |name| (name.unraw().to_string(), name.span()))
}

/// Parses expressions: `["products", format!("product:{id}")]`.
pub(in crate::parse) fn expressions(option: &Ident, value: &Expr, errors: &mut Errors) -> Vec<Expr> {
    elements(option, value, "tags", "\"products\"", errors, |element| {
        Some(element.clone())
    })
}

/// The valid elements of the list. Others are errors, which say what `kind` of element the option takes.
pub(super) fn elements<T>(
    option: &Ident,
    value: &Expr,
    kind: &str,
    example: &str,
    errors: &mut Errors,
    element: impl Fn(&Expr) -> Option<T>,
) -> Vec<T> {
    let mut reject = |tokens: &Expr, problem: &str| {
        errors.on(
            tokens,
            format!("{problem}; write for example `{option} = [{example}]`"),
        );
    };
    let Expr::Array(ExprArray { elems, .. }) = ungrouped(value) else {
        reject(value, &format!("`{option}` takes a list of {kind}"));
        return Vec::new();
    };
    elems
        .iter()
        .filter_map(|expr| {
            let parsed = element(ungrouped(expr));
            if parsed.is_none() {
                reject(expr, &format!("`{option}` takes {kind}"));
            }
            parsed
        })
        .collect()
}

/// The first of each group of equal elements; the others are errors.
pub(super) fn without_repetitions<T>(
    elements: Vec<T>,
    errors: &mut Errors,
    identity: impl Fn(&T) -> (String, Span),
) -> Vec<T> {
    let mut seen = HashSet::new();
    elements
        .into_iter()
        .filter(|element| {
            let (text, span) = identity(element);
            if seen.contains(&text) {
                errors.at(span, format!("`{text}` is listed twice; remove one"));
                return false;
            }
            seen.insert(text)
        })
        .collect()
}
