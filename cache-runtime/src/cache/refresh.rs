//! Refreshes an entry on demand: to warm a cache up, or to replace a response before it is requested.

use std::{fmt, sync::Arc};

use axum::response::Response;
use futures_util::future::BoxFuture;

use super::Cache;
use crate::{error::Error, origin::CacheCore};

/// A cached handler together with its arguments, for [`Cache::refresh`].
///
/// `get_product::call(…)` makes one, with the arguments of the handler `get_product`.
#[must_use = "the handler does not run before `Cache::refresh`"]
pub struct HandlerCall(Box<Run>);

type Run = dyn FnOnce(Arc<CacheCore>) -> Refreshed + Send;

type Refreshed = BoxFuture<'static, Result<Response, Error>>;

impl HandlerCall {
    pub(crate) fn new(run: impl FnOnce(Arc<CacheCore>) -> Refreshed + Send + 'static) -> Self {
        Self(Box::new(run))
    }
}

impl fmt::Debug for HandlerCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerCall").finish_non_exhaustive()
    }
}

impl Cache {
    /// Runs a handler now and stores its response, whether there is an entry or not.
    ///
    /// Returns the response that a client gets. The entry is that of requests without headers of `vary`. If a fill of
    /// the entry is in flight already, its response is returned, and the handler does not run again: after a change,
    /// evict first. `get_product::refresh(…)` does the same in the global cache.
    ///
    /// ```
    /// use axum::extract::Path;
    /// use handler_cache::{Cache, Error, cache};
    ///
    /// #[cache(expire = "1h")]
    /// async fn get_product(Path(id): Path<u64>) -> String {
    ///     format!("product {id}")
    /// }
    ///
    /// async fn warm_up(cache: &Cache) -> Result<(), Error> {
    ///     for id in 1..=10 {
    ///         cache.refresh(get_product::call(Path(id))).await?;
    ///     }
    ///     Ok(())
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// #     let cache = Cache::builder().build().await.unwrap();
    /// #     warm_up(&cache).await.unwrap();
    /// #     assert!(cache.contains(get_product::key(Path(7))).await);
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_key`](Error::is_key) if the arguments have no key, or another handler has the same name: then the handler
    /// does not run. If the handler fails, its response is
    /// returned as `Ok`, with its status.
    ///
    /// # Cancel safety
    /// Safe: a handler that has started keeps running, and its response is stored.
    pub async fn refresh(&self, call: HandlerCall) -> Result<Response, Error> {
        (call.0)(Arc::clone(&self.core)).await
    }
}
