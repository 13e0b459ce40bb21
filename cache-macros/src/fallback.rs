//! What is emitted when there are errors: they, and the item as it was, so that nothing cascades.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{args::Args, attributes::is_cache, errors::Errors, function::Function};

/// The item cannot be read: it goes back as it came.
pub(crate) fn unreadable(item: &TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    quote!(#errors #item)
}

/// The handler as it was, uncached: `get(handler)` still resolves.
pub(crate) fn uncached(mut function: Function, args: &Args, errors: TokenStream) -> TokenStream {
    // A second `#[cache]` has its error already.
    function.attrs.retain(|attr| !is_cache(attr, &args.facade));
    quote!(#errors #function)
}
