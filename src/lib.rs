// In Markdown the first definition of a link counts: in rustdoc those of links.md, elsewhere those of each document.
#![doc = include_str!("links.md")]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate self as handler_cache;

/// Caches the responses of an axum handler.
///
#[doc(inline)]
#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/attribute.md")]
pub use handler_cache_macros::cache;
/// Evicts cached responses when an axum handler has changed what they show.
///
/// ```
/// use axum::extract::Path;
/// use handler_cache::{cache, cache_evict};
///
/// #[cache(expire = "30s")]
/// async fn get_product(Path(id): Path<u64>) -> String {
///     format!("product {id}")
/// }
///
/// #[cache_evict(get_product(Path(id)))]
/// async fn update_product(Path(id): Path<u64>, name: String) -> String {
///     format!("product {id} is now {name}")
/// }
/// ```
///
/// | target | evicts |
/// |---|---|
/// | `get_product(Path(id))` | the entry of these arguments, in all its variants |
/// | `list_products(..)` | every entry of the handler |
/// | `tag = format!("product:{id}")` | every entry with the tag |
///
/// The targets are evicted after the handler has returned a 2xx or 3xx, before the response is sent. Several are
/// separated by commas. [The guide](crate::guide::eviction#evict-from-a-handler) has the details, also on
/// [transactions](crate::guide::eviction#transactions).
#[doc(inline)]
pub use handler_cache_macros::cache_evict;
#[doc(inline)]
pub use handler_cache_macros::{
    cache_one_day, cache_one_hour, cache_one_minute, cache_one_month, cache_one_week, cache_one_year,
};
#[cfg(feature = "layer")]
#[doc(inline)]
pub use handler_cache_runtime::layer;
#[doc(hidden)]
pub use handler_cache_runtime::macro_support as __private;
#[doc(inline)]
pub use handler_cache_runtime::{
    Cache, CacheBuilder, CacheKey, Error, Expire, NoStore, Policy, Tags, ValueKey, store,
};

/// The layer that attaches a cache to a router, see [`Cache::attach`]; and [`Cache`] as an argument of handlers.
pub mod attach {
    #[doc(inline)]
    pub use handler_cache_runtime::{AttachFuture, AttachLayer, AttachService, CacheRejection};
}

/// Points in time by the clock of the store, and a clock that tests move.
pub mod clock {
    #[cfg(feature = "test-util")]
    #[doc(inline)]
    pub use handler_cache_runtime::ManualClock;
    #[doc(inline)]
    pub use handler_cache_runtime::Timestamp;
}

/// Diagnostics of one key; see [`Cache::explain`].
pub mod explain {
    #[doc(inline)]
    pub use handler_cache_runtime::{EntryInfo, EntryState, Explanation, FillState};
}

/// Keys: how arguments become the name of an entry. See the guide on [keys](crate::guide::keys).
pub mod key {
    #[doc(inline)]
    pub use handler_cache_runtime::{CacheKey, CacheKeyPart, KeyError, KeyWriter, ValueKey};
}

/// How responses and values are cached, and what clients may do.
pub mod policy {
    #[doc(inline)]
    pub use handler_cache_runtime::{ClientControl, ClientMaxAge, Policy, ValuePolicy};
}

/// Refreshing entries on demand; see [`Cache::refresh`].
pub mod refresh {
    #[doc(inline)]
    pub use handler_cache_runtime::HandlerCall;
}

/// Statistics of a cache; see [`Cache::stats`].
pub mod stats {
    #[doc(inline)]
    pub use handler_cache_runtime::{Counters, MemoryUsage, Rejected, Stats};
}

/// Traits and types of generated code that compile errors may name; applications do not use them.
///
/// Each page says what an error with its name means, and how to resolve it.
pub mod generated {
    #[doc(inline)]
    pub use handler_cache_runtime::macro_support::{
        AxumState, CacheContext, EvictionTarget, Evictor, FromUrl, IntoTag, IsDuration, NotCached, duration,
    };
}

/// Guides, each on one topic. The options of the attribute are at [`cache`](macro@crate::cache).
pub mod guide {
    /// A first application, several caches, tests.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/getting-started.md")]
    pub mod getting_started {}

    /// How arguments become the key of an entry; users, secrets, deploys.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/keys.md")]
    pub mod keys {}

    /// Which responses are stored, and which never are.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/storing-responses.md")]
    pub mod storing_responses {}

    /// `Cache-Control`, `ETag` and 304: what browsers, proxies and clients may do.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/client-caching.md")]
    pub mod client_caching {}

    /// Request coalescing, leases over replicas, limits.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/stampede-protection.md")]
    pub mod stampede_protection {}

    /// stale-while-revalidate, stale-if-error, stale-if-slow.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/stale-entries.md")]
    pub mod stale_entries {}

    /// By attribute, key, tag or path; transactions; finality and costs.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/eviction.md")]
    pub mod eviction {}

    /// Values that are not responses.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/values.md")]
    pub mod values {}

    /// `CacheLayer`: whole routers, by method, host, path and query.
    ///
    #[cfg(feature = "layer")]
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/layer.md")]
    pub mod layer {}

    /// What RFC 9111 requires, and the test of each requirement.
    ///
    #[cfg(feature = "layer")]
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/rfc9111.md")]
    pub mod rfc9111 {}

    /// URLs, server configuration, failures, records.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/redis.md")]
    pub mod redis {}

    /// Settings, metrics, logs, limits, shutdown, serverless.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/operations.md")]
    pub mod operations {}

    /// What is promised, the limits, and how it is tested.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/guarantees.md")]
    pub mod guarantees {}

    /// What hits, misses and builds cost, and how to measure it.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/performance.md")]
    pub mod performance {}

    /// From fastapi-redis-cache, `cached` or moka.
    ///
    #[doc = include_str!("links.md")]
    #[doc = include_str!("../docs/coming-from.md")]
    pub mod coming_from {}
}
