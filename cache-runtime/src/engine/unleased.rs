//! A run without a lease: the store is away or refuses, or its request has waited long enough for others. Nothing is
//! stored of it; those that may have its answer share it.

use std::future::Future;

use axum::response::Response;
use tokio::{runtime::Handle, time};
use tracing::Instrument;

use super::{Request, Run, course::Spare, serve::wait};
use crate::{
    events,
    flight::{Join, Older, Outcome, Part},
    respond::Verdict,
    rules::Refusal,
};

/// So many runs may panic under a request that waits; then it runs for itself.
const MOST_VANISHED: u32 = 1;

impl Request {
    /// Leads a run that nothing is stored of, or waits for one.
    pub(super) async fn unleased<F, Fut>(
        &self,
        runtime: &Handle,
        join: Join,
        spare: Spare,
        handler: F,
    ) -> Response
    where
        F: FnOnce(Run) -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let slow = self.policy.stale_if_slow.filter(|_| spare.reserve.is_some());
        let mut vanished = 0;
        loop {
            let left = self.left();
            let limit = slow.map_or(left, |slow| slow.min(left));
            let older = match left.is_zero() {
                true => Older::IsReplaced,
                false => Older::IsWaitedFor,
            };
            let place = || self.engine.place();
            let flights = &self.engine.flights;
            let part = match flights.join_or_lead(&self.slot, join, older, place) {
                Some(Part::Leader(seat)) => return self.lead(runtime, seat, None, spare, handler).await,
                Some(part) => self.engine.may_wait().map(|waits| (part, waits)),
                None => None,
            };
            let Some((part, _waiting)) = part else {
                return match &spare.reserve {
                    Some(reserve) => self.hit(reserve, Verdict::Stale),
                    None => self.run_alone(handler, Refusal::Limit, spare).await,
                };
            };
            let waiting = async {
                match (part, join) {
                    (Part::Leader(_), _) => unreachable!("who leads does not wait"),
                    (Part::Behind(flight), _) => match time::timeout(limit, flight.gone()).await {
                        Ok(()) => Waited::ForTheNext,
                        Err(_) => Waited::TooLong,
                    },
                    // It has waited long enough for others. This run is its own, though somebody else leads it.
                    (Part::Waiter(waiter), Join::BegunAfter(_)) if slow.is_none() => {
                        Waited::For(waiter.outcome().await)
                    }
                    (Part::Waiter(waiter), _) => {
                        wait(waiter, limit).await.map_or(Waited::TooLong, Waited::For)
                    }
                }
            };
            let span = events::wait(&self.slot.key);
            match (waiting.instrument(span).await, &spare.reserve) {
                (Waited::For(Outcome::Shared(entry)), _) if self.accepts.accept(&entry) => {
                    return self.hit(&entry, Verdict::Hit);
                }
                (Waited::For(Outcome::Failed(_) | Outcome::Vanished), Some(reserve)) => {
                    return self.hit(reserve, Verdict::Stale);
                }
                (Waited::For(Outcome::Failed(Some(failure))), None) => return self.failed(&failure),
                // One of those that waited leads next; but not for ever, where each one panics.
                (Waited::For(Outcome::Shared(_) | Outcome::Vanished), _) if vanished < MOST_VANISHED => {
                    vanished += 1;
                }
                (Waited::For(_), _) => return self.run_alone(handler, Refusal::AsTheLast, spare).await,
                (Waited::ForTheNext, _) => {}
                (Waited::TooLong, Some(reserve)) if slow.is_some() => {
                    return self.hit(reserve, Verdict::Stale);
                }
                // That run goes on, so it leads another beside it.
                (Waited::TooLong, _) if matches!(join, Join::BegunAfter(_)) => {}
                (Waited::TooLong, _) => return self.run_alone(handler, Refusal::NoLease, spare).await,
            }
        }
    }
}

/// What a request has waited for.
enum Waited {
    /// A run that it may have the answer of.
    For(Outcome),
    /// The end of one that it may not, to take part in the next.
    ForTheNext,
    TooLong,
}
