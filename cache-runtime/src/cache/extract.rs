//! [`Cache`] as an argument of handlers.

use std::{convert::Infallible, error::Error as StdError, fmt, sync::Arc};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use http::StatusCode;

use super::{Cache, serving};
use crate::key::{CacheKeyPart, KeyError, KeyWriter, ServerSide};

/// The cache of a request: the one attached to its route, or else the global one.
///
/// `Option<Cache>` is `None` instead of a rejection where there is neither.
///
/// ```
/// use axum::extract::Path;
/// use handler_cache::{Cache, Error, cache};
///
/// #[cache(expire = "1h")]
/// async fn get_book(Path(id): Path<u64>) -> String {
///     format!("book {id}")
/// }
///
/// async fn delete_book(Path(id): Path<u64>, cache: Cache) -> Result<(), Error> {
///     // … deletes the book, then:
///     cache.evict(get_book::key(Path(id))).await
/// }
/// ```
impl<S: Sync> FromRequestParts<S> for Cache {
    type Rejection = CacheRejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, CacheRejection> {
        Self::of_request(parts).ok_or(CacheRejection { _private: () })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Cache {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::of_request(parts))
    }
}

impl Cache {
    fn of_request(parts: &Parts) -> Option<Self> {
        serving(&parts.extensions).map(|cache| Self::new(Arc::clone(&cache.core)))
    }
}

/// The rejection of [`Cache`] as an argument: no cache is attached to the route, and there is no global one.
///
/// As a response it is a 500 with its text.
#[derive(Debug)]
pub struct CacheRejection {
    _private: (),
}

impl fmt::Display for CacheRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this request has no cache; call `Cache::init(prefix, url).await` at start, \
             or attach a cache to the router: `router.layer(cache.attach())` as the last layer",
        )
    }
}

impl StdError for CacheRejection {}

impl IntoResponse for CacheRejection {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

/// Never part of a key: the same handler is cached in any cache.
impl ServerSide for Cache {}

/// As a part of another argument it adds nothing to the key.
impl CacheKeyPart for Cache {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.serialize(&())
    }
}
