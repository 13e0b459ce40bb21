//! Markers, which a fill without an entry leaves in its slot.

use std::time::Duration;

/// Replaces an entry that a fill did not store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    /// Requests are not coalesced for this long, because their answers are not stored.
    HitForMiss(Duration),
    /// The origin failed, and is left alone for a while.
    Backoff,
}
