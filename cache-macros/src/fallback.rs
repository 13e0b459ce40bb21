//! What is emitted when there are errors: they, and the item as it was, so that nothing cascades.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{args::Args, errors::Errors, expand, handler::Handler};

/// The item cannot be read: it goes back as it came.
pub(crate) fn unreadable(item: &TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    quote!(#errors #item)
}

/// The handler as it was: `get(handler)` still resolves, and if it is to be cached, so does `handler::evict(…)`.
pub(crate) fn plain(handler: &Handler, args: &Args, is_handler: bool, errors: TokenStream) -> TokenStream {
    let function = &handler.function;
    let has_companion = is_handler && args.cache.is_some() && args.associated.is_none();
    let companion = has_companion.then(|| expand::placeholder(handler, args));
    quote!(#errors #function #companion)
}
