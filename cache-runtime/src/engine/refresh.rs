//! Background refresh: fills behind a response that an entry answered. One for each key, and a limited number at once.

use std::{collections::HashSet, sync::Arc};

use tokio::runtime::Handle;
use tracing::Instrument;

use super::{
    Engine, Request,
    fill::{Fill, FillContext},
    protocol::{Protocol, Run},
    spawn,
};
use crate::{
    entry::Entry,
    http as rules,
    store::{LeaseOutcome, LeaseRequest, Snapshot},
    sync::{Mutex, lock},
    telemetry::{events, recorder::Counter},
};

/// The keys for which this process works in the background.
#[derive(Debug)]
pub(crate) struct Refreshes {
    keys: Mutex<HashSet<Arc<str>>>,
    max: usize,
}

/// The right to work for one key in the background, until it is dropped.
pub(super) struct RefreshPermit {
    refreshes: Arc<Refreshes>,
    key: Arc<str>,
}

impl Refreshes {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            keys: Mutex::default(),
            max,
        }
    }

    /// `None` when the key is being worked for, or the limit is reached, which counts as `rejected`.
    pub(super) fn begin(self: &Arc<Self>, key: &Arc<str>, rejected: &Counter) -> Option<RefreshPermit> {
        let mut keys = lock(&self.keys);
        if keys.contains(key) {
            return None;
        }
        if keys.len() >= self.max {
            rejected.increment();
            return None;
        }
        keys.insert(Arc::clone(key));
        Some(RefreshPermit {
            refreshes: Arc::clone(self),
            key: Arc::clone(key),
        })
    }
}

impl Drop for RefreshPermit {
    fn drop(&mut self) {
        lock(&self.refreshes.keys).remove(&self.key);
    }
}

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
            has_fresh: !rules::remaining_ttl(entry, self.engine.clock.now()).is_zero(),
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
