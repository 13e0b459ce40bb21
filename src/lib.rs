//! Cached axum handlers by one attribute, in memory or in Redis.

extern crate self as handler_cache;

#[doc(hidden)]
pub use cache_runtime::__private;
pub use cache_runtime::store;
pub use cache_runtime::{
    CacheKey, CacheKeyPart, ClientControl, Error, KeyError, KeyWriter, Policy, Timestamp,
};
