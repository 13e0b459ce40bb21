//! Which way a request goes that memory could not answer: it reads, asks for the lease, and waits for others.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use tokio::time;
use tracing::Instrument;

use super::{Engine, Request, poll, serve::wait};
use crate::{
    entry::Entry,
    events,
    flight::{Failure, Join, Outcome, Seat, Waiter},
    respond::Verdict,
    rules::{self, Freshness, Refusal, Wishes},
    store::{Ask, Budget, Found, Generation, Grant, Holder, Leased, Mark, Read, Seen, Slot, StoreError},
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
        verdict: Verdict,
        seen: Seen,
    },
    /// There is an entry past its life, and the handler failed, or is slow.
    Stale(Arc<Entry>),
    /// The request runs the handler for the store.
    Lead(Seat, Grant, Spare),
    /// The request runs the handler for itself alone, and this is why nothing is stored of it.
    Alone(Refusal, Spare),
    /// The request runs the handler, or joins a run, that nothing is stored of.
    Unleased(Join, Spare),
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
    fn or_alone(self, refusal: Refusal) -> Step {
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
    /// The store has answered since the request began.
    answered: bool,
    /// How often it went on to another variant's slot.
    pub(super) turns: u32,
}

impl Way {
    /// What the next lease may replace, given the generations read now.
    fn replaces(&mut self, slot: &Slot, seen: &Seen) -> Option<Holder> {
        let doubted = self.doubted.take();
        let outdated = doubted.filter(|grant| Some(grant.digest) != seen.digest(slot));
        self.replaces.take().or(outdated.map(Holder::Fill))
    }
}

impl Request {
    pub(super) async fn course(&mut self) -> Course {
        let mut way = Way {
            budget: self.engine.guard.budget(),
            replaces: None,
            doubted: None,
            ended: 0,
            looks: 0,
            answered: false,
            turns: 0,
        };
        loop {
            if let ControlFlow::Break(course) = self.look(&mut way).await {
                let guard = &self.engine.guard;
                if !guard.is_memory() {
                    self.counters().store_time.add(guard.spent(&way.budget));
                }
                return course;
            }
        }
    }

    /// Reads, and asks for the lease where there is nothing to serve.
    async fn look(&mut self, way: &mut Way) -> Step {
        let engine = Arc::clone(&self.engine);
        let Engine { guard, overdue, .. } = &*engine;
        // Evicted, though the store does not know it yet. What began before that was detached.
        let overdue_join = if guard.is_open() {
            Join::Any
        } else {
            Join::BegunAfter(self.began)
        };
        if overdue.concerns(&self.slot) {
            return self.past_the_store(overdue_join, Spare::default());
        }
        let Read { found, seen } = match guard.call(&mut way.budget, guard.store().read(&self.slot)).await {
            Ok(read) => read,
            Err(error) => return self.without_store(&error, way, Spare::default()),
        };
        way.answered = true;
        let is_newer = matches!(found, Found::Newer);
        let spare = match found {
            Found::Newer | Found::Nothing => Spare::default(),
            Found::Entry(entry) if overdue.concerns_own(&entry) => {
                return self.past_the_store(overdue_join, Spare::default());
            }
            Found::Entry(entry) if !self.accepts.accept(&entry) => {
                if self.turn_to_variant(way, &entry) {
                    return Step::Continue(());
                }
                // It would be handed out, and turn out to be nothing.
                Spare::default()
            }
            Found::Entry(entry) => match self.freshness(&entry) {
                Freshness::Fresh { left } if !self.engine.is_early(&entry, left) => {
                    return Step::Break(Course::Hit(entry));
                }
                Freshness::Fresh { .. } => return refresh(entry, Verdict::Hit, seen),
                Freshness::Stale => return refresh(entry, Verdict::Stale, seen),
                Freshness::InReserve => Spare {
                    reserve: Some(Arc::clone(&entry)),
                    ..self.spare(entry)
                },
                Freshness::Dead => self.spare(entry),
            },
        };
        if self.wishes.only_if_cached {
            return Step::Break(Course::NotCached);
        }
        if is_newer {
            return Step::Break(Course::Alone(Refusal::NoLease, spare));
        }
        if !self.wishes.fills {
            return Step::Break(Course::Alone(self.unfit(), spare));
        }
        way.looks += 1;
        if way.ended >= PATIENCE || way.looks > MOST_LOOKS {
            return Step::Break(Course::Unleased(Join::BegunAfter(self.began), spare));
        }
        // Boxed, as are the courses, so that a hit does not have to move what waits for others.
        Box::pin(self.lease(way, seen, spare)).await
    }

    async fn lease(&self, way: &mut Way, seen: Seen, spare: Spare) -> Step {
        let guard = &self.engine.guard;
        // With a tag overdue, `any` is: no run from before has an answer that is sure not to bear it.
        let any = seen
            .any
            .filter(|_| !self.engine.overdue.names_tag(&self.slot.any));
        let Some(place) = self.engine.place() else {
            return spare.or_alone(Refusal::Limit);
        };
        let seat = self.engine.flights.seat(place);
        let ask = Ask {
            token: seat.token(),
            replaces: way.replaces(&self.slot, &seen),
            seen,
        };
        let holder = match guard
            .call(&mut way.budget, guard.store().lease(&self.slot, &ask))
            .await
        {
            Err(error) => return self.without_store(&error, way, spare),
            Ok(Leased::Granted(grant)) => return Step::Break(Course::Lead(seat, grant, spare)),
            Ok(Leased::Changed) => return Step::Continue(()),
            Ok(Leased::Held(holder)) => holder,
        };
        drop(seat);
        match holder {
            Holder::Mark(Mark::Pass) => return Step::Break(Course::Alone(Refusal::AsTheLast, spare)),
            Holder::Mark(Mark::Failed) => {
                if let Some(entry) = spare.reserve {
                    return Step::Break(Course::Stale(entry));
                }
                way.replaces = Some(holder);
            }
            Holder::Unknown(_) => way.replaces = Some(holder),
            // It fills for tags that were retired since, so its run is not for this request: take its place, but look
            // at the tags once more first, for it may be the one that knows them better.
            Holder::Fill(grant) if Some(grant.digest) != ask.seen.digest(&self.slot) => {
                way.doubted = Some(grant)
            }
            // What the run makes is likely to be for its own request alone again.
            Holder::Fill(_) if spare.stored.as_ref().is_some_and(|stored| stored.fresh.is_zero()) => {
                return Step::Break(Course::Alone(Refusal::AsTheLast, spare));
            }
            Holder::Fill(grant) => return Box::pin(self.wait_for(way, grant, any, spare)).await,
        }
        Step::Continue(())
    }

    /// Waits for the run that holds the lease, here or elsewhere.
    async fn wait_for(&self, way: &mut Way, grant: Grant, any: Option<Generation>, spare: Spare) -> Step {
        let left = self.left();
        if left.is_zero() {
            return Step::Break(Course::Unleased(Join::BegunAfter(self.began), spare));
        }
        let Some(_waiting) = self.engine.may_wait() else {
            return spare.or_alone(Refusal::Limit);
        };
        let waiter = match self.engine.flights.join(grant.token) {
            Some(waiter) => waiter,
            // A run of this cache that has left: its lease could not be given back.
            None if self.engine.flights.made(grant.token) => {
                way.replaces = Some(Holder::Fill(grant));
                return Step::Continue(());
            }
            None => poll::watch(&self.engine, &self.slot, grant),
        };
        let slow = self.policy.stale_if_slow.filter(|_| spare.reserve.is_some());
        let limit = slow.map_or(left, |slow| slow.min(left));
        if self.comes_too_late_for(&waiter) {
            return self.see_off(way, waiter, slow, spare).await;
        }
        let outcome = wait(waiter.clone(), limit)
            .instrument(events::wait(&self.slot.key))
            .await;
        let reserve = spare.reserve.clone();
        Step::Break(match (outcome, reserve) {
            // A tag that only the answer names may have been retired since that run began.
            (Some(Outcome::Shared(entry)), _) if !entry.tags.is_empty() && any != Some(grant.any) => {
                return self.see_off(way, waiter, slow, spare).await;
            }
            (Some(Outcome::Vanished), _) => return self.see_off(way, waiter, slow, spare).await,
            (Some(Outcome::Shared(entry)), _) if !self.accepts.accept(&entry) => {
                return self.see_off(way, waiter, slow, spare).await;
            }
            (Some(Outcome::Shared(entry)), _) => Course::Hit(entry),
            (Some(Outcome::Failed(_)), Some(reserve)) => Course::Stale(reserve),
            (Some(Outcome::Failed(Some(failure))), None) => Course::Failed(failure),
            (Some(Outcome::Failed(None) | Outcome::Alone), _) => Course::Alone(Refusal::AsTheLast, spare),
            (None, Some(reserve)) if slow.is_some() => Course::Stale(reserve),
            (None, _) => Course::Unleased(Join::BegunAfter(self.began), spare),
        })
    }

    /// Looks again when a run that came to nothing for this request has left: what stands there next is another's.
    async fn see_off(&self, way: &mut Way, run: Waiter, slow: Option<Duration>, spare: Spare) -> Step {
        let left = self.left();
        let gone = time::timeout(slow.map_or(left, |slow| slow.min(left)), run.gone()).await;
        if let (Err(_), Some(_), Some(reserve)) = (gone, slow, spare.reserve) {
            return Step::Break(Course::Stale(reserve));
        }
        way.ended += 1;
        Step::Continue(())
    }

    fn without_store(&self, error: &StoreError, way: &Way, spare: Spare) -> Step {
        if !error.is_unavailable() {
            self.engine.counters.entries.count();
        }
        // A store that refuses, or has answered this request, is no store that is away: others evict there, and what
        // they evict must not be joined.
        let join = if error.is_unavailable() && !way.answered {
            Join::Any
        } else {
            Join::BegunAfter(self.began)
        };
        self.past_the_store(join, spare)
    }

    fn past_the_store(&self, join: Join, spare: Spare) -> Step {
        Step::Break(match (self.wishes.only_if_cached, self.wishes.fills) {
            (true, _) => Course::NotCached,
            (false, true) => Course::Unleased(join, spare),
            (false, false) => Course::Alone(self.unfit(), spare),
        })
    }

    /// Of an entry that is not to be served now.
    fn spare(&self, entry: Arc<Entry>) -> Spare {
        let anybody = Wishes::none(true);
        let worth = rules::freshness(&entry, &self.policy, &anybody, self.engine.clock.now());
        Spare {
            reserve: None,
            is_fresh: matches!(worth, Freshness::Fresh { .. }),
            stored: self.policy.http.map(|_| entry),
        }
    }

    /// Why its answer is nothing to store.
    fn unfit(&self) -> Refusal {
        match self.request.range {
            true => Refusal::Range,
            false => Refusal::Head,
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
        rules::freshness(entry, &self.policy, &self.wishes, self.engine.clock.now())
    }
}

fn refresh(entry: Arc<Entry>, verdict: Verdict, seen: Seen) -> Step {
    Step::Break(Course::Refresh { entry, verdict, seen })
}
