//! Names of HTTP methods.

use proc_macro2::Ident;
use syn::{Expr, ExprPath};

use super::list::{elements, without_repetitions};
use crate::{
    errors::Errors,
    suggestions::{listed, nearest},
    syntax::expression::ungrouped,
};

/// The methods of axum's `MethodFilter` but HEAD, which is answered with the entry of GET.
const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];

/// Parses methods: `[GET, POST]`.
pub(in crate::parse) fn methods(option: &Ident, value: &Expr, errors: &mut Errors) -> Vec<Ident> {
    // `Method::GET` and `MethodFilter::GET` mean `GET`.
    let names = elements(
        option,
        value,
        "names of methods",
        "POST",
        errors,
        |element| match element {
            Expr::Path(ExprPath {
                qself: None, path, ..
            }) => path.segments.last().map(|last| last.ident.clone()),
            _ => None,
        },
    );
    if matches!(ungrouped(value), Expr::Array(list) if list.elems.is_empty()) {
        errors.on(
            value,
            "without a method nothing is cached; add one, or remove `methods`, whose default is `[GET]`",
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
    without_repetitions(known, errors, |name| (name.to_string(), name.span()))
}

fn unknown_method(name: &str) -> Option<String> {
    if METHODS.contains(&name) {
        return None;
    }
    if name == "HEAD" {
        return Some("HEAD requests are answered with the entry of GET; write `GET`".to_owned());
    }
    let way_out = match nearest(name, METHODS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the methods are {}", listed(METHODS)),
    };
    Some(format!("unknown method `{name}`; {way_out}"))
}
