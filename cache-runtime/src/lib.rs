//! The runtime of [`handler-cache`](https://docs.rs/handler-cache): keys, rules, stores and the engine between them.
//!
//! Applications use the facade `handler-cache`, which re-exports what is public here and adds the attributes.
//! The modules stand in the order in which a request passes through them; each uses only those above it.

#![cfg_attr(
    not(feature = "layer"),
    allow(
        dead_code,
        unused_imports,
        reason = "some of the engine is for the layer alone"
    )
)]

mod events;
mod error;
mod meter;
mod sync;
mod clock;
mod policy;
mod credentials;
mod request;
mod path;
mod key;
mod slot;
mod handler;
mod entry;
mod cache_key;
mod value;
mod steering;
mod rules;
pub mod store;
mod flight;
mod respond;
mod explain;
mod stats;
mod engine;
mod cache;
mod attribute;
mod lazy;
mod evict;
#[cfg(feature = "layer")]
pub mod layer;
#[doc(hidden)]
pub mod __private;
#[cfg(feature = "test-util")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "test-util")]
#[doc(hidden)]
pub mod steps;

pub use cache::{AttachFuture, AttachLayer, AttachService, Cache, CacheBuilder};
pub use cache_key::CacheKey;
#[cfg(feature = "test-util")]
pub use clock::ManualClock;
pub use clock::Timestamp;
pub use entry::Entry;
pub use error::Error;
pub use explain::{EntryFacts, Explanation, Filler, Standing};
pub use key::{CacheKeyPart, KeyError, KeyWriter};
pub use policy::{ClientControl, ClientMaxAge, Policy};
pub use stats::{Counts, Memory, Refused, Stats};
pub use steering::{Expire, NoStore, Tags};
pub use value::{ValueKey, ValuePolicy};
