//! Decides how to serve a request: reads the store, requests the lease, and waits for the fills of others.

use std::{ops::ControlFlow, sync::Arc};

use tracing::Instrument;

use super::{
    Request,
    deadlines::{Deadlines, Waited},
    joined_fill::JoinedFill,
    stored::Stored,
};
use crate::{
    engine::{
        Engine,
        coalesce::{Failure, LeaderGuard, Outcome, Waiter, wait_for_remote_fill},
        protocol::{MAX_VARIANT_STEPS, Protocol},
    },
    entry::{Entry, Freshness},
    outcome::{CacheStatus, NotStoredReason},
    store::{
        Budget, Grant, Holder, LeaseOutcome, LeaseRequest, Lookup, Mark, ReadOutcome, Slot, Snapshot,
        StoreError,
    },
    telemetry::events,
};

/// How many fills without an answer for it a request waits for before it fills locally.
const MAX_UNANSWERED_WAITS: u32 = 2;
/// How often a request reads the store in all.
const MAX_READS: u32 = 32;

/// How a request is served.
pub(super) enum Decision {
    /// From this entry. `refresh`: and a new one is filled in the background.
    Serve {
        entry: Arc<Entry>,
        status: CacheStatus,
        refresh: Option<Snapshot>,
    },
    /// Not at all: there is no entry, and the request allows no fill.
    NotCached,
    /// By a shared failure.
    Failed(Failure),
    /// By a fill with this lease.
    Lead(LeaderGuard, Grant),
    /// By a fill without a lease: joined, or led. Perhaps after the request waited in vain for another.
    Local(Option<JoinedFill>),
    /// By the origin, for this request alone.
    Uncached(NotStoredReason),
    /// By the stale fallback, or without one by the origin, for this request alone.
    FallbackOr(NotStoredReason),
}

/// The decision, and the entry that was read last and cannot be served as it is.
pub(super) struct Decided {
    pub(super) decision: Decision,
    pub(super) stored: Stored,
}

/// A decision, or one more step.
type Step<T = ()> = ControlFlow<Decided, T>;

fn decided<T>(decision: Decision, stored: Stored) -> Step<T> {
    Step::Break(Decided { decision, stored })
}

fn serve<T>(entry: Arc<Entry>, status: CacheStatus, refresh: Option<Snapshot>) -> Step<T> {
    let decision = Decision::Serve {
        entry,
        status,
        refresh,
    };
    decided(decision, Stored::default())
}

/// What a request has learned so far.
struct Progress {
    budget: Budget,
    reads: u32,
    unanswered_waits: u32,
    variant_steps: u32,
    /// The next lease request replaces this holder.
    replaces: Option<Holder>,
    /// A fill under outdated generations. It is replaced if the next read confirms that.
    outdated: Option<Grant>,
}

impl Progress {
    fn new(budget: Budget) -> Self {
        Self {
            budget,
            reads: 0,
            unanswered_waits: 0,
            variant_steps: 0,
            replaces: None,
            outdated: None,
        }
    }

    fn is_exhausted(&self) -> bool {
        self.unanswered_waits >= MAX_UNANSWERED_WAITS || self.reads > MAX_READS
    }

    /// Takes the holder that a lease may replace, given the generations read now.
    fn take_replaced(&mut self, slot: &Slot, snapshot: &Snapshot) -> Option<Holder> {
        let outdated = self.outdated.take();
        let outdated = outdated.filter(|grant| Some(grant.digest) != snapshot.digest(slot));
        self.replaces.take().or(outdated.map(Holder::Fill))
    }
}

impl<P: Protocol> Request<P> {
    pub(super) async fn decide(&mut self) -> Decided {
        let mut progress = Progress::new(self.budget());
        let decided = loop {
            if let ControlFlow::Break(decided) = self.step(&mut progress).await {
                break decided;
            }
        };
        if !self.engine.guard.is_memory() {
            self.counters().store_time.add(progress.budget.spent());
        }
        decided
    }

    /// Reads the slot once, and decides by its content.
    async fn step(&mut self, progress: &mut Progress) -> Step {
        let ReadOutcome { lookup, snapshot } = self.read(progress).await?;
        let is_from_newer_release = matches!(lookup, Lookup::Newer);
        let stored = match lookup {
            Lookup::Newer | Lookup::Missing => Stored::default(),
            Lookup::Entry(entry) if self.protocol.accepts(&entry) => self.serve_or_keep(entry, &snapshot)?,
            Lookup::Entry(entry) => match self.move_to_variant(progress, &entry) {
                true => return Step::Continue(()),
                false => Stored::default(),
            },
        };
        if self.options.only_if_cached {
            return decided(Decision::NotCached, stored);
        }
        if is_from_newer_release {
            return decided(Decision::Uncached(NotStoredReason::NoLease), stored);
        }
        if let Some(reason) = self.options.not_storable {
            return decided(Decision::Uncached(reason), stored);
        }
        progress.reads += 1;
        if progress.is_exhausted() {
            return decided(Decision::Local(None), stored);
        }
        // Boxed to keep the future of a hit small.
        Box::pin(self.acquire_lease(progress, snapshot, stored)).await
    }

    async fn read(&self, progress: &mut Progress) -> Step<ReadOutcome> {
        let Engine {
            guard,
            eviction_retries,
            ..
        } = &*self.engine;
        if eviction_retries.covers_slot(&self.target.slot) {
            return self.without_store();
        }
        let read = guard
            .call(&mut progress.budget, guard.store().read(&self.target.slot))
            .await;
        match read {
            Ok(ReadOutcome {
                lookup: Lookup::Entry(entry),
                ..
            }) if eviction_retries.covers_entry(&entry) => self.without_store(),
            Ok(read) => Step::Continue(read),
            Err(error) => self.store_failed(&error, Stored::default()),
        }
    }

    /// Serves the entry, or keeps it as fallback and for validation.
    fn serve_or_keep(&self, entry: Arc<Entry>, snapshot: &Snapshot) -> Step<Stored> {
        let is_fallback = match self.freshness(&entry) {
            Freshness::Fresh { remaining: left } if !self.engine.is_early(&entry, left) => {
                return serve(entry, CacheStatus::Hit, None);
            }
            Freshness::Fresh { .. } => return serve(entry, CacheStatus::Hit, Some(snapshot.clone())),
            Freshness::Stale => return serve(entry, CacheStatus::Stale, Some(snapshot.clone())),
            Freshness::StaleFallback => true,
            Freshness::Unusable => false,
        };
        let now = self.engine.clock.now();
        Step::Continue(Stored {
            fallback: is_fallback.then(|| Arc::clone(&entry)),
            is_fresh: self.protocol.is_fresh_for_others(&entry, now),
            to_validate: self.options.validates.then_some(entry),
        })
    }

    /// Continues in the slot of the request's own variant. `false`: there is no other slot to look in.
    fn move_to_variant(&mut self, progress: &mut Progress, other: &Entry) -> bool {
        let key = self.protocol.variant_key(&self.target, other);
        let Some(key) = key.filter(|_| progress.variant_steps < MAX_VARIANT_STEPS) else {
            return false;
        };
        progress.variant_steps += 1;
        self.target.slot.key = key;
        true
    }

    /// Requests the lease, or joins the fill that holds it.
    async fn acquire_lease(&self, progress: &mut Progress, snapshot: Snapshot, stored: Stored) -> Step {
        let guard = &self.engine.guard;
        let slot = &self.target.slot;
        let Some(permit) = self.engine.fill_permit() else {
            return self.join_at_limit(progress, snapshot, stored).await;
        };
        let leader = self.engine.flights.lead(permit);
        let request = LeaseRequest {
            token: leader.token(),
            replaces: progress.take_replaced(slot, &snapshot),
            snapshot,
        };
        let leased = guard.call(&mut progress.budget, guard.store().lease(slot, &request));
        let holder = match leased.await {
            Ok(LeaseOutcome::Granted(grant)) => return decided(Decision::Lead(leader, grant), stored),
            Ok(LeaseOutcome::Conflict) => return Step::Continue(()),
            Ok(LeaseOutcome::Held(holder)) => holder,
            Err(error) => return self.store_failed(&error, stored),
        };
        drop(leader);
        match holder {
            Holder::Mark(Mark::HitForMiss) => {
                return decided(Decision::Uncached(NotStoredReason::HitForMiss), stored);
            }
            Holder::Mark(Mark::FailureBackoff) => match stored.fallback {
                Some(fallback) => return serve(fallback, CacheStatus::Stale, None),
                None => progress.replaces = Some(holder),
            },
            Holder::Unknown(_) => progress.replaces = Some(holder),
            // Read again before the fill is replaced: the next read may show its generations.
            Holder::Fill(grant) if Some(grant.digest) != request.snapshot.digest(slot) => {
                progress.outdated = Some(grant);
            }
            Holder::Fill(grant) => {
                return Box::pin(self.join(progress, grant, &request.snapshot, stored)).await;
            }
        }
        Step::Continue(())
    }

    /// No more fills may begin, but a current one may be joined.
    async fn join_at_limit(&self, progress: &mut Progress, snapshot: Snapshot, stored: Stored) -> Step {
        let guard = &self.engine.guard;
        let slot = &self.target.slot;
        let holder = guard.call(&mut progress.budget, guard.store().holder(slot));
        match holder.await {
            Ok(Some(Holder::Fill(grant))) if Some(grant.digest) == snapshot.digest(slot) => {
                Box::pin(self.join(progress, grant, &snapshot, stored)).await
            }
            Ok(Some(Holder::Mark(Mark::HitForMiss))) => {
                decided(Decision::Uncached(NotStoredReason::HitForMiss), stored)
            }
            Ok(_) => decided(Decision::Local(None), stored),
            Err(error) => self.store_failed(&error, stored),
        }
    }

    /// Waits for the fill that holds the lease, in this process or another.
    async fn join(&self, progress: &mut Progress, grant: Grant, snapshot: &Snapshot, stored: Stored) -> Step {
        // An entry that is validated for each request is of no use to others.
        let is_validated_each_time = |entry: &Arc<Entry>| entry.fresh.is_zero();
        if !self.options.coalesces || stored.to_validate.as_ref().is_some_and(is_validated_each_time) {
            return decided(Decision::Uncached(NotStoredReason::NoLease), stored);
        }
        let Some(_permit) = self.engine.wait_permit() else {
            return decided(Decision::FallbackOr(NotStoredReason::Limit), stored);
        };
        let fill = match self.engine.flights.join(grant.token) {
            Some(fill) => fill,
            // A fill of this cache that has ended, and could not release its lease.
            None if self.engine.flights.owns(grant.token) => {
                progress.replaces = Some(Holder::Fill(grant));
                return Step::Continue(());
            }
            None => wait_for_remote_fill(&self.engine, &self.target.slot, grant),
        };
        let deadlines = self.deadlines(&stored);
        if self.comes_too_late_for(&fill) {
            return wait_for_next(progress, fill, &deadlines, stored).await;
        }
        // A queued eviction of a tag also queues the tag epoch: until then any earlier fill may turn out to have the tag.
        let is_current = snapshot.tag_epoch == Some(grant.tag_epoch)
            && !self
                .engine
                .eviction_retries
                .covers_tag(&self.target.slot.tag_epoch);
        let waited = deadlines
            .wait(fill.clone().outcome())
            .instrument(events::wait(&self.target.slot.key))
            .await;
        match waited {
            Waited::Slow => decided(Decision::FallbackOr(NotStoredReason::NoLease), stored),
            Waited::Late => decided(Decision::Local(Some(JoinedFill::new(fill, is_current))), stored),
            Waited::Done(Outcome::Shared(entry)) if self.is_answered_by(&entry, is_current) => {
                serve(entry, CacheStatus::Hit, None)
            }
            Waited::Done(Outcome::Failed(Some(failure)))
                if stored.fallback.is_none() && self.protocol.accepts_failure(&failure) =>
            {
                decided(Decision::Failed(failure), stored)
            }
            Waited::Done(Outcome::Failed(failure)) if stored.fallback.is_some() || failure.is_none() => {
                decided(Decision::FallbackOr(NotStoredReason::NoLease), stored)
            }
            // No answer for this request, or a failure of another type: one of the waiters leads next.
            Waited::Done(Outcome::Shared(_) | Outcome::Aborted | Outcome::Failed(_)) => {
                wait_for_next(progress, fill, &deadlines, stored).await
            }
            Waited::Done(Outcome::Unshared) => {
                decided(Decision::Uncached(NotStoredReason::HitForMiss), stored)
            }
        }
    }

    fn store_failed<T>(&self, error: &StoreError, stored: Stored) -> Step<T> {
        if !error.is_unavailable() {
            self.engine.counters.rejected.entries.increment();
        }
        self.fill_without_store(stored)
    }

    /// The eviction is still queued, so the store is ignored.
    fn without_store<T>(&self) -> Step<T> {
        self.fill_without_store(Stored::default())
    }

    fn fill_without_store<T>(&self, stored: Stored) -> Step<T> {
        let decision = match self.options.not_storable {
            _ if self.options.only_if_cached => Decision::NotCached,
            Some(reason) => Decision::Uncached(reason),
            None => Decision::Local(None),
        };
        decided(decision, stored)
    }

    /// Whether the entry of a joined fill answers this request. `is_current`: no tag was evicted between the start of the
    /// fill and of the request.
    pub(super) fn is_answered_by(&self, entry: &Arc<Entry>, is_current: bool) -> bool {
        (is_current || entry.tags.is_empty()) && self.protocol.accepts(entry)
    }

    /// Whether the fill ended before the request arrived, without a fresh entry. Failures do not answer later requests.
    fn comes_too_late_for(&self, fill: &Waiter) -> bool {
        match fill.ended_before(self.began) {
            Some(Outcome::Shared(entry)) => !matches!(self.freshness(&entry), Freshness::Fresh { .. }),
            Some(Outcome::Failed(_)) => true,
            Some(Outcome::Unshared | Outcome::Aborted) | None => false,
        }
    }

    fn freshness(&self, entry: &Entry) -> Freshness {
        self.protocol.freshness(entry, self.engine.clock.now())
    }
}

/// Decides again once a fill that had no answer for this request has released its lease.
async fn wait_for_next(progress: &mut Progress, fill: Waiter, deadlines: &Deadlines, stored: Stored) -> Step {
    if let Waited::Slow = deadlines.wait(fill.released()).await {
        return decided(Decision::FallbackOr(NotStoredReason::NoLease), stored);
    }
    progress.unanswered_waits += 1;
    Step::Continue(())
}
