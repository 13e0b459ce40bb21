//! Keeps the lease of a fill for as long as the fill runs.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, join_all};
use tokio::{
    runtime::Handle,
    sync::watch,
    task::AbortHandle,
    time::{self, Instant},
};

use super::FillContext;
use crate::{
    engine::{Engine, spawn},
    store::{Budget, LEASE_TTL, Mark, MemoryStore, Slot, Token},
    sync::{Mutex, lock},
};

/// How long a lease is renewed.
const MAX_RENEWAL: Duration = Duration::from_secs(60);

/// Between two attempts to release a lease.
const RELEASE_PAUSE: Duration = Duration::from_millis(100);

/// The renewal of a fill's lease.
#[derive(Debug)]
pub(in crate::engine) enum LeaseRenewal {
    /// A lease in this process's memory needs none.
    Memory { until: Instant },
    /// Renewed in a task of its own: a handler that does not yield must not lose its lease.
    Task {
        _task: AbortOnDrop,
        _listed: ListedLease,
        /// When the store last confirmed the lease. Closed when the lease is no longer renewed.
        confirmed: watch::Receiver<Instant>,
    },
}

#[derive(Debug)]
pub(in crate::engine) struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The leases of this process's fills in a store outside of it.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<HashMap<Token, Slot>>);

/// Lists a lease while its fill runs.
#[derive(Debug)]
pub(in crate::engine) struct ListedLease {
    engine: Arc<Engine>,
    token: Token,
}

impl ListedLease {
    fn new(engine: &Arc<Engine>, slot: &Slot, token: Token) -> Self {
        lock(&engine.leases.0).insert(token, slot.clone());
        Self {
            engine: Arc::clone(engine),
            token,
        }
    }
}

impl Drop for ListedLease {
    fn drop(&mut self) {
        lock(&self.engine.leases.0).remove(&self.token);
    }
}

impl Engine {
    /// Releases the leases of all current fills, so that other replicas take over at once. A released lease cannot be
    /// renewed, and what its fill commits is fenced.
    pub(in crate::engine) async fn release_leases(&self) {
        let leases: Vec<(Token, Slot)> = lock(&self.leases.0).drain().collect();
        let (guard, store) = (&self.guard, self.guard.store());
        let released = leases.iter().map(|(token, slot)| async move {
            // Without an answer, the lease expires by itself.
            let released = store.release(slot, *token, None);
            let _ = guard.call(&mut Budget::default(), released).await;
        });
        join_all(released).await;
    }
}

impl FillContext {
    /// Renews the lease, if there is one, until the fill is dropped.
    pub(in crate::engine) fn start_renewal(&mut self, began: Instant) {
        let (engine, slot) = (&self.engine, &self.target.slot);
        self.renewal = self
            .grant
            .map(|grant| LeaseRenewal::start(engine, slot, grant.token, began));
    }

    /// Completes when the lease is lost or no longer renewed; without a lease, after [`MAX_RENEWAL`].
    pub(crate) fn lease_ended(&self) -> BoxFuture<'static, ()> {
        match &self.renewal {
            Some(renewal) => renewal.ended(),
            None => Box::pin(time::sleep(MAX_RENEWAL)),
        }
    }
}

impl LeaseRenewal {
    fn start(engine: &Arc<Engine>, slot: &Slot, token: Token, began: Instant) -> Self {
        if engine.guard.is_memory() {
            return Self::Memory {
                until: began + MemoryStore::LEASE_TTL,
            };
        }
        let listed = ListedLease::new(engine, slot, token);
        let (confirm, confirmed) = watch::channel(began);
        let (engine, slot) = (Arc::clone(engine), slot.clone());
        let task = tokio::spawn(async move {
            renew(&engine, &slot, token, &confirm).await;
            drop(confirm);
        });
        Self::Task {
            _task: AbortOnDrop(task.abort_handle()),
            _listed: listed,
            confirmed,
        }
    }

    /// Whether the lease was not confirmed for its whole TTL, so that another fill may have taken over.
    pub(super) fn may_have_lapsed(&self) -> bool {
        match self {
            Self::Memory { until } => Instant::now() > *until,
            Self::Task { confirmed, .. } => has_lapsed(*confirmed.borrow()),
        }
    }

    fn ended(&self) -> BoxFuture<'static, ()> {
        match self {
            Self::Memory { until } => Box::pin(time::sleep_until(*until)),
            Self::Task { confirmed, .. } => {
                let mut confirmed = confirmed.clone();
                Box::pin(async move { while confirmed.changed().await.is_ok() {} })
            }
        }
    }
}

/// Releases a lease as soon as the store answers, for as long as the lease may last: other replicas wait for it.
pub(super) fn release_later(engine: &Arc<Engine>, slot: &Slot, token: Token, mark: Option<(Mark, Duration)>) {
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    let (engine, slot) = (Arc::clone(engine), slot.clone());
    let work = async move {
        let guard = &engine.guard;
        let began = Instant::now();
        while began.elapsed() < LEASE_TTL {
            time::sleep(RELEASE_PAUSE).await;
            let released = guard.call_in_background(guard.store().release(&slot, token, mark));
            if released.await.is_ok() {
                return;
            }
        }
    };
    spawn(&runtime, Box::pin(work));
}

async fn renew(engine: &Engine, slot: &Slot, token: Token, confirm: &watch::Sender<Instant>) {
    let guard = &engine.guard;
    let started = Instant::now();
    while started.elapsed() < MAX_RENEWAL {
        time::sleep(LEASE_TTL / 3).await;
        let asked = Instant::now();
        match guard.call_in_background(guard.store().renew(slot, token)).await {
            Ok(true) => _ = confirm.send_replace(asked),
            Ok(false) => return,
            // No answer: the next attempt may still be in time.
            Err(_) => {}
        }
    }
}

fn has_lapsed(confirmed: Instant) -> bool {
    confirmed.elapsed() > LEASE_TTL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_is_not_confirmed_for_its_ttl_has_lapsed() {
        let confirmed = Instant::now();
        time::advance(LEASE_TTL).await;
        assert!(!has_lapsed(confirmed));
        time::advance(Duration::from_millis(1)).await;
        assert!(has_lapsed(confirmed), "as when the process was stopped");
    }
}
