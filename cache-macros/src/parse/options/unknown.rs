//! Names that are not options.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;

use crate::suggestions::{listed, nearest};

/// The options of `#[cache]`, in the order of its documentation.
const OPTIONS: [&str; 22] = [
    "expire",
    "ignore",
    "key",
    "vary",
    "methods",
    "stale_while_revalidate",
    "stale_if_error",
    "stale_if_slow",
    "not_found",
    "tags",
    "lazy",
    "private",
    "public",
    "client_max_age",
    "store_if",
    "max_body",
    "version",
    "name",
    "companion",
    "associated",
    "policy",
    "crate",
];

/// Whether `name` is an option of `#[cache]`.
pub(super) fn is_option(name: &Ident) -> bool {
    OPTIONS.iter().any(|known| name.unraw() == known)
}

/// The error for a name that is not an option of `#[cache]`.
pub(super) fn unknown_option(name: &Ident) -> syn::Error {
    let text = name.unraw().to_string();
    let way_out = match nearest(&text, OPTIONS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the options are {}", listed(OPTIONS)),
    };
    syn::Error::new(name.span(), format!("unknown option `{text}`; {way_out}"))
}
