//! All that generated code may name. Not part of the public API.

use std::{convert::Infallible, future::Future};

pub use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::MethodFilter,
};

use crate::request::RequestHead;
pub use crate::{
    attribute::{AssociatedPlain, is_axum_state},
    error::Error,
    handler::Site,
    key::{CacheKey, CacheKeyPart, KeyArgs, KeyError, KeyWriter, Part, ViaKeyPart, ViaNothing, ViaSerialize},
    lazy::{Deferred, DeferredBeside},
    policy::Policy,
    request::Vary,
};

/// A companion type, for what the extractor must know of it.
pub trait Companion {
    /// The headers that join the key.
    fn vary() -> Vary;
}

/// Stands for the companion of an associated function, which has none.
#[derive(Debug)]
pub enum Associated {}

impl Companion for Associated {
    fn vary() -> Vary {
        Vary::All
    }
}

/// The hidden extractor, joined to a handler's first parameter.
#[derive(Debug)]
pub struct CacheContext<C> {
    #[expect(dead_code)]
    head: RequestHead,
    companion: std::marker::PhantomData<fn() -> C>,
}

impl<S: Sync, C: Companion> FromRequestParts<S> for CacheContext<C> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self {
            head: RequestHead::of(parts, C::vary()),
            companion: std::marker::PhantomData,
        })
    }
}

impl<C> CacheContext<C> {
    /// Builds the key and looks into memory, at once and without a future.
    ///
    /// `_handler` is the handler's own function item; its type is the handler's identity.
    pub fn key<F: 'static>(
        self,
        site: &'static Site,
        _handler: &F,
        _write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
    ) -> Ready {
        let _ = site.handler::<F>();
        Ready
    }
}

/// What the memory lookup came to.
#[derive(Debug)]
pub struct Ready;

impl Ready {
    /// The response: from the cache, or from the handler.
    pub async fn fill<R, Fut>(self, run: R) -> Response
    where
        R: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        run().await
    }
}

/// Marks a response that answers its own request alone: a rejection of a lazy extractor.
pub fn unshared(response: impl IntoResponse) -> Response {
    response.into_response()
}

/// The key of `handler` with these arguments, for its companion.
pub fn cache_key<F: 'static>(
    site: &'static Site,
    _handler: &F,
    write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
) -> CacheKey {
    match site.handler::<F>() {
        Some(handler) => CacheKey::new(handler, true, write),
        None => CacheKey::none(
            std::any::type_name::<F>(),
            KeyError::new("another handler has that name; give it its own with `name = \"…\"`"),
        ),
    }
}

/// Evicts from the global cache.
///
/// # Errors
/// As [`Cache::evict`](crate::Cache::evict), or when there is no global cache.
pub async fn evict(_key: CacheKey) -> Result<(), Error> {
    Err(Error::not_initialized())
}

/// Evicts every entry of `handler` from the global cache.
///
/// # Errors
/// As [`evict`].
pub async fn evict_all<F: 'static>(site: &'static Site, _handler: &F) -> Result<(), Error> {
    let _ = site.handler::<F>();
    Err(Error::not_initialized())
}
