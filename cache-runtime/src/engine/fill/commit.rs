//! The end of a fill in the store: its entry is committed, or its lease released.

use std::sync::Arc;

use tracing::Instrument;

use super::{
    FillContext, Marker,
    lease::{self, LeaseRenewal},
};
use crate::{
    entry::{Entry, storable_ttl},
    outcome::NotStoredReason,
    store::{Budget, CommitOutcome, Grant, HIT_FOR_MISS_TTL, Mark, StoreError},
    telemetry::events,
};

impl FillContext {
    /// Stores the entry, if the lease is still held, and removes the older one that it replaces.
    pub(in crate::engine) async fn commit(&self, entry: &Arc<Entry>, replaces: Option<&Arc<str>>) {
        let Some(grant) = self.grant else {
            return self.not_stored(NotStoredReason::NoLease);
        };
        let key = &self.target.slot.key;
        let written = self.write(grant, entry).instrument(events::commit(key)).await;
        match written {
            Ok(CommitOutcome::Stored) => {
                events::key_added(key);
                let counters = self.counters();
                counters.stored.increment();
                counters.stored_bytes.add(entry.body.len() as u64);
                if let Some(replaced) = replaces {
                    // Without an answer, the older entry stays until it expires.
                    let evicted = self.engine.guard.store().evict(std::slice::from_ref(replaced));
                    let _ = self.engine.guard.call_in_background(evicted).await;
                }
            }
            Ok(CommitOutcome::Fenced) => {
                let may_have_lapsed = self.renewal.as_ref().is_some_and(LeaseRenewal::may_have_lapsed);
                self.not_stored(match may_have_lapsed {
                    true => NotStoredReason::LeaseLost,
                    false => NotStoredReason::Evicted,
                });
                // Evicted by a tag that only the answer names, the lease may still be held.
                self.release(None).await;
            }
            Err(error) => {
                events::failed_to_cache(key, &error);
                self.release(self.count_rejection(&error)).await;
            }
        }
    }

    async fn write(&self, grant: Grant, entry: &Arc<Entry>) -> Result<CommitOutcome, StoreError> {
        let guard = &self.engine.guard;
        let commit = guard.store().commit(&self.target.slot, grant, entry);
        match self.engine.settings.commit_before_response {
            true => guard.call(&mut Budget::default(), commit).await,
            false => guard.call_in_background(commit).await,
        }
    }

    /// Counts a failed write. A store that rejects this entry will reject the next one, too, hence the marker.
    fn count_rejection(&self, error: &StoreError) -> Option<Marker> {
        if error.is_unavailable() {
            self.counters().refused(NotStoredReason::StoreUnavailable);
            return None;
        }
        self.engine.counters.rejected.entries.increment();
        self.counters().refused(NotStoredReason::StoreRejected);
        Some((Mark::HitForMiss, HIT_FOR_MISS_TTL))
    }

    /// Releases the lease, in the background if the store does not answer. The marker takes its place.
    pub(in crate::engine) async fn release(&self, marker: Option<Marker>) {
        let Some(Grant { token, .. }) = self.grant else {
            return;
        };
        let guard = &self.engine.guard;
        // Stores reject a TTL of zero.
        let marker = marker.and_then(|(mark, ttl)| Some((mark, storable_ttl(ttl)?)));
        let released = guard.call_in_background(guard.store().release(&self.target.slot, token, marker));
        if released.await.is_err() {
            lease::release_later(&self.engine, &self.target.slot, token, marker);
        }
    }
}
