//! Names for the bindings of a copied pattern.

use proc_macro2::Ident;
use quote::format_ident;
use syn::ext::IdentExt as _;

use crate::syntax::span::macro_span;

/// Whether `name` may be a constant or a unit struct, which look like bindings in a pattern.
pub(crate) fn may_be_constant(name: &Ident) -> bool {
    name.to_string().starts_with(|first: char| first.is_uppercase())
}

/// A name for the same value in generated code, distinct from all other names there.
pub(crate) fn renamed(name: &Ident) -> Ident {
    let span = macro_span(name.span());
    if may_be_constant(name) {
        let mut name = name.clone();
        name.set_span(span);
        return name;
    }
    format_ident!("__part_{}", name.unraw(), span = span)
}
