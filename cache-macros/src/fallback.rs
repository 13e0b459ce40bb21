//! After an error: the errors and the original item, so that code that uses the item has no errors of its own.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{errors::Errors, expand, model::Handler, parse::Options, validate::Signature};

/// For an item that could not be parsed.
pub(crate) fn unparsed(item: &TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    quote!(#errors #item)
}

/// For a function: adds a companion if the attribute caches the function and the signature is valid.
pub(crate) fn uncached(
    handler: &Handler,
    options: &Options,
    signature: Signature,
    errors: TokenStream,
) -> TokenStream {
    let function = &handler.function;
    let has_companion =
        signature == Signature::Valid && options.cache.is_some() && options.associated.is_none();
    let companion = has_companion.then(|| expand::placeholder(handler, options));
    quote!(#errors #function #companion)
}
