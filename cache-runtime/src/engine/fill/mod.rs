//! The state of a fill, which the engine and the origins share. A fill calls the origin once, for the store and for all
//! waiters: see `request::fill`.

mod abandoned;
mod commit;
mod lease;
mod nesting;

use std::{sync::Arc, time::Duration};

pub(crate) use self::{abandoned::abandoned, lease::Leases, nesting::Nesting};
pub(in crate::engine) use self::{lease::LeaseRenewal, nesting::NestedFills};
use super::{
    Engine,
    coalesce::{LeaderGuard, Outcome},
    target::Target,
};
use crate::{
    clock::Timestamp,
    outcome::NotStoredReason,
    stats::HandlerCounters,
    store::{Grant, Mark},
    telemetry::events,
};

/// What origins and the engine know of a fill.
#[derive(Debug)]
pub(crate) struct FillContext {
    pub(crate) engine: Arc<Engine>,
    pub(crate) target: Target,
    pub(crate) began: Timestamp,
    /// A stale entry answers should the fill fail.
    pub(crate) has_fallback: bool,
    /// The stored entry is fresh for other requests: no marker and no failure replaces it.
    pub(crate) has_fresh: bool,
    /// Nobody is answered before the entry is stored.
    pub(in crate::engine) commits_first: bool,
    /// Absent: nothing is stored.
    pub(in crate::engine) grant: Option<Grant>,
    pub(in crate::engine) leader: LeaderGuard,
    /// While there is a lease.
    pub(in crate::engine) renewal: Option<LeaseRenewal>,
    /// For requests that the origin makes.
    pub(in crate::engine) nested: Arc<NestedFills>,
}

/// Replaces an entry that a fill did not store, for this TTL.
pub(crate) type Marker = (Mark, Duration);

impl FillContext {
    pub(crate) fn counters(&self) -> &HandlerCounters {
        self.engine.counters.of(self.target.handler)
    }

    /// Logs and counts an answer that is not stored.
    pub(crate) fn not_stored(&self, reason: NotStoredReason) {
        events::not_stored(&self.target.slot.key, reason.as_str());
        self.counters().refused(reason);
    }

    /// Whether the fill runs in a task of its own. If not, the leader gets its answer only after the fill has ended.
    pub(crate) fn is_detached(&self) -> bool {
        self.leader.may_detach()
    }

    /// Whether the entry may be stored.
    pub(crate) fn has_lease(&self) -> bool {
        self.grant.is_some()
    }

    /// Whether anybody but the leader waits for the fill.
    pub(crate) fn has_waiters(&self) -> bool {
        self.leader.has_waiters()
    }

    /// Lets the waiters call the origin side by side: this fill takes too long for them.
    pub(crate) fn stop_coalescing(&self) {
        self.leader.publish(Outcome::Unshared);
    }

    /// The marker of a failure: while a stale entry serves, the origin is left alone.
    pub(crate) fn backoff(&self) -> Option<Marker> {
        self.has_fallback
            .then_some((Mark::FailureBackoff, self.engine.settings.failure_backoff))
    }

    /// The marker of an answer that is not stored. It removes the stored entry, so there is none while that is fresh.
    pub(crate) fn hit_for_miss(&self, ttl: Duration) -> Option<Marker> {
        (!self.has_fresh).then_some((Mark::HitForMiss, ttl))
    }
}
