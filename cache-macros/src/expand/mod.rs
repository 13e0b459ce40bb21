//! Generates code from the model. Each transform shows an input and its output.

mod context;
mod bindings;
mod policy;
mod handler_meta;
mod argument;
mod key;
mod tags;
mod owned;
mod evict;
mod body;
mod inputs;
mod client_max_age;
mod outer;
mod refresh;
mod companion;

use proc_macro2::TokenStream;
use quote::quote;

use self::context::Context;
use crate::{model::Handler, parse::Options};

/// Generates the function that axum calls, and the items beside it.
///
/// Input:
/// ```text
/// pub async fn product(Path(id): Path<u64>, State(db): State<Db>) -> Json<Product> { body }
/// ```
/// Output:
/// ```text
/// pub fn product((context, arg0): (CacheContext, Path<u64>), arg1: State<Db>) -> ResponseFuture { … }
/// pub enum product {}
/// impl product { uncached, key, evict, evict_all, call, refresh }
/// ```
/// For `#[cache_evict]` alone: the function, with an `Evictor` in place of the context, and no other item.
pub(crate) fn expand(handler: &Handler, options: &Options) -> TokenStream {
    let cx = Context::new(handler, options);
    let outer = outer::function(&cx);
    let beside = match (&options.associated, options.cache) {
        (Some(_), _) => body::sibling(&cx),
        (None, Some(_)) => companion::companion(&cx),
        (None, None) => TokenStream::new(),
    };
    quote!(#outer #beside)
}

/// Generates a companion without an implementation, for a handler with errors.
pub(crate) fn placeholder(handler: &Handler, options: &Options) -> TokenStream {
    companion::placeholder(&Context::new(handler, options))
}
