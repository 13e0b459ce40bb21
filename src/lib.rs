#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate self as handler_cache;

#[doc(inline)]
#[doc = include_str!("../docs/attribute.md")]
pub use handler_cache_macros::cache;
#[doc(inline)]
#[doc = include_str!("../docs/evict.md")]
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

/// Points in time, by the clock of the store.
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

/// Keys: how arguments become the name of an entry. [The guide](crate::guide::keys) has the rules.
pub mod key {
    #[doc(inline)]
    pub use handler_cache_runtime::{CacheKey, CacheKeyPart, KeyError, KeyWriter, ValueKey};
}

/// How responses and values are cached.
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

/// Guides, each on one topic.
pub mod guide {
    #[doc = include_str!("../docs/keys.md")]
    pub mod keys {}

    #[doc = include_str!("../docs/invalidation.md")]
    pub mod invalidation {}

    #[cfg(feature = "layer")]
    #[doc = include_str!("../docs/layer.md")]
    pub mod layer {}

    #[cfg(feature = "layer")]
    #[doc = include_str!("../docs/rfc9111.md")]
    pub mod rfc9111 {}

    #[doc = include_str!("../docs/operations.md")]
    pub mod operations {}

    #[doc = include_str!("../docs/performance.md")]
    pub mod performance {}
}
