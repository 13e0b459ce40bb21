//! The other attributes of a handler, sorted by the generated item that they belong to.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{Attribute, Meta};

/// Attributes, by the items that they go onto. One attribute may go onto several.
#[derive(Default)]
pub(crate) struct SortedAttributes {
    /// The function that axum calls: docs, `cfg`, lint levels, `deprecated`.
    pub(crate) outer: Vec<TokenStream>,
    /// Every other generated item: `cfg` and lint levels.
    pub(crate) all: Vec<TokenStream>,
    /// The function with the original signature: the rest, which may name its parameters.
    pub(crate) body: Vec<Attribute>,
}

impl SortedAttributes {
    pub(crate) fn new(attrs: &[Attribute]) -> Self {
        let mut sorted = Self::default();
        for attr in attrs {
            sorted.add(attr);
        }
        sorted
    }

    fn add(&mut self, attr: &Attribute) {
        match attr.path().get_ident().map(Ident::to_string).as_deref() {
            Some("doc" | "must_use") => self.outer.push(attr.to_token_stream()),
            Some("deprecated") => {
                self.outer.push(attr.to_token_stream());
                // The other items call a deprecated function.
                self.all.push(quote!(#[allow(deprecated)]));
            }
            Some("cfg") => {
                self.outer.push(attr.to_token_stream());
                self.all.push(attr.to_token_stream());
            }
            Some("allow" | "warn" | "deny" | "forbid") => {
                self.outer.push(attr.to_token_stream());
                self.all.push(attr.to_token_stream());
                self.body.push(attr.clone());
            }
            Some("expect") => {
                // The expected lint fires in the body. On the other items the expectation could stay unfulfilled.
                let allow = allow_for_expect(attr);
                self.outer.push(allow.clone());
                self.all.push(allow);
                self.body.push(attr.clone());
            }
            _ => self.body.push(attr.clone()),
        }
    }
}

/// Input: `#[expect(unused)]`
/// Output: `#[allow(unused)]`
fn allow_for_expect(attr: &Attribute) -> TokenStream {
    match &attr.meta {
        Meta::List(list) => {
            let lints = &list.tokens;
            quote!(#[allow(#lints)])
        }
        _ => TokenStream::new(),
    }
}
