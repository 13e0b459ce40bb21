//! [`Cache`], by which an application sets caching up, evicts, and stores values.

mod builder;
mod attach;
mod extract;
mod evict;
#[cfg(feature = "layer")]
mod paths;
pub(crate) mod evictor;
mod values;
mod refresh;
mod explain;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use http::Extensions;
use once_cell::sync::OnceCell;

pub use self::{
    attach::{AttachFuture, AttachLayer, AttachService},
    builder::CacheBuilder,
    extract::CacheRejection,
    refresh::HandlerCall,
};
use crate::{
    engine::RequestScope,
    error::Error,
    origin::CacheCore,
    stats::{MemoryUsage, Stats},
};

/// The cache of all requests to which [`Cache::attach`] gives no other.
static GLOBAL: OnceCell<Cache> = OnceCell::new();

/// A cache: a store, and the settings by which its entries are served. Clones share it.
///
/// Most programs have one, the global cache, which [`Cache::init`] builds at start. Tests, and programs with several
/// routers, build more and [attach](Cache::attach) them.
///
/// ```
/// # async fn start() -> Result<(), handler_cache::Error> {
/// use handler_cache::Cache;
///
/// Cache::init("shop", "memory://").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Cache {
    pub(crate) core: Arc<CacheCore>,
    /// The scope of a request, set in its extensions by [`Cache::attach`].
    pub(crate) scope: Option<Arc<RequestScope>>,
}

impl Cache {
    pub(crate) fn new(core: Arc<CacheCore>) -> Self {
        Self { core, scope: None }
    }

    /// The cache with the scope of a request, for the extensions of that request.
    fn within(&self, scope: Arc<RequestScope>) -> Self {
        Self {
            core: Arc::clone(&self.core),
            scope: Some(scope),
        }
    }

    /// Builds the global cache, which serves all `#[cache]` handlers from now on.
    ///
    /// `prefix` starts every key, so that programs can share a server. `url` is the store: `memory://` in this process,
    /// `redis://[user:password@]host[:port][/database]` or `redis+unix:///path` for Redis. [`Cache::builder`] has all
    /// settings.
    ///
    /// A Redis that does not answer is not an error: the program starts, serves uncached, and uses Redis once it
    /// answers. The first attempt takes a second at most. Call this in the Tokio runtime that serves the requests,
    /// where a background task probes the store. If that runtime ends, the task restarts in the next runtime that uses
    /// the store.
    ///
    /// # Errors
    /// [`is_settings`](Error::is_settings) if the prefix or the URL is invalid; then there is no global cache.
    /// [`is_already_initialized`](Error::is_already_initialized) the second time.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    ///
    /// # Cancel safety
    /// Not cancel safe: if cancelled, there may be a global cache whose store is never connected.
    pub async fn init(prefix: &str, url: &str) -> Result<Self, Error> {
        Self::builder().prefix(prefix).url(url).init().await
    }

    /// A builder, for settings other than prefix and URL.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::new()
    }

    /// The global cache; `None` before [`Cache::init`].
    pub fn global() -> Option<Self> {
        GLOBAL.get().cloned()
    }

    /// The store, for logs: `memory`, or the URL without its password.
    pub fn store(&self) -> String {
        self.core.engine.guard.display_url()
    }

    /// A layer that gives the handlers below it this cache instead of the global one. They can take it as an argument,
    /// too.
    ///
    /// Evictions of those handlers, by `#[cache_evict]` or a `CacheLayer`, wait until the response passes this layer,
    /// and are carried out before the client gets it. So put a layer that commits a transaction after the handler
    /// inside of this one: then evictions follow the commit. The global cache can be attached as well. If several
    /// caches are attached around each other, the outermost layer carries out the evictions of all of them.
    ///
    /// ```
    /// # async fn start() -> Result<(), handler_cache::Error> {
    /// use axum::{Router, extract::Request, middleware::{self, Next}, response::Response};
    /// use handler_cache::Cache;
    ///
    /// async fn transaction(request: Request, next: Next) -> Response {
    ///     let response = next.run(request).await;
    ///     // … commits
    ///     response
    /// }
    ///
    /// let reports = Cache::builder().prefix("reports").url("memory://").build().await?;
    /// let router: Router = Router::new()
    ///     .layer(middleware::from_fn(transaction))
    ///     .layer(reports.attach());
    /// # Ok(())
    /// # }
    /// ```
    pub fn attach(&self) -> AttachLayer {
        AttachLayer::new(Self::new(Arc::clone(&self.core)))
    }

    /// The statistics of this cache in this process. Counters start at zero when it is built;
    /// [`Counters::since`](crate::stats::Counters::since) is the difference between two snapshots.
    ///
    /// ```
    /// # fn watch(cache: handler_cache::Cache) {
    /// let stats = cache.stats();
    /// for (handler, counters) in &stats.handlers {
    ///     println!("{handler}: {} hits, {} misses, not stored: {:?}", counters.hits, counters.misses, counters.not_stored);
    /// }
    /// if let Some(ratio) = stats.total.hit_ratio() {
    ///     println!("{:.0} % answered from the cache", 100.0 * ratio);
    /// }
    /// # }
    /// ```
    pub fn stats(&self) -> Stats {
        let memory = self.core.engine.guard.memory_store();
        Stats {
            memory: memory.map(|store| MemoryUsage {
                entries: store.len(),
                bytes: store.weight(),
            }),
            store_unavailable: self.core.engine.guard.is_unavailable(),
            evictions_retrying: self.core.engine.eviction_retries.count(),
            ..self.core.engine.counters.stats()
        }
    }

    /// Waits for fills and writes in the background, and retries the evictions that the store has not acknowledged.
    /// Call it when the server has stopped accepting requests.
    ///
    /// Fills that are still running after [`coalesce_timeout`](CacheBuilder::coalesce_timeout) release their leases, so
    /// that other replicas take over at once, and their responses are not stored; that is logged, and not an error. In
    /// total this takes `coalesce_timeout`, one [`store_budget`](CacheBuilder::store_budget) for leases, and one for
    /// each 500 keys and tags of evictions, at most. The cache can still be used afterwards.
    ///
    /// ```
    /// # async fn stop(server: impl Future<Output = ()>, cache: handler_cache::Cache) {
    /// server.await; // axum::serve(..).with_graceful_shutdown(..)
    /// if let Err(error) = cache.shutdown().await {
    ///     eprintln!("{error}");
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_store`](Error::is_store) if the store did not acknowledge the evictions this time either; that is logged,
    /// too. Other processes may serve the old entries until they expire.
    ///
    /// # Cancel safety
    /// Safe: the remaining work continues in the background until the runtime shuts down.
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.core.engine.shutdown().await
    }
}

/// The core of the cache that serves a request.
#[cfg(feature = "layer")]
pub(crate) fn core_for(request: &Extensions) -> Option<Arc<CacheCore>> {
    cache_for(request).map(|cache| Arc::clone(&cache.core))
}

/// The cache that serves a request. The first request without one is logged.
pub(crate) fn cache_for(request: &Extensions) -> Option<&Cache> {
    let cache = serving(request);
    if cache.is_none() {
        warn_uninitialized();
    }
    cache
}

/// The scope of a request, from an attached cache or else from a layer.
#[cfg(feature = "layer")]
pub(crate) fn scope_of(request: &Extensions) -> Option<Arc<RequestScope>> {
    match serving(request) {
        Some(cache) => cache.scope_in(request),
        None => request.get().cloned(),
    }
}

impl Cache {
    /// The scope of a request that this cache serves.
    pub(crate) fn scope_in(&self, request: &Extensions) -> Option<Arc<RequestScope>> {
        let attached = self.scope.as_ref();
        attached.or_else(|| request.get::<Arc<RequestScope>>()).cloned()
    }
}

/// The cache attached to a request, or else the global one.
fn serving(request: &Extensions) -> Option<&Cache> {
    request.get().or_else(|| GLOBAL.get())
}

/// Logs once, not for each request, that nothing is cached.
fn warn_uninitialized() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        crate::telemetry::events::uninitialized();
    }
}
