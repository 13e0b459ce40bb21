//! The values that options take.

use std::collections::HashSet;

use proc_macro2::{Ident, Span};
use syn::{Expr, ExprArray, ExprLit, ExprPath, Lit, LitStr, Path, ext::IdentExt as _};

use super::ungrouped;
use crate::errors::{Errors, listed, nearest};

/// What axum's `MethodFilter` knows, but for HEAD, which is answered from GET's entry.
const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];

/// `[db, user]`.
pub(super) fn names(option: &Ident, value: &Expr, errors: &mut Errors) -> Vec<Ident> {
    let names = elements(option, value, "db", errors, |element| {
        plain_ident(element).cloned()
    });
    unrepeated(names, errors, |name| (name.unraw().to_string(), name.span()))
}

/// `["products", format!("product:{id}")]`.
pub(super) fn expressions(option: &Ident, value: &Expr, errors: &mut Errors) -> Vec<Expr> {
    elements(option, value, "\"products\"", errors, |element| {
        Some(element.clone())
    })
}

/// `[GET, POST]`.
pub(super) fn methods(option: &Ident, value: &Expr, errors: &mut Errors) -> Vec<Ident> {
    // `Method::GET` and `MethodFilter::GET` say the same as `GET`.
    let names = elements(option, value, "POST", errors, |element| match element {
        Expr::Path(ExprPath {
            qself: None, path, ..
        }) => path.segments.last().map(|last| last.ident.clone()),
        _ => None,
    });
    if matches!(ungrouped(value), Expr::Array(list) if list.elems.is_empty()) {
        errors.on(
            value,
            "without a method nothing is cached; name one, or leave `methods` out for `[GET]`",
        );
    }
    let known = names
        .into_iter()
        .filter(|name| match unknown_method(&name.to_string()) {
            Some(error) => {
                errors.at(name.span(), error);
                false
            }
            None => true,
        })
        .collect();
    unrepeated(known, errors, |name| (name.to_string(), name.span()))
}

fn unknown_method(name: &str) -> Option<String> {
    if METHODS.contains(&name) {
        return None;
    }
    if name == "HEAD" {
        return Some("HEAD is answered from GET's entry; name `GET`".to_owned());
    }
    let cure = match nearest(name, METHODS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("axum routes {}", listed(METHODS)),
    };
    Some(format!("unknown method `{name}`; {cure}"))
}

/// `["accept-language"]`, turned to lower case.
pub(super) fn headers(option: &Ident, value: &Expr, errors: &mut Errors) -> Vec<LitStr> {
    let names = elements(
        option,
        value,
        "\"accept-language\"",
        errors,
        |element| match element {
            Expr::Lit(ExprLit {
                lit: Lit::Str(name), ..
            }) => Some(LitStr::new(&name.value().to_ascii_lowercase(), name.span())),
            _ => None,
        },
    );
    for name in &names {
        let text = name.value();
        if text == "*" {
            errors.at(
                name.span(),
                "`vary` on everything can never hit; name the headers that the response depends on",
            );
        } else if text.is_empty() || !text.bytes().all(is_header_name_byte) {
            errors.at(
                name.span(),
                format!("`{text}` is not a header name; write for example `\"accept-language\"`"),
            );
        }
    }
    unrepeated(names, errors, |name| (name.value(), name.span()))
}

/// RFC 9110 section 5.6.2: a token, here in lower case.
fn is_header_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A count of bytes, or an expression for one.
pub(super) fn bytes(value: Expr) -> syn::Result<Expr> {
    match ungrouped(&value) {
        Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => Ok(value),
        Expr::Lit(_) => Err(syn::Error::new_spanned(
            value,
            "`max_body` counts bytes; write for example `max_body = 64 * 1024`",
        )),
        _ => Ok(value),
    }
}

/// `3`, `"2024-06"`, or an expression for a `&'static str`.
pub(super) fn version(value: Expr) -> syn::Result<Expr> {
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
            "a version is a whole number or text; write for example `version = 2`",
        )),
        _ => Ok(value),
    }
}

/// Text that is not empty, or an expression for a `&'static str`.
pub(super) fn text(option: &Ident, value: Expr) -> syn::Result<Expr> {
    match ungrouped(&value) {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text), ..
        }) if !text.value().is_empty() => Ok(value),
        Expr::Lit(_) => Err(syn::Error::new_spanned(
            value,
            format!("`{option}` is text; write for example `{option} = \"shop::product\"`"),
        )),
        _ => Ok(value),
    }
}

/// A new name.
pub(super) fn identifier(option: &Ident, value: &Expr) -> syn::Result<Ident> {
    plain_ident(ungrouped(value)).cloned().ok_or_else(|| {
        syn::Error::new_spanned(
            value,
            format!("`{option}` is a new name for a type; write for example `{option} = ProductCache`"),
        )
    })
}

/// A path to a module.
pub(super) fn path(option: &Ident, value: &Expr) -> syn::Result<Path> {
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

/// What stands in the list and can stand there.
fn elements<T>(
    option: &Ident,
    value: &Expr,
    example: &str,
    errors: &mut Errors,
    element: impl Fn(&Expr) -> Option<T>,
) -> Vec<T> {
    let mut refuse = |tokens: &Expr, problem: &str| {
        errors.on(
            tokens,
            format!("{problem}; write for example `{option} = [{example}]`"),
        );
    };
    let Expr::Array(ExprArray { elems, .. }) = ungrouped(value) else {
        refuse(value, &format!("`{option}` takes a list"));
        return Vec::new();
    };
    elems
        .iter()
        .filter_map(|expr| {
            let read = element(ungrouped(expr));
            if read.is_none() {
                refuse(expr, &format!("this cannot stand in `{option}`"));
            }
            read
        })
        .collect()
}

/// Each element once.
fn unrepeated<T>(elements: Vec<T>, errors: &mut Errors, identity: impl Fn(&T) -> (String, Span)) -> Vec<T> {
    let mut seen = HashSet::new();
    elements
        .into_iter()
        .filter(|element| {
            let (text, span) = identity(element);
            if seen.contains(&text) {
                errors.at(span, format!("`{text}` is named twice; keep one"));
                return false;
            }
            seen.insert(text)
        })
        .collect()
}

/// The identifier that an expression is, and no more.
fn plain_ident(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(ExprPath {
            attrs,
            qself: None,
            path,
        }) if attrs.is_empty() => path.get_ident(),
        _ => None,
    }
}
