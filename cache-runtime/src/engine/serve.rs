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
    store::{Ask, Digest, Found, Generation, Grant, Holder, Leased, Read, Slot, StoreError},
};

/// This many runs by others that came to nothing, and the request stops waiting for them.
const PATIENCE: u32 = 2;

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
    /// The request runs the handler for the store.
    Lead(Seat, Grant),
    /// The request runs the handler for itself alone.
    Alone,
    /// The request runs the handler, or joins a run, that nothing is stored of.
    Unleased(Join),
    /// A failure that others share.
    Failed(Arc<Entry>),
}

impl Request {
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
            Course::Hit(entry) => self.hit(&entry),
            Course::NotCached => respond::gateway_timeout(&self.engine.settings.style),
            Course::Failed(entry) => self.uncached(respond::replay(&entry)),
            Course::Alone => self.run_alone(handler).await,
            Course::Lead(seat, grant) => self.lead(&runtime, seat, Some(grant), handler).await,
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
            let Read {
                found,
                head,
                generations,
            } = match guard.call(&mut budget, guard.store().read(&self.slot)).await {
                Ok(read) => read,
                Err(error) => return self.without_store(&error, began),
            };
            match found {
                Found::Entry(entry) if self.accepts(&entry) => return Course::Hit(entry),
                Found::Newer => return Course::Alone,
                Found::Entry(_) | Found::Nothing => {}
            }
            if self.wishes.only_if_cached {
                return Course::NotCached;
            }
            if !self.wishes.fills {
                return Course::Alone;
            }
            if left.is_zero() || ended >= PATIENCE {
                return Course::Unleased(Join::BegunAfter(began));
            }
            let digest = digest(&generations);
            // Where the tags, read once more, are those that it fills for, it is waited for after all.
            let outdated = doubted
                .take()
                .filter(|holder| matches!(holder, Holder::Fill(grant) if Some(grant.digest) != digest));
            let seat = flights.seat();
            let ask = Ask {
                token: seat.token(),
                head,
                generations,
                replaces: replaces.take().or(outdated),
            };
            let holder = match guard
                .call(&mut budget, guard.store().lease(&self.slot, ask))
                .await
            {
                Err(error) => return self.without_store(&error, began),
                Ok(Leased::Granted(grant)) => return Course::Lead(seat, grant),
                Ok(Leased::Changed) => continue,
                Ok(Leased::Held(holder)) => holder,
            };
            drop(seat);
            match &holder {
                Holder::Mark(_) => return Course::Alone,
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
                    match wait(waiter, left).await {
                        Some(Outcome::Shared(entry)) => return Course::Hit(entry),
                        Some(Outcome::Failed(entry)) => return Course::Failed(entry),
                        Some(Outcome::Alone) => return Course::Alone,
                        Some(Outcome::Vanished) => ended += 1,
                        None => {}
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
            Outcome::Shared(entry) => self.accepts(entry),
            Outcome::Failed(_) => false,
            Outcome::Alone | Outcome::Vanished => true,
        }
    }

    fn accepts(&self, entry: &Entry) -> bool {
        let now = self.engine.clock.now();
        !self.wishes.refresh
            && matches!(
                rules::freshness(entry, &self.wishes, now),
                Freshness::Fresh { .. }
            )
    }

    /// Leads a run that nothing is stored of, or waits for one.
    async fn unleased<F, Fut>(self, runtime: &Handle, join: Join, handler: F) -> Response
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let waiter = match self.engine.flights.join_or_lead(&self.slot, join) {
            Part::Leader(seat) => return self.lead(runtime, seat, None, handler).await,
            Part::Waiter(waiter) => waiter,
        };
        match wait(waiter, self.engine.settings.wait).await {
            Some(Outcome::Shared(entry)) => self.hit(&entry),
            Some(Outcome::Failed(entry)) => self.uncached(respond::replay(&entry)),
            Some(Outcome::Alone | Outcome::Vanished) | None => self.run_alone(handler).await,
        }
    }

    async fn lead<F, Fut>(self, runtime: &Handle, seat: Seat, grant: Option<Grant>, handler: F) -> Response
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let fill = Fill {
            engine: Arc::clone(&self.engine),
            policy: self.policy,
            slot: self.slot.clone(),
            grant,
            seat,
            reply: Some(reply),
        };
        runtime.spawn(
            fill.run(handler)
                .instrument(Span::current())
                .with_current_subscriber(),
        );
        match answer.await {
            Ok(Reply::Entry(entry)) => self.respond(&entry, Verdict::Miss, entry.born),
            Ok(Reply::Response(response)) => self.uncached(response),
            Ok(Reply::Panicked(panic)) => resume_unwind(panic),
            // The runtime shuts down and took the run with it.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }

    async fn run_alone<F, Fut>(&self, handler: F) -> Response
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Response>,
    {
        self.uncached(handler().await)
    }

    fn hit(&self, entry: &Entry) -> Response {
        events::key_found(&self.slot.key);
        self.respond(entry, Verdict::Hit, self.engine.clock.now())
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

/// Of the slot's generations, once every tag has one.
fn digest(generations: &[Option<Generation>]) -> Option<Digest> {
    let known: Option<Vec<_>> = generations.iter().copied().collect();
    known.map(Digest::of)
}
