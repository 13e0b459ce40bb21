//! Cached axum handlers by one attribute, in memory or in Redis.

extern crate self as handler_cache;

#[doc(hidden)]
pub use cache_runtime::__private;
#[cfg(feature = "test-util")]
pub use cache_runtime::ManualClock;
pub use cache_runtime::{
    Cache, CacheBuilder, CacheKey, CacheKeyPart, ClientControl, Error, KeyError, KeyWriter, Policy,
    Timestamp, store,
};
