//! Background refresh: an entry answers the request, and a fill replaces it in the background.

use std::sync::Arc;

use tokio::runtime::Handle;
use tracing::Instrument;

use super::{Request, fill::Fill};
use crate::{
    engine::{
        Engine,
        fill::FillContext,
        protocol::{Protocol, Run},
        spawn,
    },
    entry::Entry,
    store::{LeaseOutcome, LeaseRequest, Snapshot},
    telemetry::events,
};

impl<P: Protocol> Request<P> {
    /// Refreshes the entry in the background, unless that is under way. Even the lease is requested there.
    pub(super) fn refresh(
        &self,
        runtime: &Handle,
        entry: &Arc<Entry>,
        snapshot: Snapshot,
        origin: P::Origin,
    ) {
        if self.options.not_storable.is_some() || self.options.only_if_cached {
            return;
        }
        let Engine {
            refreshes, counters, ..
        } = &*self.engine;
        let Some(refreshing) = refreshes.begin(&self.target.slot.key, &counters.rejected.refreshes) else {
            return;
        };
        let Some(permit) = self.engine.fill_permit() else {
            counters.rejected.fills.increment();
            return;
        };
        let leader = self.engine.flights.lead(permit);
        let ask = LeaseRequest {
            token: leader.token(),
            snapshot,
            replaces: None,
        };
        let context = FillContext {
            has_fallback: true,
            has_fresh: !entry.remaining_ttl(self.engine.clock.now()).is_zero(),
            ..self.fill_context(leader)
        };
        let run = Run {
            is_shared: true,
            stored: self.options.validates.then(|| Arc::clone(entry)),
        };
        let work = async move {
            let guard = &context.engine.guard;
            let leased = guard
                .call_in_background(guard.store().lease(&context.target.slot, &ask))
                .await;
            if let Ok(LeaseOutcome::Granted(grant)) = leased {
                let span = events::fill(&context.target.slot.key);
                let context = FillContext {
                    grant: Some(grant),
                    ..context
                };
                let mut fill = Fill::<P> { context, reply: None };
                fill.run(origin, run).instrument(span).await;
            }
            drop(refreshing);
        };
        spawn(runtime, Box::pin(work));
    }
}
