//! When the store is probed: each second while it is used, soon after a failure, and not at all while nothing calls it.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time,
};

/// How often the store is probed while it is used.
const PERIOD: Duration = Duration::from_secs(1);

/// After this many probes in a row without a call between them, probing pauses.
const MAX_IDLE_PROBES: u32 = 10;

/// The delay between a failure and the probe that it requests.
const FAILURE_DELAY: Duration = Duration::from_millis(20);

/// Shared by the calls, which show that the store is used, and the task that probes it.
#[derive(Debug)]
pub(super) struct ProbeSchedule {
    /// Whether there was a call since the last probe.
    is_used: AtomicBool,
    is_paused: watch::Sender<bool>,
    wake: Notify,
}

/// Whether the store is being probed.
pub(super) enum Probing<F> {
    Active,
    /// Paused until now. The future is ready after the next probe.
    Resuming(F),
}

impl Default for ProbeSchedule {
    fn default() -> Self {
        Self {
            is_used: AtomicBool::new(true),
            is_paused: watch::Sender::new(false),
            wake: Notify::new(),
        }
    }
}

impl ProbeSchedule {
    /// Notes that the store is about to be called, and ends a pause.
    pub(super) fn note_call(&self) -> Probing<impl Future<Output = ()> + Send + use<'_>> {
        self.is_used.store(true, Ordering::SeqCst);
        if !*self.is_paused.borrow() {
            return Probing::Active;
        }
        self.wake.notify_one();
        let mut is_paused = self.is_paused.subscribe();
        // Fails only without a sender, and `self` holds it.
        Probing::Resuming(async move { _ = is_paused.wait_for(|is_paused| !is_paused).await })
    }

    /// Makes the next probe due after [`FAILURE_DELAY`].
    pub(super) fn request_probe(&self) {
        self.wake.notify_one();
    }

    /// Waits until the next probe is due. `idle_probes` counts the probes without a call before them.
    pub(super) async fn wait_for_next(&self, idle_probes: &mut u32) {
        if time::timeout(PERIOD, self.wake.notified()).await.is_ok() {
            return time::sleep(FAILURE_DELAY).await;
        }
        *idle_probes += 1;
        if self.is_used.swap(false, Ordering::SeqCst) {
            *idle_probes = 0;
        }
        if *idle_probes < MAX_IDLE_PROBES {
            return;
        }
        *idle_probes = 0;
        self.is_paused.send_replace(true);
        // A call that came just before saw no pause, so it wakes nobody.
        if !self.is_used.load(Ordering::SeqCst) {
            self.wake.notified().await;
        }
    }

    /// A probe has ended, with or without an answer.
    pub(super) fn probe_ended(&self) {
        self.is_paused.send_replace(false);
    }
}
