//! What holds for any bytes: the properties in which `fuzz/` looks for a hole, and which `tests/it/fuzz.rs` replays.
//!
//! Each takes bytes that anyone may have made, and panics where a promise is broken. Not part of the public API.

mod source;
mod shape;
mod keys;
mod entry;
mod naive;
mod cache_control;
mod if_none_match;

pub use self::{cache_control::cache_control, entry::entry, if_none_match::if_none_match, keys::keys};

/// One property: panics where it does not hold.
pub type Property = fn(&[u8]);

/// Every property, by the name of its fuzz target.
pub const TARGETS: [(&str, Property); 4] = [
    ("cache_control", cache_control),
    ("entry", entry),
    ("if_none_match", if_none_match),
    ("keys", keys),
];
