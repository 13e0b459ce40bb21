//! Fills without a lease: the store is unavailable or rejects the request, or the request has waited for others long
//! enough. Nothing is stored of them; they are coalesced within this process.
//!
//! A process without an answer from the store learns of no eviction elsewhere, so a request joins only fills that began
//! after the request itself: every eviction before the request came before the fill. Requests that come during a fill
//! wait for its end and share the next, so an outage costs them at most twice the handler's time.

use std::{future::pending, sync::Arc};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::runtime::Handle;
use tracing::Instrument;

use super::{
    Request,
    deadlines::{Deadlines, Waited},
    ending::Ending,
    joined_fill::JoinedFill,
    stored::Stored,
};
use crate::{
    engine::{
        coalesce::{Outcome, Role, Waiter},
        protocol::Protocol,
    },
    entry::Entry,
    outcome::{CacheStatus, NotStoredReason},
    telemetry::events,
};

/// How many fills without an answer for it a waiter tolerates before it calls the origin itself.
const MAX_UNANSWERED: u32 = 1;

impl<P: Protocol> Request<P> {
    /// Joins the local fill, or leads the next. `late`: a fill that the request has waited for in vain so far.
    pub(super) async fn serve_locally(
        &self,
        runtime: &Handle,
        late: Option<JoinedFill>,
        stored: Stored,
        origin: P::Origin,
    ) -> P::Answer {
        if !self.options.coalesces {
            return self
                .serve_uncached(NotStoredReason::NoLease, stored, origin)
                .await;
        }
        let deadlines = self.deadlines(&stored);
        let mut joined = Vec::from_iter(late);
        let mut unanswered = 0;
        loop {
            let (fill, may_join) = match self.local_role(&deadlines, &mut joined) {
                Role::Leader(leader) => {
                    let ending = self.fill(runtime, leader, None, &stored, joined, origin).await;
                    return self.conclude(ending, stored);
                }
                Role::Waiter(fill) => (fill, true),
                Role::WaitForNext(fill) => (fill, false),
            };
            let Some(_permit) = self.engine.wait_permit() else {
                return match &stored.fallback {
                    Some(fallback) => self.answer_from(fallback, CacheStatus::Stale),
                    None => self.serve_uncached(NotStoredReason::Limit, stored, origin).await,
                };
            };
            let waited = deadlines.wait(outcome_or_end(&fill, may_join));
            let waited = waited.instrument(events::wait(&self.target.slot.key)).await;
            let outcome = match waited {
                Waited::Done(Some(outcome)) => outcome,
                Waited::Done(None) => continue,
                Waited::Slow => return self.conclude(Ending::Slow, stored),
                Waited::Late => {
                    if may_join {
                        joined.push(JoinedFill::new(fill, true));
                    }
                    continue;
                }
            };
            match (outcome, &stored.fallback) {
                (Outcome::Shared(entry), _) if self.is_answered_by(&entry, true) => {
                    return self.conclude(Ending::Joined(entry), stored);
                }
                (Outcome::Failed(_) | Outcome::Aborted, Some(fallback)) => {
                    return self.answer_from(fallback, CacheStatus::Stale);
                }
                (Outcome::Failed(Some(failure)), None) if self.protocol.accepts_failure(&failure) => {
                    return self.conclude(Ending::Failed(failure), stored);
                }
                // No answer for this request, or a failure of another type: one of the waiters leads next.
                (Outcome::Shared(_) | Outcome::Aborted | Outcome::Failed(Some(_)), _)
                    if unanswered < MAX_UNANSWERED =>
                {
                    unanswered += 1
                }
                _ => {
                    return self
                        .serve_uncached(NotStoredReason::HitForMiss, stored, origin)
                        .await;
                }
            }
        }
    }

    /// A request past its deadline leads at once, beside the current fill.
    fn local_role(&self, deadlines: &Deadlines, joined: &mut Vec<JoinedFill>) -> Role {
        let flights = &self.engine.flights;
        let slot = &self.target.slot;
        if !deadlines.are_late() {
            return flights.join_or_lead(slot, self.began, || self.engine.fill_permit());
        }
        let (leader, other) = flights.lead_beside(slot, self.began, self.engine.fill_permit());
        joined.extend(other.map(|other| JoinedFill::new(other, true)));
        Role::Leader(leader)
    }

    /// The entry of the first of these fills that ends with one for this request. Never completes if none does.
    pub(super) async fn first_entry(&self, joined: Vec<JoinedFill>) -> Arc<Entry> {
        let mut fills: FuturesUnordered<_> = joined.into_iter().map(|fill| fill.entry(self)).collect();
        match fills.next().await {
            Some(entry) => entry,
            None => pending().await,
        }
    }
}

/// The outcome of a fill that may be joined; `None` when another one has ended.
async fn outcome_or_end(fill: &Waiter, may_join: bool) -> Option<Outcome> {
    match may_join {
        true => Some(fill.clone().outcome().await),
        false => {
            fill.clone().released().await;
            None
        }
    }
}
