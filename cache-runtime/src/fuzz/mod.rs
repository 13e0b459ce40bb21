//! Properties that hold for any bytes: `fuzz/` searches for counterexamples, and `tests/it/fuzz.rs` replays its seeds.
//!
//! Each takes arbitrary bytes and panics if a promise is broken. Not part of the public API.

mod source;
mod shape;
mod keys;
mod entry;
mod naive;
mod cache_control;
mod if_none_match;

pub use self::{cache_control::cache_control, entry::entry, if_none_match::if_none_match, keys::keys};

/// A property, which panics if the bytes are a counterexample.
pub type Property = fn(&[u8]);

/// Every property with the name of its fuzz target.
pub const TARGETS: [(&str, Property); 4] = [
    ("cache_control", cache_control),
    ("entry", entry),
    ("if_none_match", if_none_match),
    ("keys", keys),
];
