//! Keeping a lease while a run lasts.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, join_all};
use tokio::{
    runtime::Handle,
    sync::watch,
    task::AbortHandle,
    time::{self, Instant},
};

use super::{Engine, spawn};
use crate::{
    store::{Budget, LEASE_TTL, Mark, Slot, Token},
    sync::{Mutex, lock},
};

/// How long a lease is renewed.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// Between two tries to give a lease back.
const RELEASE_PAUSE: Duration = Duration::from_millis(100);

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
        /// When the store last confirmed the lease; closed when the lease is renewed no more.
        confirmed: watch::Receiver<Instant>,
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
        let (confirm, confirmed) = watch::channel(began);
        let (engine, slot) = (Arc::clone(engine), slot.clone());
        let task = tokio::spawn(async move {
            renew(&engine, &slot, token, &confirm).await;
            drop(confirm);
        });
        Self::Renewed {
            _task: Task(task.abort_handle()),
            _held: held,
            confirmed,
        }
    }

    /// Whether the lease was not confirmed for as long as it stands, so that another may have taken over.
    pub(super) fn may_have_lapsed(&self) -> bool {
        match self {
            Self::Stands { until } => Instant::now() > *until,
            Self::Renewed { confirmed, .. } => has_lapsed(*confirmed.borrow()),
        }
    }

    /// Waits until the lease stands no more, or is left to lapse.
    pub(super) fn ended(&self) -> BoxFuture<'static, ()> {
        match self {
            Self::Stands { until } => Box::pin(time::sleep_until(*until)),
            Self::Renewed { confirmed, .. } => {
                let mut confirmed = confirmed.clone();
                Box::pin(async move { while confirmed.changed().await.is_ok() {} })
            }
        }
    }
}

/// Gives a lease back as soon as the store acknowledges it, for as long as it may stand: other replicas wait for it.
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

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn renew(engine: &Engine, slot: &Slot, token: Token, confirm: &watch::Sender<Instant>) {
    let guard = &engine.guard;
    let started = Instant::now();
    while started.elapsed() < LONGEST {
        time::sleep(LEASE_TTL / 3).await;
        let asked = Instant::now();
        match guard.call_in_background(guard.store().renew(slot, token)).await {
            Ok(true) => _ = confirm.send_replace(asked),
            Ok(false) => return,
            // No answer: the next try may still be in time.
            Err(_) => {}
        }
    }
}

/// Whether a lease that was confirmed then stands no more, unless it was confirmed since.
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
