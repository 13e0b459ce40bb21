//! Which way a request goes that memory could not answer: it reads, asks for the lease, and waits for others.

use std::{ops::ControlFlow, sync::Arc};

use tracing::Instrument;

use super::{
    Engine, Request,
    deadlines::{Deadlines, Waited},
    local::Joined,
    poll,
};
use crate::{
    engine::flight::{Failure, Outcome, Seat, Waiter},
    entry::Entry,
    http::{self as rules, Freshness, RequestConstraints},
    outcome::{CacheStatus, NotStoredReason},
    store::{
        Budget, Grant, Holder, LeaseOutcome, LeaseRequest, Lookup, Mark, ReadOutcome, Slot, Snapshot,
        StoreError,
    },
    telemetry::events,
};

/// So often a request looks again, because runs by others came to nothing or the slot changed under it; then it goes on
/// without the store.
const PATIENCE: u32 = 2;
const MOST_LOOKS: u32 = 32;

/// Where the store leads a request.
pub(super) enum Course {
    /// There is an entry.
    Hit(Arc<Entry>),
    /// There is none, and the request will not have one made.
    NotCached,
    /// There is an entry, and it is time to renew it behind the response.
    Refresh {
        entry: Arc<Entry>,
        verdict: CacheStatus,
        snapshot: Snapshot,
    },
    /// There is an entry past its life, and the handler failed, or is slow.
    Stale(Arc<Entry>),
    /// The request runs the handler for the store.
    Lead(Seat, Grant, Spare),
    /// The request runs the handler for itself alone, and this is why nothing is stored of it.
    Alone(NotStoredReason, Spare),
    /// The request joins or leads a fill that no store knows of, perhaps after it has waited in vain for another.
    Local(Option<Joined>, Spare),
    /// A failure that others share.
    Failed(Arc<Failure>),
}

/// What was read last and cannot be served as it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Spare {
    /// It answers instead of a handler that fails or is slow.
    pub(super) reserve: Option<Arc<Entry>>,
    /// It may still be what the handler would answer.
    pub(super) stored: Option<Arc<Entry>>,
    /// Only this request wants another: it stays for all others, unless there is a better one.
    pub(super) is_fresh: bool,
}

impl Spare {
    /// The one in reserve, else a run of its own.
    fn or_alone(self, refusal: NotStoredReason) -> Step {
        Step::Break(match self.reserve {
            Some(entry) => Course::Stale(entry),
            None => Course::Alone(refusal, self),
        })
    }
}

/// A course, or one more look.
type Step = ControlFlow<Course>;

/// What a request has learned on its way.
pub(super) struct Way {
    budget: Budget,
    /// A holder that is to be replaced.
    replaces: Option<Holder>,
    /// A fill for other generations than those read: to be replaced if that is still so at the next look.
    doubted: Option<Grant>,
    /// Runs by others that came to nothing.
    ended: u32,
    looks: u32,
    /// How often it went on to another variant's slot.
    pub(super) turns: u32,
}

impl Way {
    /// What the next lease may replace, given the generations read now.
    fn replaces(&mut self, slot: &Slot, snapshot: &Snapshot) -> Option<Holder> {
        let doubted = self.doubted.take();
        let outdated = doubted.filter(|grant| Some(grant.digest) != snapshot.digest(slot));
        self.replaces.take().or(outdated.map(Holder::Fill))
    }
}

impl Request {
    pub(super) async fn course(&mut self) -> Course {
        let mut way = Way {
            budget: self.budget(),
            replaces: None,
            doubted: None,
            ended: 0,
            looks: 0,
            turns: 0,
        };
        loop {
            if let ControlFlow::Break(course) = self.look(&mut way).await {
                let guard = &self.engine.guard;
                if !guard.is_memory() {
                    self.counters().store_time.add(way.budget.spent());
                }
                return course;
            }
        }
    }

    /// Reads, and asks for the lease where there is nothing to serve.
    async fn look(&mut self, way: &mut Way) -> Step {
        let engine = Arc::clone(&self.engine);
        let Engine { guard, overdue, .. } = &*engine;
        // Evicted, though the store does not know it yet.
        if overdue.concerns(&self.slot) {
            return self.past_the_store(Spare::default());
        }
        let ReadOutcome { lookup, snapshot } =
            match guard.call(&mut way.budget, guard.store().read(&self.slot)).await {
                Ok(read) => read,
                Err(error) => return self.without_store(&error, Spare::default()),
            };
        let is_newer = matches!(lookup, Lookup::Newer);
        let spare = match lookup {
            Lookup::Newer | Lookup::Missing => Spare::default(),
            Lookup::Entry(entry) if overdue.concerns_own(&entry) => {
                return self.past_the_store(Spare::default());
            }
            Lookup::Entry(entry) if !self.accepts.accept(&entry) => {
                if self.turn_to_variant(way, &entry) {
                    return Step::Continue(());
                }
                // It would be handed out, and turn out to be nothing.
                Spare::default()
            }
            Lookup::Entry(entry) => match self.freshness(&entry) {
                Freshness::Fresh { remaining: left } if !self.engine.is_early(&entry, left) => {
                    return Step::Break(Course::Hit(entry));
                }
                Freshness::Fresh { .. } => return refresh(entry, CacheStatus::Hit, snapshot),
                Freshness::Stale => return refresh(entry, CacheStatus::Stale, snapshot),
                Freshness::StaleFallback => Spare {
                    reserve: Some(Arc::clone(&entry)),
                    ..self.spare(entry)
                },
                Freshness::Unusable => self.spare(entry),
            },
        };
        if self.constraints.only_if_cached {
            return Step::Break(Course::NotCached);
        }
        if is_newer {
            return Step::Break(Course::Alone(NotStoredReason::NoLease, spare));
        }
        if !self.constraints.fills {
            return Step::Break(Course::Alone(self.unfit(), spare));
        }
        way.looks += 1;
        if way.ended >= PATIENCE || way.looks > MOST_LOOKS {
            return Step::Break(Course::Local(None, spare));
        }
        // Boxed, as are the courses, so that a hit does not have to move what waits for others.
        Box::pin(self.lease(way, snapshot, spare)).await
    }

    async fn lease(&self, way: &mut Way, snapshot: Snapshot, spare: Spare) -> Step {
        let guard = &self.engine.guard;
        let Some(permit) = self.engine.permit() else {
            return self.join_at_limit(way, snapshot, spare).await;
        };
        let seat = self.engine.flights.seat(permit);
        let ask = LeaseRequest {
            token: seat.token(),
            replaces: way.replaces(&self.slot, &snapshot),
            snapshot,
        };
        let holder = match guard
            .call(&mut way.budget, guard.store().lease(&self.slot, &ask))
            .await
        {
            Err(error) => return self.without_store(&error, spare),
            Ok(LeaseOutcome::Granted(grant)) => return Step::Break(Course::Lead(seat, grant, spare)),
            Ok(LeaseOutcome::Conflict) => return Step::Continue(()),
            Ok(LeaseOutcome::Held(holder)) => holder,
        };
        drop(seat);
        match holder {
            Holder::Mark(Mark::HitForMiss) => {
                return Step::Break(Course::Alone(NotStoredReason::HitForMiss, spare));
            }
            Holder::Mark(Mark::FailureBackoff) => {
                if let Some(entry) = spare.reserve {
                    return Step::Break(Course::Stale(entry));
                }
                way.replaces = Some(holder);
            }
            Holder::Unknown(_) => way.replaces = Some(holder),
            // It fills for tags that were retired since, so its fill is not for this request: take its place, but look
            // at the tags once more first, for it may be the one that knows them better.
            Holder::Fill(grant) if Some(grant.digest) != ask.snapshot.digest(&self.slot) => {
                way.doubted = Some(grant);
            }
            Holder::Fill(grant) => return Box::pin(self.join(way, grant, &ask.snapshot, spare)).await,
        }
        Step::Continue(())
    }

    /// No more fills may begin, but one that goes on may be joined.
    async fn join_at_limit(&self, way: &mut Way, snapshot: Snapshot, spare: Spare) -> Step {
        let guard = &self.engine.guard;
        let holder = match guard
            .call(&mut way.budget, guard.store().holder(&self.slot))
            .await
        {
            Err(error) => return self.without_store(&error, spare),
            Ok(holder) => holder,
        };
        match holder {
            Some(Holder::Fill(grant)) if Some(grant.digest) == snapshot.digest(&self.slot) => {
                Box::pin(self.join(way, grant, &snapshot, spare)).await
            }
            Some(Holder::Mark(Mark::HitForMiss)) => {
                Step::Break(Course::Alone(NotStoredReason::HitForMiss, spare))
            }
            _ => Step::Break(Course::Local(None, spare)),
        }
    }

    /// Waits for the fill that holds the lease, here or elsewhere.
    async fn join(&self, way: &mut Way, grant: Grant, snapshot: &Snapshot, spare: Spare) -> Step {
        // What that fill makes is likely to be for its own request alone.
        if !self.coalesces || spare.stored.as_ref().is_some_and(|stored| stored.fresh.is_zero()) {
            return Step::Break(Course::Alone(NotStoredReason::HitForMiss, spare));
        }
        let Some(_permit) = self.engine.may_wait() else {
            return spare.or_alone(NotStoredReason::Limit);
        };
        let waiter = match self.engine.flights.join(grant.token) {
            Some(waiter) => waiter,
            // A fill of this cache that has ended: its lease could not be given back.
            None if self.engine.flights.made(grant.token) => {
                way.replaces = Some(Holder::Fill(grant));
                return Step::Continue(());
            }
            None => poll::watch(&self.engine, &self.slot, grant),
        };
        let deadlines = self.deadlines(&spare);
        if self.comes_too_late_for(&waiter) {
            return wait_for_next(way, waiter, &deadlines, spare).await;
        }
        // Where a tag is still to be evicted, so is `any`: no fill from before is sure not to bear it.
        let is_current = snapshot.tag_epoch == Some(grant.tag_epoch)
            && !self.engine.overdue.names_tag(&self.slot.tag_epoch);
        let waited = deadlines
            .wait_for_others(waiter.clone().outcome())
            .instrument(events::wait(&self.slot.key))
            .await;
        let outcome = match waited {
            Waited::Done(outcome) => outcome,
            Waited::Slow => return spare.or_alone(NotStoredReason::NoLease),
            Waited::Late => return Step::Break(Course::Local(Some(Joined::new(waiter, is_current)), spare)),
        };
        match (outcome, &spare.reserve) {
            (Outcome::Shared(entry), _) if self.is_answered_by(&entry, is_current) => {
                Step::Break(Course::Hit(entry))
            }
            (Outcome::Shared(_) | Outcome::Vanished, _) => {
                wait_for_next(way, waiter, &deadlines, spare).await
            }
            (Outcome::Failed(Some(failure)), None) => Step::Break(Course::Failed(failure)),
            (Outcome::Failed(_), _) => spare.or_alone(NotStoredReason::HitForMiss),
            (Outcome::Alone, _) => Step::Break(Course::Alone(NotStoredReason::HitForMiss, spare)),
        }
    }

    fn without_store(&self, error: &StoreError, spare: Spare) -> Step {
        if !error.is_unavailable() {
            self.engine.counters.rejected.entries.increment();
        }
        self.past_the_store(spare)
    }

    fn past_the_store(&self, spare: Spare) -> Step {
        Step::Break(match (self.constraints.only_if_cached, self.constraints.fills) {
            (true, _) => Course::NotCached,
            (false, true) => Course::Local(None, spare),
            (false, false) => Course::Alone(self.unfit(), spare),
        })
    }

    /// Whether the request may be answered by this entry of a fill that it joined.
    pub(super) fn is_answered_by(&self, entry: &Entry, is_current: bool) -> bool {
        (is_current || entry.tags.is_empty()) && self.accepts.accept(entry)
    }

    /// How long the request waits.
    pub(super) fn deadlines(&self, spare: &Spare) -> Deadlines {
        let stale = self.policy.stale_if_slow.filter(|_| spare.reserve.is_some());
        let scope = self.scope.as_ref();
        let since = scope.map_or(self.began, |scope| scope.waits_since(self.began));
        Deadlines::new(since, self.engine.settings.coalesce_timeout, stale)
    }

    /// Of an entry that is not to be served now.
    fn spare(&self, entry: Arc<Entry>) -> Spare {
        let anybody = RequestConstraints::none(true);
        let worth = rules::freshness(&entry, &self.policy, &anybody, self.engine.clock.now());
        Spare {
            reserve: None,
            is_fresh: matches!(worth, Freshness::Fresh { .. }),
            stored: self.policy.http.map(|_| entry),
        }
    }

    /// Why its answer is nothing to store.
    fn unfit(&self) -> NotStoredReason {
        match self.request.range {
            true => NotStoredReason::Range,
            false => NotStoredReason::Head,
        }
    }

    /// Whether the run was over before the request began, and does not have its answer. A failure is not kept for later.
    fn comes_too_late_for(&self, waiter: &Waiter) -> bool {
        match waiter.ended_before(self.began) {
            Some(Outcome::Shared(entry)) => !matches!(self.freshness(&entry), Freshness::Fresh { .. }),
            Some(Outcome::Failed(_)) => true,
            Some(Outcome::Alone | Outcome::Vanished) | None => false,
        }
    }

    fn freshness(&self, entry: &Entry) -> Freshness {
        rules::freshness(entry, &self.policy, &self.constraints, self.engine.clock.now())
    }
}

fn refresh(entry: Arc<Entry>, verdict: CacheStatus, snapshot: Snapshot) -> Step {
    Step::Break(Course::Refresh {
        entry,
        verdict,
        snapshot,
    })
}

/// Looks again when a fill that came to nothing for this request has ended: its lease is gone then.
async fn wait_for_next(way: &mut Way, fill: Waiter, deadlines: &Deadlines, spare: Spare) -> Step {
    if let Waited::Slow = deadlines.wait_for_others(fill.gone()).await {
        return spare.or_alone(NotStoredReason::NoLease);
    }
    way.ended += 1;
    Step::Continue(())
}
