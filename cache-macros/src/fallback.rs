//! What is emitted when there are errors: they, and the item as it was, so that nothing cascades.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{args::Args, attributes::is_cache, errors::Errors, expand, function::Function, handler::Handler};

/// The item cannot be read: it goes back as it came.
pub(crate) fn unreadable(item: &TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    quote!(#errors #item)
}

/// The handler as it was, uncached: `get(handler)` still resolves, and so does `handler::evict(…)`.
pub(crate) fn uncached(handler: &Handler, args: &Args, is_handler: bool, errors: TokenStream) -> TokenStream {
    let function = &handler.function;
    // A second `#[cache]` has its error already.
    let attrs = function
        .attrs
        .iter()
        .filter(|attr| !is_cache(attr, args.facade.as_ref()));
    let Function { vis, sig, body, .. } = function;
    let companion = (is_handler && args.associated.is_none()).then(|| expand::placeholder(handler, args));
    quote!(#errors #(#attrs)* #vis #sig #body #companion)
}
