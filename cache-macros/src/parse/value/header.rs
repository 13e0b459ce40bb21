//! Names of headers.

use proc_macro2::Ident;
use syn::{Expr, ExprLit, Lit, LitStr};

use super::list::{elements, without_repetitions};
use crate::errors::Errors;

/// Parses names of headers and turns them to lower case: `["accept-language"]`.
pub(in crate::parse) fn headers(option: &Ident, value: &Expr, errors: &mut Errors) -> Vec<LitStr> {
    let names = elements(
        option,
        value,
        "names of headers, in quotes",
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
                "`vary = [\"*\"]` never hits; list the headers that the response depends on",
            );
        } else if text.is_empty() || !text.bytes().all(is_header_name_byte) {
            errors.at(
                name.span(),
                format!("`{text}` is not a header name; write for example `\"accept-language\"`"),
            );
        }
    }
    without_repetitions(names, errors, |name| (name.value(), name.span()))
}

/// RFC 9110 section 5.6.2: a byte of a token, here in lower case.
fn is_header_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
