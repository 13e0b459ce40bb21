//! The runtime of [`handler-cache`](https://docs.rs/handler-cache): keys, the rules of HTTP, stores, and the engine.
//!
//! Applications depend on `handler-cache`, which re-exports the public items and adds the attributes. The modules are
//! in the order of their dependencies: each uses only those above it.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod outcome;
mod telemetry;
mod error;
mod sync;
mod table;
mod clock;
mod policy;
mod slot;
mod entry;
pub mod store;
mod key;
mod value;
mod http;
mod explain;
mod stats;
mod engine;
mod origin;
mod cache;
#[cfg(feature = "layer")]
pub mod layer;
#[doc(hidden)]
pub mod macro_support;
#[cfg(feature = "test-util")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "test-util")]
#[doc(hidden)]
pub mod steps;

pub use cache::{AttachFuture, AttachLayer, AttachService, Cache, CacheBuilder, CacheRejection, HandlerCall};
#[cfg(feature = "test-util")]
pub use clock::ManualClock;
pub use clock::Timestamp;
pub use entry::Entry;
pub use error::Error;
pub use explain::{EntryInfo, EntryState, Explanation, FillState};
pub use http::response_parts::{Expire, NoStore, Tags};
pub use key::{CacheKey, CacheKeyPart, KeyError, KeyWriter};
pub use policy::{ClientControl, ClientMaxAge, Policy};
pub use stats::{Counters, MemoryUsage, Rejected, Stats};
pub use value::{ValueKey, ValuePolicy};
