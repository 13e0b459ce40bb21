//! Leases: the right to fill a slot, and the marks that take a lease's place when nobody is to fill it.

use std::{sync::Arc, time::Duration};

use super::Snapshot;
use crate::{
    entry::Entry,
    slot::{Grant, Token},
};

/// The TTL of a lease: how long a fill keeps it without a renewal. 5 seconds.
pub const LEASE_TTL: Duration = Duration::from_secs(5);

/// The TTL of [`Mark::HitForMiss`], unless it is extended. 5 seconds.
pub const HIT_FOR_MISS_TTL: Duration = Duration::from_secs(5);

/// A request for the lease of a slot, see [`Store::lease`](super::Store::lease).
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// The token of the fill. Use another one after a call that failed or was dropped: the store may still be releasing
    /// the lease that the call was granted.
    pub token: Token,
    /// What the read saw. If the slot's head or a tag's generation has changed since, the outcome is
    /// [`LeaseOutcome::Conflict`], or a grant whose entry is never found.
    pub snapshot: Snapshot,
    /// The holder that the lease may replace: an outdated mark, or a fill under generations that have been invalidated.
    pub replaces: Option<Holder>,
}

/// The outcome of [`Store::lease`](super::Store::lease).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// The lease was granted.
    Granted(Grant),
    /// The slot has changed since it was read: read it again.
    Conflict,
    /// Another fill has the lease, or a mark is in its place.
    Held(Holder),
}

/// The holder of a slot's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A fill.
    Fill(Grant),
    /// A mark: nobody is to fill the slot for a while.
    Mark(Mark),
    /// A record that this version cannot read.
    Unknown(Vec<u8>),
}

/// Why a slot is not filled for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Hit-for-miss: the response could not be stored. Requests run the handler without waiting for each other.
    HitForMiss,
    /// Failure backoff: the handler failed while a stale entry could be served. It is not run again until the mark
    /// expires.
    FailureBackoff,
}

/// The outcome of [`Store::commit`](super::Store::commit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The entry was stored.
    Stored,
    /// The fill no longer has the lease: the slot was evicted, or the lease expired or was taken over. Nothing was stored.
    Fenced,
}

/// An entry that the application writes without a lease, see [`Store::write`](super::Store::write).
#[derive(Debug, Clone)]
pub struct WriteRequest {
    /// Identifies the new content of the slot.
    pub token: Token,
    /// What the read saw. Nothing is stored if the slot's head has changed since; if a tag's generation has, the entry
    /// is never found.
    pub snapshot: Snapshot,
    /// The entry.
    pub entry: Arc<Entry>,
}
