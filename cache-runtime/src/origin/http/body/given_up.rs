//! Why a body is not stored.

/// Why a body is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::origin::http) enum GivenUp {
    /// It is longer than `max_body`, or in too many pieces.
    TooLong,
    /// Entries have no room for trailers.
    Trailers,
    /// It failed, or is not as long as announced.
    Broken,
    /// It did not end while its lease lasted.
    TooSlow,
    /// It has no known length and goes on and on.
    Endless,
    /// The buffers of all bodies together are full.
    BudgetSpent,
    /// Its fill has no task of its own, in which it could be read beside its client.
    NoTask,
    /// Its client is gone, and nobody waits for it.
    Abandoned,
}
