//! Runs behind a response that was served from an entry: one for each key, and so many at once.

use std::{collections::HashSet, future::Future, sync::Arc};

use axum::response::Response;
use tokio::runtime::Handle;
use tracing::Instrument;

use super::{Engine, Request, Run, fill::Fill, nesting::Filling, serve::Accepts, spawn};
use crate::{
    engine::flight::Seat,
    entry::Entry,
    http as rules,
    store::{HIT_FOR_MISS_TTL, LeaseOutcome, LeaseRequest, Snapshot},
    sync::{Mutex, MutexGuard, lock},
    telemetry::{events, recorder::Counter},
};

/// The keys that this process renews now.
#[derive(Debug)]
pub(crate) struct Refreshes {
    under_way: Mutex<HashSet<Arc<str>>>,
    most: usize,
}

/// The right to renew one key.
pub(super) struct Pass {
    refreshes: Arc<Refreshes>,
    key: Arc<str>,
}

impl Refreshes {
    /// At most this many at once.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            under_way: Mutex::default(),
            most,
        }
    }

    pub(super) fn begin(self: &Arc<Self>, key: &Arc<str>, refused: &Counter) -> Option<Pass> {
        let mut under_way = self.lock();
        if under_way.contains(key) {
            return None;
        }
        if under_way.len() >= self.most {
            refused.increment();
            return None;
        }
        under_way.insert(Arc::clone(key));
        Some(Pass {
            refreshes: Arc::clone(self),
            key: Arc::clone(key),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        lock(&self.under_way)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.refreshes.lock().remove(&self.key);
    }
}

impl Request {
    /// Renews the entry that was read, if nobody does yet. Not even the lease is on the response's path.
    pub(super) fn refresh<F, Fut>(&self, runtime: &Handle, entry: &Arc<Entry>, snapshot: Snapshot, handler: F)
    where
        F: FnOnce(Run) -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        // A HEAD has no body to store, and some ask for what is there alone.
        if !self.constraints.fills || self.constraints.only_if_cached {
            return;
        }
        let Engine {
            refreshes, counters, ..
        } = &*self.engine;
        let Some(pass) = refreshes.begin(&self.slot.key, &counters.rejected.refreshes) else {
            return;
        };
        let Some(permit) = self.engine.permit() else {
            counters.rejected.fills.increment();
            return;
        };
        let seat = self.engine.flights.seat(permit);
        let ask = LeaseRequest {
            token: seat.token(),
            snapshot,
            replaces: None,
        };
        let fill = self.fill(seat);
        let has_fresh = !rules::remaining_ttl(entry, self.engine.clock.now()).is_zero();
        let run = Run {
            is_shared: true,
            stored: self.policy.http.map(|_| Arc::clone(entry)),
        };
        let refresh = async move {
            let guard = &fill.engine.guard;
            let leased = guard
                .call_in_background(guard.store().lease(&fill.slot, &ask))
                .await;
            if let Ok(LeaseOutcome::Granted(grant)) = leased {
                let mut fill = Fill {
                    grant: Some(grant),
                    has_stale: true,
                    has_fresh,
                    ..fill
                };
                let span = events::fill(&fill.slot.key);
                fill.run(|| handler(run)).instrument(span).await;
            }
            drop(pass);
        };
        spawn(runtime, Box::pin(refresh));
    }

    /// A run that stores nothing and answers nobody, to begin with.
    pub(super) fn fill(&self, seat: Seat) -> Fill {
        Fill {
            engine: Arc::clone(&self.engine),
            handler: self.handler,
            policy: self.policy,
            slot: self.slot.clone(),
            asked: match &self.accepts {
                Accepts::Variant(asked) => Some(Arc::clone(asked)),
                Accepts::All | Accepts::Only(_) => None,
            },
            grant: None,
            has_stale: false,
            has_fresh: false,
            resource: Arc::clone(&self.resource),
            began: self.engine.clock.now(),
            stores_first: self.request.forces_refresh,
            pass_ttl: HIT_FOR_MISS_TTL,
            seat,
            renewal: None,
            filling: Filling::of(&self.engine, &self.resource),
            reply: None,
        }
    }
}
