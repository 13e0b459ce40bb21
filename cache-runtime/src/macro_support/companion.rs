//! The functions of a companion: `key`, `evict`, `evict_all` and `refresh`.

use axum::response::Response;
use futures_util::future::BoxFuture;

use super::{
    context::CacheContext,
    lookup::{ResponseFuture, Unkeyed, WriteArguments, WriteKey},
    tags::{ListTags, listed},
};
use crate::{
    cache::{Cache, HandlerCall},
    error::Error,
    key::{KeyError, cache_key::CacheKey, handler::HandlerId},
};

/// The key of a handler with these arguments.
pub fn cache_key<T: Copy>(id: HandlerId, arguments: T, write: WriteArguments<T>) -> CacheKey {
    cache_key_by(id, &|key| write(key, arguments))
}

/// As [`cache_key`], with a closure.
pub fn cache_key_by(id: HandlerId, write: &WriteKey<'_>) -> CacheKey {
    match id.registered() {
        Ok(handler) => CacheKey::of_handler(handler, id.meta, write),
        Err(reason) => CacheKey::none(id.path(), reason),
    }
}

/// Adds the tags that follow from the arguments of the key.
#[must_use]
pub fn tagged(key: CacheKey, list: &ListTags<'_>) -> CacheKey {
    key.with_tags(listed(list))
}

/// For tags that depend on more than the arguments of the key.
#[must_use]
pub fn with_unknown_tags(key: CacheKey) -> CacheKey {
    key.with_tags(None)
}

/// The future of an eviction.
pub type Evicting = BoxFuture<'static, Result<(), Error>>;

/// Evicts the entries of a key from the global cache.
///
/// # Errors
/// As [`Cache::evict`], or without a global cache.
pub fn evict(key: CacheKey) -> Evicting {
    Box::pin(async {
        let cache = Cache::global().ok_or_else(Error::not_initialized)?;
        cache.evict(key).await
    })
}

/// Evicts every entry of a handler from the global cache.
///
/// # Errors
/// As [`evict`].
pub fn evict_all(id: HandlerId) -> Evicting {
    Box::pin(async move {
        let cache = Cache::global().ok_or_else(Error::not_initialized)?;
        let handler = id.registered().map_err(Error::key)?;
        cache.core.engine.evict_all(handler).await
    })
}

/// The future of a refresh.
pub type Refreshing = BoxFuture<'static, Result<Response, Error>>;

/// Calls the handler as a request does.
pub type Call = Box<dyn FnOnce(CacheContext) -> ResponseFuture + Send>;

/// A handler and its arguments, to run in any cache.
pub fn handler_call(id: HandlerId, call: Call) -> HandlerCall {
    HandlerCall::new(move |core| {
        Box::pin(async move {
            let response = call(CacheContext::refreshing(core, id)).await;
            match response.extensions().get() {
                Some(Unkeyed) => Err(Error::key(KeyError::new(
                    "an argument has no text, or another handler has the same name",
                ))),
                None => Ok(response),
            }
        })
    })
}

/// Refreshes an entry of the global cache. The handler does not run before the future is polled.
///
/// # Errors
/// As [`Cache::refresh`], or without a global cache.
pub fn refresh(call: HandlerCall) -> Refreshing {
    Box::pin(async move {
        let cache = Cache::global().ok_or_else(Error::not_initialized)?;
        cache.refresh(call).await
    })
}
