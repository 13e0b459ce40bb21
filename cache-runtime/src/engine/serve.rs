//! A request that memory could not answer: read, lease, wait or lead.

use std::{future::Future, panic::resume_unwind, sync::Arc, time::Duration};

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{self, Instant},
};
use tracing::{Instrument, Span, instrument::WithSubscriber};

use super::{
    Engine,
    fill::{Fill, Reply},
    poll,
};
use crate::{
    clock::Timestamp,
    entry::Entry,
    events,
    flight::{Join, Outcome, Part, Seat, Waiter},
    policy::Policy,
    request::RequestHead,
    respond::{self, Verdict},
    rules::{self, Freshness, Wishes},
    steering::Steering,
    store::{Ask, Found, Grant, Holder, Leased, Mark, Read, Seen, Slot, StoreError},
};

/// This many runs by others that came to nothing, and the request stops waiting for them.
const PATIENCE: u32 = 2;

/// The tags of one request, as the option `tags` lists them.
#[derive(Debug, Default)]
pub struct TagList(Vec<String>);

impl TagList {
    /// One more.
    pub fn add(&mut self, tag: impl Into<String>) {
        self.0.push(tag.into());
    }
}

/// A request on its way through the cache.
#[derive(Debug)]
pub(crate) struct Request {
    pub(super) engine: Arc<Engine>,
    pub(super) policy: Policy,
    pub(super) request: RequestHead,
    pub(super) wishes: Wishes,
    pub(super) slot: Slot,
}

/// Where the store leads a request.
enum Course {
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
    /// The request runs the handler for the store. With an entry past its life in reserve.
    Lead(Seat, Grant, Option<Arc<Entry>>),
    /// The request runs the handler for itself alone.
    Alone,
    /// The request runs the handler, or joins a run, that nothing is stored of.
    Unleased(Join),
    /// A failure that others share.
    Failed(Arc<Entry>),
}

impl Request {
    /// Tags that the arguments show. Asked for only where memory did not have the entry.
    pub(crate) fn tag(&mut self, tags: TagList) {
        let names = &self.engine.names;
        let own = tags.0.iter().map(|tag| names.user_tag(tag));
        self.slot.tags = self.slot.tags.iter().cloned().chain(own).collect();
    }

    /// The response, by whatever way.
    ///
    /// # Cancel safety
    /// Safe: a run that has begun goes on and is stored.
    pub(crate) async fn serve<F, Fut>(self, handler: F) -> Response
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let Ok(runtime) = Handle::try_current() else {
            // Without timers neither store nor flights can be waited for.
            return self.uncached(handler().await);
        };
        match self.course().await {
            Course::Hit(entry) => self.hit(&entry, Verdict::Hit),
            Course::Stale(entry) => self.hit(&entry, Verdict::Stale),
            Course::Refresh { entry, verdict, seen } => {
                self.refresh(&runtime, seen, handler);
                self.hit(&entry, verdict)
            }
            Course::NotCached => respond::gateway_timeout(&self.engine.settings.style),
            Course::Failed(entry) => self.uncached(respond::replay(&entry)),
            Course::Alone => self.run_alone(handler).await,
            Course::Lead(seat, grant, reserve) => {
                self.lead(&runtime, seat, Some(grant), reserve, handler).await
            }
            Course::Unleased(join) => self.unleased(&runtime, join, handler).await,
        }
    }

    async fn course(&self) -> Course {
        let began = Instant::now();
        let Engine { guard, flights, .. } = &*self.engine;
        let mut budget = guard.budget();
        let mut replaces = None;
        let mut doubted: Option<Holder> = None;
        let mut ended = 0;
        loop {
            let left = self.engine.settings.wait.saturating_sub(began.elapsed());
            let Read { found, seen } = match guard.call(&mut budget, guard.store().read(&self.slot)).await {
                Ok(read) => read,
                Err(error) => return self.without_store(&error, began),
            };
            let reserve = match found {
                Found::Newer => return Course::Alone,
                Found::Nothing => None,
                Found::Entry(entry) => match self.freshness(&entry) {
                    Freshness::Fresh { left } if !self.engine.is_early(&entry, left) => {
                        return Course::Hit(entry);
                    }
                    fresh @ (Freshness::Fresh { .. } | Freshness::Stale) => {
                        return Course::Refresh {
                            entry,
                            verdict: if fresh == Freshness::Stale {
                                Verdict::Stale
                            } else {
                                Verdict::Hit
                            },
                            seen,
                        };
                    }
                    Freshness::InReserve => Some(entry),
                    Freshness::Dead => None,
                },
            };
            if self.wishes.only_if_cached {
                return Course::NotCached;
            }
            if !self.wishes.fills {
                return Course::Alone;
            }
            if left.is_zero() || ended >= PATIENCE {
                return Course::Unleased(Join::BegunAfter(began));
            }
            let (digest, any) = (seen.digest(), seen.any);
            // Where the tags, read once more, are those that it fills for, it is waited for after all.
            let outdated = doubted
                .take()
                .filter(|holder| matches!(holder, Holder::Fill(grant) if Some(grant.digest) != digest));
            let seat = flights.seat();
            let ask = Ask {
                token: seat.token(),
                seen,
                replaces: replaces.take().or(outdated),
            };
            let holder = match guard
                .call(&mut budget, guard.store().lease(&self.slot, ask))
                .await
            {
                Err(error) => return self.without_store(&error, began),
                Ok(Leased::Granted(grant)) => return Course::Lead(seat, grant, reserve),
                Ok(Leased::Changed) => continue,
                Ok(Leased::Held(holder)) => holder,
            };
            drop(seat);
            match &holder {
                Holder::Mark(Mark::Pass) => return Course::Alone,
                Holder::Mark(Mark::Failed) => match reserve {
                    Some(entry) => return Course::Stale(entry),
                    None => replaces = Some(holder),
                },
                // What it asked for is newer than any run that began before it.
                Holder::Fill(_) if self.wishes.refresh => return Course::Alone,
                // It fills for tags that were retired since, so its run is not for this request: take its place,
                // but look at the tags once more first, for it may be the one that knows them better.
                Holder::Fill(grant) if Some(grant.digest) != digest => doubted = Some(holder),
                Holder::Fill(grant) => {
                    let waiter = match flights.join(grant.token) {
                        Some(waiter) => waiter,
                        // Every lease in memory is of this process, and so this one's run is gone.
                        None if guard.is_memory() => {
                            replaces = Some(holder);
                            continue;
                        }
                        None => poll::watch(&self.engine, &self.slot, *grant),
                    };
                    if waiter.ended_before(began).is_some_and(|then| !self.takes(&then)) {
                        // Over, and on its way into the store: what stands there next is another's.
                        let _ = time::timeout(left, waiter.gone()).await;
                        ended += 1;
                        continue;
                    }
                    let slow = self.policy.stale_if_slow.filter(|_| reserve.is_some());
                    let outcome = wait(waiter, slow.map_or(left, |slow| slow.min(left))).await;
                    match (outcome, reserve) {
                        // A tag that only the answer names may have been retired since that run began.
                        (Some(Outcome::Shared(entry)), _)
                            if !entry.tags.is_empty() && any != Some(grant.any) =>
                        {
                            ended += 1;
                        }
                        (Some(Outcome::Shared(entry)), _) => return Course::Hit(entry),
                        (Some(Outcome::Failed(entry)), Some(reserve)) if entry.status.is_server_error() => {
                            return Course::Stale(reserve);
                        }
                        (Some(Outcome::Failed(entry)), _) => return Course::Failed(entry),
                        (Some(Outcome::Alone), _) => return Course::Alone,
                        (Some(Outcome::Vanished), _) => ended += 1,
                        (None, Some(reserve)) if slow.is_some() => return Course::Stale(reserve),
                        (None, _) => {}
                    }
                }
                Holder::Unknown(_) => replaces = Some(holder),
            }
        }
    }

    fn without_store(&self, error: &StoreError, began: Instant) -> Course {
        // A store that refuses is well otherwise, and others evict there: what they evict must not be joined.
        let join = if error.is_unavailable() {
            Join::Any
        } else {
            Join::BegunAfter(began)
        };
        match (self.wishes.only_if_cached, self.wishes.fills) {
            (true, _) => Course::NotCached,
            (false, true) => Course::Unleased(join),
            (false, false) => Course::Alone,
        }
    }

    /// Whether a run that ended before the request began has the answer. A failure is not kept for later.
    fn takes(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Shared(entry) => matches!(self.freshness(entry), Freshness::Fresh { .. }),
            Outcome::Failed(_) => false,
            Outcome::Alone | Outcome::Vanished => true,
        }
    }

    fn freshness(&self, entry: &Entry) -> Freshness {
        rules::freshness(entry, &self.policy, &self.wishes, self.engine.clock.now())
    }

    /// Leads a run that nothing is stored of, or waits for one.
    async fn unleased<F, Fut>(self, runtime: &Handle, join: Join, handler: F) -> Response
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let waiter = match self.engine.flights.join_or_lead(&self.slot, join) {
            Part::Leader(seat) => return self.lead(runtime, seat, None, None, handler).await,
            Part::Waiter(waiter) => waiter,
        };
        match wait(waiter, self.engine.settings.wait).await {
            Some(Outcome::Shared(entry)) => self.hit(&entry, Verdict::Hit),
            Some(Outcome::Failed(entry)) => self.uncached(respond::replay(&entry)),
            Some(Outcome::Alone | Outcome::Vanished) | None => self.run_alone(handler).await,
        }
    }

    /// Runs the handler in a task of its own, and answers with what comes of it, or with the entry in reserve.
    async fn lead<F, Fut>(
        self,
        runtime: &Handle,
        seat: Seat,
        grant: Option<Grant>,
        reserve: Option<Arc<Entry>>,
        handler: F,
    ) -> Response
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let verdict = if grant.is_some() {
            Verdict::Miss
        } else {
            Verdict::Passed
        };
        let fill = Fill {
            grant,
            has_stale: reserve.is_some(),
            reply: Some(reply),
            ..self.fill(seat)
        };
        runtime.spawn(
            fill.run(handler)
                .instrument(Span::current())
                .with_current_subscriber(),
        );
        let answer = match (&reserve, self.policy.stale_if_slow) {
            (Some(entry), Some(slow)) => match time::timeout(slow, answer).await {
                Ok(answer) => answer,
                Err(_) => return self.hit(entry, Verdict::Stale),
            },
            _ => answer.await,
        };
        match (answer, reserve) {
            (Ok(Reply::Entry(entry)), _) => self.respond(&entry, verdict, entry.born),
            (Ok(Reply::Response(response)), Some(entry)) if response.status().is_server_error() => {
                self.hit(&entry, Verdict::Stale)
            }
            (Ok(Reply::Panicked(_)), Some(entry)) => self.hit(&entry, Verdict::Stale),
            (Ok(Reply::Response(response)), _) => self.uncached(response),
            (Ok(Reply::Panicked(panic)), None) => resume_unwind(panic),
            // The runtime shuts down and took the run with it.
            (Err(_), _) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }

    async fn run_alone<F, Fut>(&self, handler: F) -> Response
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Response>,
    {
        let mut response = handler().await;
        response.extensions_mut().remove::<Steering>();
        self.uncached(response)
    }

    fn hit(&self, entry: &Entry, verdict: Verdict) -> Response {
        events::key_found(&self.slot.key);
        self.respond(entry, verdict, self.engine.clock.now())
    }

    fn respond(&self, entry: &Entry, verdict: Verdict, now: Timestamp) -> Response {
        let settings = &self.engine.settings;
        respond::respond(entry, &self.request, &self.policy, &settings.style, verdict, now)
    }

    fn uncached(&self, response: Response) -> Response {
        respond::uncached(response, &self.policy, &self.engine.settings.style)
    }
}

/// What the flight came to, unless it takes longer than `limit`.
async fn wait(waiter: Waiter, limit: Duration) -> Option<Outcome> {
    time::timeout(limit, waiter.outcome()).await.ok()
}
