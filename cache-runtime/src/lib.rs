//! The runtime of [`handler-cache`](https://docs.rs/handler-cache): keys, rules, stores and the engine between them.
//!
//! Applications use the facade `handler-cache`, which re-exports what is public here and adds the attributes.
//! The modules stand in the order in which a request passes through them; each uses only those above it.

#[doc(hidden)]
pub mod __private;
mod attribute;
mod clock;
mod entry;
mod error;
mod handler;
mod key;
mod lazy;
mod policy;
mod request;
mod rules;
pub mod store;
mod respond;

#[cfg(feature = "test-util")]
pub use clock::ManualClock;
pub use clock::Timestamp;
pub use error::Error;
pub use key::{CacheKey, CacheKeyPart, KeyError, KeyWriter};
pub use policy::{ClientControl, Policy};
