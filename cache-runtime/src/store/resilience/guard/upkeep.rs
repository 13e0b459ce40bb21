//! The background task of a store: probes it, or sweeps it if it is in memory.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, join};
use tokio::{runtime::Handle, time};

use super::{Backend, Guard, Remote, calls::within};
use crate::{store::StoreError, telemetry::events};

/// How long a probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// How often the memory store is swept.
const SWEEP_PERIOD: Duration = Duration::from_secs(10);

impl Guard {
    /// Starts the background task, which ends with the guard.
    ///
    /// A store outside this process is probed once before this returns, then periodically, beside the future that
    /// `companion` makes. When the runtime ends, the next call of the store starts both again in its own runtime.
    ///
    /// # Panics
    /// Outside a Tokio runtime, and in one without timers.
    pub(crate) async fn start(
        self: &Arc<Self>,
        companion: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        // Panics early in a runtime without timers.
        time::sleep(Duration::ZERO).await;
        match &self.backend {
            Backend::Memory { .. } => self.start_sweeps(),
            Backend::Remote(remote) => {
                events::connect_begin(&remote.store);
                if let Err(error) = self.probe(remote).await {
                    remote.breaker.outage_was_logged();
                    events::connect_fail(&remote.store, &error);
                }
                self.start_probes(companion);
            }
        }
    }

    fn start_sweeps(self: &Arc<Self>) {
        let guard = Arc::downgrade(self);
        let start = move |runtime: &Handle| runtime.spawn(sweep_periodically(guard.clone())).abort_handle();
        let task = start(&Handle::current());
        self.background.install(task, Box::new(start));
    }

    fn start_probes(
        self: &Arc<Self>,
        companion: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        let guard = Arc::downgrade(self);
        let task = tokio::spawn(join(probe_periodically(guard.clone()), companion()));
        let restart = move |runtime: &Handle| {
            let upkeep = reconnect_and_probe(guard.clone(), companion());
            runtime.spawn(upkeep).abort_handle()
        };
        self.background.install(task.abort_handle(), Box::new(restart));
    }

    /// Asks the store for its time. The breaker closes if the answer comes within the budget of a request.
    async fn probe(&self, remote: &Remote) -> Result<(), StoreError> {
        let started = Instant::now();
        let store_time = within(PROBE_TIMEOUT, remote.store.ping()).await?;
        let round_trip = started.elapsed();
        if let Some(store_time) = store_time {
            self.clock.follow(store_time, round_trip);
        }
        // For a slower store every request would wait in vain.
        if round_trip <= self.budget && remote.breaker.close() {
            events::connect_success(&remote.store);
        }
        Ok(())
    }

    /// Probes the store. The breaker opens if it does not answer.
    async fn probe_again(&self, remote: &Remote) {
        if let Err(error) = self.probe(remote).await {
            remote.breaker.trip(&error);
        }
        remote.probes.probe_ended();
    }

    fn as_remote(&self) -> Option<&Remote> {
        match &self.backend {
            Backend::Memory { .. } => None,
            Backend::Remote(remote) => Some(remote),
        }
    }
}

/// Sweeps the memory store until the guard is dropped.
async fn sweep_periodically(guard: Weak<Guard>) {
    loop {
        time::sleep(SWEEP_PERIOD).await;
        let Some(guard) = guard.upgrade() else { return };
        if let Backend::Memory { store, usage } = &guard.backend {
            store.sweep().await;
            usage.update(store);
        }
    }
}

/// The background task in a runtime that replaces another.
async fn reconnect_and_probe(guard: Weak<Guard>, companion: BoxFuture<'static, ()>) {
    if let Some(guard) = guard.upgrade()
        && let Some(remote) = guard.as_remote()
    {
        // Fails over the connection of the runtime that has ended, and so drops it.
        let _ = within(PROBE_TIMEOUT, remote.store.ping()).await;
        guard.probe_again(remote).await;
    }
    join(probe_periodically(guard), companion).await;
}

/// Probes the store until the guard is dropped.
async fn probe_periodically(guard: Weak<Guard>) {
    let schedule = guard
        .upgrade()
        .and_then(|guard| Some(Arc::clone(&guard.as_remote()?.probes)));
    let Some(schedule) = schedule else { return };
    let mut idle_probes = 0;
    loop {
        schedule.wait_for_next(&mut idle_probes).await;
        let Some(guard) = guard.upgrade() else { return };
        if let Some(remote) = guard.as_remote() {
            guard.probe_again(remote).await;
        }
    }
}
