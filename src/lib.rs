#![doc = include_str!("../README.md")]

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
/// Longer texts, on one matter each.
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

#[cfg(feature = "test-util")]
pub use handler_cache_runtime::ManualClock;
#[cfg(feature = "layer")]
pub use handler_cache_runtime::layer;
#[doc(hidden)]
pub use handler_cache_runtime::macro_support as __private;
pub use handler_cache_runtime::{
    AttachFuture, AttachLayer, AttachService, Cache, CacheBuilder, CacheKey, CacheKeyPart, ClientControl,
    ClientMaxAge, Counts, EntryFacts, Error, Expire, Explanation, Filler, KeyError, KeyWriter, Memory,
    NoStore, Policy, Refused, Standing, Stats, Tags, Timestamp, ValueKey, ValuePolicy, store,
};
