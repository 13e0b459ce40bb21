//! Keeping a lease while a run lasts.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, join_all};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{self, Instant},
};

use super::Engine;
use crate::{
    store::{Budget, LEASE_TTL, Slot, Token},
    sync::{Mutex, lock},
};

/// How long a lease is renewed.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// How long a lease in memory stands, which is not renewed.
const IN_MEMORY: Duration = Duration::from_secs(120);

/// What becomes of a lease while its run lasts.
#[derive(Debug)]
pub(super) enum Renewal {
    /// It is in this process's memory, and needs no renewing. Who passes a body on gives it up at this time, as if renewing
    /// had ended.
    Stands { until: Instant },
    /// It is renewed for as long as it lives, in a task of its own: a handler that computes without a pause must not lose
    /// the lease for that.
    Renewed {
        _task: Task,
        _held: Held,
        /// Closed when the lease is renewed no more.
        ended: watch::Receiver<()>,
    },
}

/// Ends with whoever holds it.
#[derive(Debug)]
pub(super) struct Task(AbortHandle);

/// The leases of this process's fills in a store outside of it.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<HashMap<Token, Slot>>);

/// A lease, listed for as long as its fill lasts.
#[derive(Debug)]
pub(super) struct Held {
    engine: Arc<Engine>,
    token: Token,
}

impl Held {
    fn new(engine: &Arc<Engine>, slot: &Slot, token: Token) -> Self {
        lock(&engine.leases.0).insert(token, slot.clone());
        Self {
            engine: Arc::clone(engine),
            token,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        lock(&self.engine.leases.0).remove(&self.token);
    }
}

impl Engine {
    /// Gives up the leases of all fills that are still running: other replicas take over at once. Renewing ends by itself,
    /// since a released lease cannot be extended, and what the fills commit is fenced.
    pub(super) async fn release_leases(&self) {
        let leases: Vec<(Token, Slot)> = lock(&self.leases.0).drain().collect();
        let (guard, store) = (&self.guard, self.guard.store());
        let released = leases.iter().map(|(token, slot)| async move {
            // Unanswered, it ends by its time.
            let released = store.release(slot, *token, None);
            let _ = guard.call(&mut Budget::default(), released).await;
        });
        join_all(released).await;
    }
}

impl Renewal {
    pub(super) fn start(engine: &Arc<Engine>, slot: &Slot, token: Token, began: Instant) -> Self {
        if engine.guard.is_memory() {
            return Self::Stands {
                until: began + IN_MEMORY,
            };
        }
        let held = Held::new(engine, slot, token);
        let (renewing, ended) = watch::channel(());
        let (engine, slot) = (Arc::clone(engine), slot.clone());
        let task = tokio::spawn(async move {
            renew(&engine, &slot, token).await;
            drop(renewing);
        });
        Self::Renewed {
            _task: Task(task.abort_handle()),
            _held: held,
            ended,
        }
    }

    /// Waits until the lease stands no more, or is left to lapse.
    pub(super) fn ended(&self) -> BoxFuture<'static, ()> {
        match self {
            Self::Stands { until } => Box::pin(time::sleep_until(*until)),
            Self::Renewed { ended, .. } => {
                let mut ended = ended.clone();
                Box::pin(async move { while ended.changed().await.is_ok() {} })
            }
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn renew(engine: &Engine, slot: &Slot, token: Token) {
    let guard = &engine.guard;
    let started = Instant::now();
    while started.elapsed() < LONGEST {
        time::sleep(LEASE_TTL / 3).await;
        // No answer: the next try may still be in time.
        if let Ok(false) = guard.behind(guard.store().renew(slot, token)).await {
            return;
        }
    }
}
