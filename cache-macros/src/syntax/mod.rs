//! Questions about Rust syntax that have nothing to do with caching.

pub(crate) mod expression;
pub(crate) mod pattern;
pub(crate) mod span;
pub(crate) mod types;
pub(crate) mod variables;
