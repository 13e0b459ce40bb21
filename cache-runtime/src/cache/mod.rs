//! [`Cache`]: how an application sets caching up, and evicts.

mod attach;
pub(crate) mod evictor;
mod builder;
mod extract;
#[cfg(feature = "layer")]
mod paths;
mod explain_key;
mod refresh;
mod values;

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
    explain::Explanation,
    key::cache_key::CacheKey,
    origin::CacheCore,
    stats::{MemoryUsage, Stats},
};

/// The cache of the handlers that no [`Cache::attach`] gives another.
static GLOBAL: OnceCell<Cache> = OnceCell::new();

/// A cache: where entries are, and the rules by which they are served. Clones share it.
///
/// Most programs have one, the global cache, which [`Cache::init`] sets up at start. Tests, and programs with several
/// routers, build more and attach them.
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
    /// In a request's extensions, under [`Cache::attach`]: what the work of that request shares.
    pub(crate) scope: Option<Arc<RequestScope>>,
}

impl Cache {
    pub(crate) fn new(core: Arc<CacheCore>) -> Self {
        Self { core, scope: None }
    }

    /// The same cache, in the extensions of a request with this scope.
    fn within(&self, scope: Arc<RequestScope>) -> Self {
        Self {
            core: Arc::clone(&self.core),
            scope: Some(scope),
        }
    }

    /// Sets up the global cache: what every `#[cache]` handler uses from now on.
    ///
    /// `prefix` begins every key, so that programs can share a server. `url` says where entries are kept: `memory://` in
    /// this process, `redis://[user:password@]host[:port][/database]` or `redis+unix:///path` in Redis.
    /// [`Cache::builder`] knows more settings.
    ///
    /// A Redis that does not answer is no error: the program starts, serves uncached, and uses Redis as soon as it is
    /// there. The first try takes at most a second. Call this in the Tokio runtime that serves the requests: it probes
    /// the store from a task there. When that runtime ends, the task is started again in the next one that asks the store.
    ///
    /// # Errors
    /// [`is_settings`](Error::is_settings) when prefix or URL cannot be used, and nothing was set up;
    /// [`is_already_initialized`](Error::is_already_initialized) the second time.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    ///
    /// # Cancel safety
    /// Cancelled, the global cache may be set up and its store never be probed: don't.
    pub async fn init(prefix: &str, url: &str) -> Result<Self, Error> {
        Self::builder().prefix(prefix).url(url).init().await
    }

    /// Settings for a cache, all with defaults.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::new()
    }

    /// The cache that [`Cache::init`] set up.
    pub fn global() -> Option<Self> {
        GLOBAL.get().cloned()
    }

    /// Where entries are kept, for people to read: never with a password.
    pub fn store(&self) -> String {
        self.core.engine.guard.display_url()
    }

    /// A layer that gives the handlers below it this cache instead of the global one; they can take it as an argument, too.
    ///
    /// The evictions of those handlers, by `#[cache_evict]` or a `CacheLayer`, wait until the response passes this layer, and
    /// are carried out before the client gets it. So a layer that commits a transaction after the handler belongs inside: its
    /// evictions come after the commit. The global cache can be attached as well. Of several attached around one another, the
    /// outermost carries out the evictions from all of them.
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

    /// Removes the entries of one argument list, in all their variants: methods, `vary` headers, versions; or a value.
    ///
    /// ```
    /// # use axum::extract::Path;
    /// # #[handler_cache::cache(expire = 30)]
    /// # async fn get_product(Path(id): Path<u64>) -> String { id.to_string() }
    /// # async fn update(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// cache.evict(get_product::key(Path(7))).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_key`](Error::is_key) when the arguments have no key; [`is_store`](Error::is_store) when the store did not
    /// acknowledge, and the old entry may still be served.
    ///
    /// # Cancel safety
    /// Cancelled, the entry may or may not be gone.
    pub async fn evict(&self, key: impl Into<CacheKey>) -> Result<(), Error> {
        self.core.engine.evict(&key.into()).await
    }

    /// Removes every entry that bears the tag, by the option `tags` or by [`Tags`](crate::Tags), at a cost that does not
    /// grow with their number.
    ///
    /// ```
    /// # use axum::extract::Path;
    /// #[handler_cache::cache(expire = "1h", tags = [format!("product:{id}")])]
    /// async fn reviews(Path(id): Path<u64>) -> String {
    ///     format!("reviews of {id}")
    /// }
    ///
    /// # async fn sold_out(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// cache.evict_tag("product:7").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_store`](Error::is_store) when the store did not acknowledge, and old entries may still be served.
    ///
    /// # Cancel safety
    /// Cancelled, the entries may or may not be gone.
    pub async fn evict_tag(&self, tag: &str) -> Result<(), Error> {
        self.core.engine.evict_tag(tag).await
    }

    /// Removes every entry of this cache, that is of its prefix, in every version. Nothing else on the server is touched.
    ///
    /// When it returns no old entry is found any more, however many there were. Their records in Redis are removed in the
    /// background, a thousand at a time; those that this does not reach, as when Redis goes away meanwhile, leave at the
    /// end of their TTL, as tags and leases do. Records that are no entries stay, even if their names begin with the prefix.
    ///
    /// ```
    /// # async fn imported(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// cache.clear().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_store`](Error::is_store) when the store did not acknowledge, and old entries may still be served elsewhere.
    ///
    /// # Cancel safety
    /// Cancelled, the entries may or may not be gone.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn clear(&self) -> Result<(), Error> {
        self.core.engine.clear().await
    }

    /// What there is under a key now: is it fresh, for how long, how large, with which tags, and who fills it. The answer to
    /// "why is this not cached?", for logs and pages of your own.
    ///
    /// Nothing is changed by it, and nothing counted. Of a handler's variants it looks at that of requests without headers,
    /// by GET if that is cached.
    ///
    /// ```
    /// # use axum::extract::Path;
    /// # #[handler_cache::cache(expire = 30)]
    /// # async fn get_product(Path(id): Path<u64>) -> String { id.to_string() }
    /// # async fn look(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// println!("{}", cache.explain(get_product::key(Path(7))).await?);
    /// // shop:api::get_product(id=7): fresh; status 200, 43 bytes, fresh for 28.12s, kept for 28.12s
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_key`](Error::is_key) when the arguments have no key.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn explain(&self, key: impl Into<CacheKey>) -> Result<Explanation, Error> {
        self.core.explain(&key.into()).await
    }

    /// What this cache has counted since it was built, in this process. Counts only grow, from nothing: for those of the last
    /// minute see [`Counters::since`](crate::stats::Counters::since).
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
            evictions_retrying: self.core.engine.overdue.count(),
            ..self.core.engine.counters.stats()
        }
    }

    /// Waits for runs to end and entries to be stored, and tries evictions once more that the store did not acknowledge.
    ///
    /// Fills that are still running after the builder's `coalesce_timeout` give up their leases: other replicas take over at once.
    ///
    /// Call it when the server has stopped taking requests. It takes no longer than the builder's `coalesce_timeout`, one budget for
    /// leases, and one for each 500 names of overdue evictions.
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
    /// [`is_store`](Error::is_store) when evictions are still not acknowledged; it is logged, too.
    ///
    /// # Cancel safety
    /// Safe; what is left goes on behind, as long as the runtime does.
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.core.engine.shutdown().await
    }
}

/// The engine of the cache that serves a request.
#[cfg(feature = "layer")]
pub(crate) fn core_for(request: &Extensions) -> Option<Arc<CacheCore>> {
    cache_for(request).map(|cache| Arc::clone(&cache.core))
}

/// The cache that serves a request.
pub(crate) fn cache_for(request: &Extensions) -> Option<&Cache> {
    let cache = serving(request);
    if cache.is_none() {
        warn_uninitialized();
    }
    cache
}

/// What the work of a request shares, if something around has made it: an attached cache, else a layer.
#[cfg(feature = "layer")]
pub(crate) fn scope_of(request: &Extensions) -> Option<Arc<RequestScope>> {
    match serving(request) {
        Some(cache) => cache.scope_in(request),
        None => request.get().cloned(),
    }
}

impl Cache {
    /// What the work of this request shares; the cache is the one that serves it.
    pub(crate) fn scope_in(&self, request: &Extensions) -> Option<Arc<RequestScope>> {
        let attached = self.scope.as_ref();
        attached.or_else(|| request.get::<Arc<RequestScope>>()).cloned()
    }
}

/// The cache attached to a request, else the global one.
fn serving(request: &Extensions) -> Option<&Cache> {
    request.get().or_else(|| GLOBAL.get())
}

/// Says once, not per request, that nothing is cached.
fn warn_uninitialized() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        crate::telemetry::events::uninitialized();
    }
}
