//! Fills without a lease: the store is away or rejects, or the request has waited long enough for others. Nothing is stored
//! of them; they are coalesced within this process.
//!
//! A process that has no answer from the store hears of no eviction elsewhere, so a request joins only fills that began
//! after the request itself: whatever was evicted before the request, was evicted before the fill. Requests that come
//! during a fill wait for its end and share the next, so an outage costs them at most twice the handler's time.

use std::{future::Future, sync::Arc};

use axum::response::Response;
use futures_util::{StreamExt, future::pending, stream::FuturesUnordered};
use tokio::runtime::Handle;
use tracing::Instrument;

use super::{Request, Run, course::Spare, deadlines::Waited};
use crate::{
    engine::flight::{Outcome, Part, Waiter},
    entry::Entry,
    outcome::{CacheStatus, NotStoredReason},
    telemetry::events,
};

/// How many leader panics a waiter tolerates before it runs the handler itself.
const MOST_VANISHED: u32 = 1;

/// A fill by another request whose entry this request may have, should that fill end first.
#[derive(Debug)]
pub(super) struct Joined {
    waiter: Waiter,
    /// Tags that only the entry names were not evicted between the begin of the fill and that of the request.
    is_current: bool,
}

impl Joined {
    pub(super) fn new(waiter: Waiter, is_current: bool) -> Self {
        Self { waiter, is_current }
    }

    /// The fill's entry, if it ends with one that answers this request. Never, if it does not.
    async fn entry(self, request: &Request) -> Arc<Entry> {
        match self.waiter.outcome().await {
            Outcome::Shared(entry) if request.is_answered_by(&entry, self.is_current) => entry,
            _ => pending().await,
        }
    }
}

impl Request {
    /// Joins the local fill, or leads the next. `late` is a fill that the request has waited for in vain so far.
    pub(super) async fn fill_locally<F, Fut>(
        &self,
        runtime: &Handle,
        late: Option<Joined>,
        spare: Spare,
        handler: F,
    ) -> Response
    where
        F: FnOnce(Run) -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        if !self.coalesces {
            return self.run_alone(handler, NotStoredReason::NoLease, spare).await;
        }
        let flights = &self.engine.flights;
        let deadlines = self.deadlines(&spare);
        let mut joined = Vec::from_iter(late);
        let mut vanished = 0;
        loop {
            let part = match deadlines.is_late() {
                false => flights.join_or_lead(&self.slot, self.began, || self.engine.permit()),
                true => {
                    let (seat, other) = flights.lead_beside(&self.slot, self.began, self.engine.permit());
                    joined.extend(other.map(|other| Joined::new(other, true)));
                    Part::Leader(seat)
                }
            };
            let waited = match part {
                Part::Leader(seat) => {
                    return self.lead(runtime, seat, None, spare, joined, handler).await;
                }
                Part::Waiter { fill, joins } => {
                    let Some(_permit) = self.engine.may_wait() else {
                        return self.run_at_limit(handler, spare).await;
                    };
                    let waited = deadlines.wait_for_others(ended(&fill, joins));
                    let waited = waited.instrument(events::wait(&self.slot.key)).await;
                    if joins && matches!(waited, Waited::Late) {
                        joined.push(Joined::new(fill, true));
                    }
                    waited
                }
            };
            match (waited, &spare.reserve) {
                (Waited::Done(Some(Outcome::Shared(entry))), _) if self.is_answered_by(&entry, true) => {
                    return self.hit(&entry, CacheStatus::Hit);
                }
                (Waited::Slow, Some(reserve))
                | (Waited::Done(Some(Outcome::Failed(_) | Outcome::Vanished)), Some(reserve)) => {
                    return self.hit(reserve, CacheStatus::Stale);
                }
                (Waited::Done(Some(Outcome::Failed(Some(failure)))), None) => return self.failed(&failure),
                // One of the waiters leads next; but not for ever, where each one panics.
                (Waited::Done(Some(Outcome::Shared(_) | Outcome::Vanished)), _)
                    if vanished < MOST_VANISHED =>
                {
                    vanished += 1;
                }
                (Waited::Done(Some(_)), _) => {
                    return self.run_alone(handler, NotStoredReason::HitForMiss, spare).await;
                }
                (Waited::Done(None) | Waited::Slow | Waited::Late, _) => {}
            }
        }
    }

    /// Too many requests wait already.
    async fn run_at_limit<F, Fut>(&self, handler: F, spare: Spare) -> Response
    where
        F: FnOnce(Run) -> Fut,
        Fut: Future<Output = Response>,
    {
        match &spare.reserve {
            Some(reserve) => self.hit(reserve, CacheStatus::Stale),
            None => self.run_alone(handler, NotStoredReason::Limit, spare).await,
        }
    }

    /// The entry of the first of these fills that ends with one for this request. Never, if none does.
    pub(super) async fn first_of(&self, joined: Vec<Joined>) -> Arc<Entry> {
        let mut fills: FuturesUnordered<_> = joined.into_iter().map(|fill| fill.entry(self)).collect();
        match fills.next().await {
            Some(entry) => entry,
            None => pending().await,
        }
    }
}

/// What the fill came to. `None`: it is none to join, and over.
async fn ended(fill: &Waiter, joins: bool) -> Option<Outcome> {
    match joins {
        true => Some(fill.clone().outcome().await),
        false => {
            fill.clone().gone().await;
            None
        }
    }
}
