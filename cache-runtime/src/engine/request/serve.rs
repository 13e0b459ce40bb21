//! Serves a request: decides, fills or waits, and answers.

use tokio::runtime::Handle;
use tracing::Instrument;

use super::{
    Request,
    decide::{Decided, Decision},
    ending::Ending,
    stored::Stored,
};
use crate::{
    engine::protocol::Protocol,
    outcome::{CacheStatus, NotStoredReason},
    telemetry::events,
};

impl<P: Protocol> Request<P> {
    /// Answers the request: from an entry, by its own fill or that of another request, or by the origin alone.
    ///
    /// # Cancel safety
    /// Safe: a fill that has begun goes on and is stored.
    pub(crate) async fn serve(mut self: Box<Self>, origin: P::Origin) -> P::Answer {
        // Without timers neither the store nor other fills can be waited for.
        let runtime = Handle::try_current().ok();
        let Some(runtime) = runtime.filter(|_| !self.would_wait_for_itself()) else {
            return Box::pin(self.serve_uncached(NotStoredReason::NoLease, Stored::default(), origin)).await;
        };
        let lookup = events::lookup(&self.target.slot.key);
        let Decided { decision, stored } = self.decide().instrument(lookup).await;
        match decision {
            Decision::Serve {
                entry,
                status,
                refresh,
            } => {
                if let Some(snapshot) = refresh {
                    self.refresh(&runtime, &entry, snapshot, origin);
                }
                self.answer_from(&entry, status)
            }
            Decision::NotCached => {
                self.counters().misses.increment();
                self.protocol.not_cached()
            }
            // Boxed to keep the future of a hit small.
            Decision::Lead(leader, grant) => {
                let ending =
                    Box::pin(self.fill(&runtime, leader, Some(grant), &stored, Vec::new(), origin)).await;
                self.conclude(ending, stored)
            }
            Decision::Local(late) => Box::pin(self.serve_locally(&runtime, late, stored, origin)).await,
            Decision::Failed(failure) => self.conclude(Ending::Failed(failure), stored),
            Decision::FallbackOr(reason) => match stored.fallback {
                Some(fallback) => self.answer_from(&fallback, CacheStatus::Stale),
                None => Box::pin(self.serve_uncached(reason, stored, origin)).await,
            },
            Decision::Uncached(reason) => Box::pin(self.serve_uncached(reason, stored, origin)).await,
        }
    }

    fn would_wait_for_itself(&self) -> bool {
        !self.options.only_if_cached && self.engine.is_filled_by_this_task(&self.target.resource)
    }

    /// Runs the origin for this request alone.
    pub(super) async fn serve_uncached(
        &self,
        reason: NotStoredReason,
        stored: Stored,
        origin: P::Origin,
    ) -> P::Answer {
        let ending = self.run_uncached(reason, &stored, origin).await;
        self.conclude(ending, stored)
    }
}
