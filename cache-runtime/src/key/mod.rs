//! Keys: the text `handler(name=value,…)` that identifies an entry, and the names of a cache's records in the store.
//!
//! Two argument lists that `Serialize` distinguishes have different texts. For the grammar see `serializer`.

mod error;
mod writer;
mod part;
mod extract;
mod server_side;
mod form;
mod serializer;
mod compound;
mod escape;
mod cap;
pub(crate) mod handler;
pub(crate) mod cache_key;
#[cfg(any(feature = "layer", test))]
pub(crate) mod path;
pub(crate) mod names;

pub use self::{
    cache_key::CacheKey,
    error::KeyError,
    form::{OuterFirst, Part, ViaNothing, ViaServerSide, ViaText, Within},
    part::CacheKeyPart,
    writer::{KeyArgs, KeyWriter},
};
#[cfg(feature = "test-util")]
pub(crate) use self::{cap::cap, escape::escape_tag};
pub(crate) use self::{
    escape::{escape_handler, unescape},
    server_side::ServerSide,
    writer::write_args,
};

#[cfg(any(test, feature = "test-util"))]
#[allow(
    clippy::unwrap_used,
    reason = "a text that cannot be read back has failed its test"
)]
pub(crate) mod model;

#[cfg(test)]
mod tests;
