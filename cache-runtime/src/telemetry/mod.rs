//! What the cache reports about itself: log events, and metrics.

pub(crate) mod events;
pub(crate) mod recorder;
