//! Keeping a lease while a run lasts.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{self, Instant},
};

use super::Engine;
use crate::store::{LEASE_TTL, Slot, Token};

/// How long a run may hold its lease.
const LONGEST: Duration = Duration::from_secs(60);

/// Renews a lease for as long as it lives, in a task of its own: a handler that computes without a pause must not lose
/// the lease for that.
#[derive(Debug)]
pub(super) struct Renewal {
    task: AbortHandle,
    /// Closed when the lease is renewed no more.
    renewed: watch::Receiver<()>,
}

impl Renewal {
    pub(super) fn start(engine: &Arc<Engine>, slot: &Slot, token: Token) -> Self {
        let (renewing, renewed) = watch::channel(());
        let (engine, slot) = (Arc::clone(engine), slot.clone());
        let task = tokio::spawn(async move {
            renew(&engine, &slot, token).await;
            drop(renewing);
        });
        Self {
            task: task.abort_handle(),
            renewed,
        }
    }

    /// Waits until the lease stands no more, or is left to lapse.
    pub(super) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut renewed = self.renewed.clone();
        async move { while renewed.changed().await.is_ok() {} }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.task.abort();
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
