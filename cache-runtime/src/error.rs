//! The one error type of the public API.

use std::{error::Error as StdError, fmt};

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::telemetry::events::Chain;

/// What went wrong in setting up, evicting, or storing a value.
///
/// Serving requests never ends in this error: there the cache steps aside and the handler runs.
/// Ask it with the `is_…` methods; the text says the problem and then the way out, and never holds a password.
#[derive(Debug)]
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
            "the global cache is already initialised; call `Cache::init` once, at start, \
             and use `Cache::builder()…build()` with `router.layer(cache.attach())` for further caches",
        )
    }

    pub(crate) fn not_initialized() -> Self {
        Self::new(
            Kind::NotInitialized,
            "there is no global cache; call `Cache::init(prefix, url).await` at start, or name another cache: \
             `cache.evict(page::key(..))`, `cache.refresh(page::call(..))`",
        )
    }

    pub(crate) fn key(source: impl StdError + Send + Sync + 'static) -> Self {
        let message = format!("these arguments have no cache key, so there is no entry: {source}");
        Self {
            source: Some(Box::new(source)),
            ..Self::new(Kind::Key, message)
        }
    }

    pub(crate) fn value(reason: impl fmt::Display) -> Self {
        Self::new(Kind::Value, format!("this value cannot be kept: {reason}"))
    }

    pub(crate) fn not_stored(cause: &dyn StdError) -> Self {
        let cause = Chain(cause);
        Self::new(
            Kind::Store,
            format!("the store did not acknowledge the value, and an older one may still be found: {cause}"),
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

    /// A prefix, URL or other setting cannot be used.
    pub fn is_settings(&self) -> bool {
        self.kind == Kind::Settings
    }

    /// [`Cache::init`](crate::Cache::init) was called a second time.
    pub fn is_already_initialized(&self) -> bool {
        self.kind == Kind::AlreadyInitialized
    }

    /// A companion's `evict` or `refresh` was called before [`Cache::init`](crate::Cache::init).
    pub fn is_not_initialized(&self) -> bool {
        self.kind == Kind::NotInitialized
    }

    /// The arguments have no key text.
    pub fn is_key(&self) -> bool {
        self.kind == Kind::Key
    }

    /// The value refuses to be serialized or does not read back what it wrote, is larger than [`CacheBuilder::max_body`](crate::CacheBuilder::max_body), or
    /// would not live for a millisecond.
    pub fn is_value(&self) -> bool {
        self.kind == Kind::Value
    }

    /// The store did not acknowledge: down, slow, or it refused.
    pub fn is_store(&self) -> bool {
        self.kind == Kind::Store
    }
}

/// 503 when the store did not acknowledge, 500 for everything else, with the text as the body: for endpoints of your own that
/// evict.
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
