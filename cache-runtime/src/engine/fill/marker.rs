//! Markers, which a fill without an entry leaves in its slot.

use std::time::Duration;

/// Left in the place of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    /// Requests run side by side for so long, because their answers are not stored.
    HitForMiss(Duration),
    /// The origin failed, and is left alone for a while.
    Backoff,
}
