//! The values that options take.

use proc_macro2::Ident;
use syn::{Expr, ExprArray, ExprLit, ExprPath, Lit, LitStr, Path, ext::IdentExt as _};

use super::{refuse_repeats, repeated, ungrouped};
use crate::errors::{listed, nearest};

/// What axum's `MethodFilter` knows, but for HEAD, which is answered from GET's entry.
const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];

/// `[db, user]`.
pub(super) fn names(option: &Ident, value: &Expr) -> syn::Result<Vec<Ident>> {
    let names = elements(option, value, "db", |element| plain_ident(element).cloned())?;
    refuse_repeats(&names, |name| name.unraw().to_string())?;
    Ok(names)
}

/// `[GET, POST]`.
pub(super) fn methods(option: &Ident, value: &Expr) -> syn::Result<Vec<Ident>> {
    // `Method::GET` and `MethodFilter::GET` say the same as `GET`.
    let names = elements(option, value, "POST", |element| match element {
        Expr::Path(ExprPath {
            qself: None, path, ..
        }) => path.segments.last().map(|last| last.ident.clone()),
        _ => None,
    })?;
    if names.is_empty() {
        return Err(syn::Error::new_spanned(
            value,
            "without a method nothing is cached; name one, or leave `methods` out for `[GET]`",
        ));
    }
    for name in &names {
        let text = name.to_string();
        if text == "HEAD" {
            return Err(syn::Error::new(
                name.span(),
                "HEAD is answered from GET's entry; name `GET`",
            ));
        }
        if !METHODS.contains(&text.as_str()) {
            let cure = match nearest(&text, METHODS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("axum routes {}", listed(METHODS)),
            };
            return Err(syn::Error::new(
                name.span(),
                format!("unknown method `{text}`; {cure}"),
            ));
        }
    }
    refuse_repeats(&names, Ident::to_string)?;
    Ok(names)
}

/// `["accept-language"]`, turned to lower case.
pub(super) fn headers(option: &Ident, value: &Expr) -> syn::Result<Vec<LitStr>> {
    let names = elements(option, value, "\"accept-language\"", |element| match element {
        Expr::Lit(ExprLit {
            lit: Lit::Str(name), ..
        }) => Some(LitStr::new(&name.value().to_ascii_lowercase(), name.span())),
        _ => None,
    })?;
    for (index, name) in names.iter().enumerate() {
        let text = name.value();
        if text == "*" {
            return Err(syn::Error::new(
                name.span(),
                "`vary` on everything can never hit; name the headers that the response depends on",
            ));
        }
        if text.is_empty() || !text.bytes().all(is_header_name_byte) {
            return Err(syn::Error::new(
                name.span(),
                format!("`{text}` is not a header name"),
            ));
        }
        if names[..index].iter().any(|before| before.value() == text) {
            return Err(repeated(name.span(), &text));
        }
    }
    Ok(names)
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

fn elements<T>(
    option: &Ident,
    value: &Expr,
    example: &str,
    mut element: impl FnMut(&Expr) -> Option<T>,
) -> syn::Result<Vec<T>> {
    let refuse = |tokens: &Expr, problem: &str| {
        syn::Error::new_spanned(
            tokens,
            format!("{problem}; write for example `{option} = [{example}]`"),
        )
    };
    let Expr::Array(ExprArray { elems, .. }) = ungrouped(value) else {
        return Err(refuse(value, &format!("`{option}` takes a list")));
    };
    elems
        .iter()
        .map(|expr| {
            element(ungrouped(expr)).ok_or_else(|| refuse(expr, &format!("this cannot stand in `{option}`")))
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
