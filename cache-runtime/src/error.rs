//! [`Error`], the error of the public API.

use std::{error::Error as StdError, fmt};

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::telemetry::events::Chain;

/// An error in building a cache, in an eviction, or in storing a value.
///
/// Requests never fail with it: if the cache cannot serve a request, the handler runs. The `is_…` methods tell the
/// kinds apart. Its text says what is wrong and what to do, and never contains a password. `Debug` shows the text, too, since
/// that is what a `main` that returns this error prints.
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Settings,
    AlreadyInitialized,
    NotInitialized,
    Key,
    Value,
    Store,
}

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn settings(message: impl Into<String>) -> Self {
        Self::new(Kind::Settings, message)
    }

    pub(crate) fn already_initialized() -> Self {
        Self::new(
            Kind::AlreadyInitialized,
            "the global cache is already initialized; call `Cache::init` once, at start, \
             and attach further caches to their routers: `Cache::builder()…build()`, `router.layer(cache.attach())`",
        )
    }

    pub(crate) fn not_initialized() -> Self {
        Self::new(
            Kind::NotInitialized,
            "there is no global cache; call `Cache::init(prefix, url).await` at start, or call another cache: \
             `cache.evict(page::key(..))`, `cache.refresh(page::call(..))`",
        )
    }

    pub(crate) fn key(source: impl StdError + Send + Sync + 'static) -> Self {
        let message = format!("these arguments have no key, so there is no entry: {source}");
        Self {
            source: Some(Box::new(source)),
            ..Self::new(Kind::Key, message)
        }
    }

    pub(crate) fn value(reason: impl fmt::Display) -> Self {
        Self::new(Kind::Value, format!("this value cannot be stored: {reason}"))
    }

    pub(crate) fn not_stored(cause: &dyn StdError) -> Self {
        let cause = Chain(cause);
        Self::new(
            Kind::Store,
            format!(
                "the store did not acknowledge the value, and an older one may still be returned: {cause}"
            ),
        )
    }

    pub(crate) fn store(cause: &dyn StdError) -> Self {
        let cause = Chain(cause);
        Self::new(
            Kind::Store,
            format!(
                "the store did not acknowledge the eviction, and old entries may still be served: {cause}"
            ),
        )
    }

    /// A prefix, URL or other setting is invalid.
    pub fn is_settings(&self) -> bool {
        self.kind == Kind::Settings
    }

    /// [`Cache::init`](crate::Cache::init) was called a second time.
    pub fn is_already_initialized(&self) -> bool {
        self.kind == Kind::AlreadyInitialized
    }

    /// There is no global cache: a companion's `evict`, `evict_all` or `refresh` was called before
    /// [`Cache::init`](crate::Cache::init).
    pub fn is_not_initialized(&self) -> bool {
        self.kind == Kind::NotInitialized
    }

    /// The arguments have no key.
    pub fn is_key(&self) -> bool {
        self.kind == Kind::Key
    }

    /// The value cannot be stored: its serialization fails or is not read back as the same, it is larger than
    /// [`CacheBuilder::max_body`](crate::CacheBuilder::max_body), or its TTL is below a millisecond.
    pub fn is_value(&self) -> bool {
        self.kind == Kind::Value
    }

    /// The store did not acknowledge: it is unavailable or slow, or it rejected the command.
    pub fn is_store(&self) -> bool {
        self.kind == Kind::Store
    }
}

/// 503 if the store did not acknowledge, otherwise 500, with the text as the body: for endpoints that evict.
///
/// ```
/// # #[handler_cache::cache(expire = 30)]
/// # async fn get_news() -> &'static str { "none" }
/// use axum::http::StatusCode;
/// use handler_cache::{Cache, Error};
///
/// async fn purge(cache: Cache) -> Result<StatusCode, Error> {
///     cache.evict(get_news::key()).await?;
///     Ok(StatusCode::NO_CONTENT)
/// }
/// ```
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match self.kind {
            Kind::Store => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, self.to_string()).into_response()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", Chain(self), self.kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_text_for_a_main_that_returns_it() {
        let error = Error::settings("`expire` is zero");
        assert_eq!(format!("{error:?}"), "`expire` is zero (Settings)");
    }
}
