//! Whether anybody needs the store, and so its probe.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time,
};

/// So many probes without a call in between are enough.
const IDLE_PROBES: u32 = 10;

/// The least time between a failure and the probe that it hurries.
const BREATH: Duration = Duration::from_millis(20);

/// Calls note it, the probe obeys it.
#[derive(Debug)]
pub(super) struct Need {
    /// There was a call since the last probe.
    noted: AtomicBool,
    resting: watch::Sender<bool>,
    wake: Notify,
}

/// Whether the store is being probed.
pub(super) enum Awake<F> {
    Yes,
    /// It was not for a while; ready when it has been.
    NotYet(F),
}

impl Default for Need {
    fn default() -> Self {
        Self {
            noted: AtomicBool::new(true),
            resting: watch::Sender::new(false),
            wake: Notify::new(),
        }
    }
}

impl Need {
    /// Somebody is about to ask the store.
    pub(super) fn note(&self) -> Awake<impl Future<Output = ()> + Send + use<'_>> {
        self.noted.store(true, Ordering::SeqCst);
        if !*self.resting.borrow() {
            return Awake::Yes;
        }
        self.wake.notify_one();
        let mut resting = self.resting.subscribe();
        // An error would mean that the sender is gone, and `self` holds it.
        Awake::NotYet(async move { _ = resting.wait_for(|resting| !resting).await })
    }

    /// The next probe is due at once.
    pub(super) fn hurry(&self) {
        self.wake.notify_one();
    }

    /// Waits until the next probe is due: after this time, or when there is need again after a rest. `idle` counts the
    /// probes without need before.
    pub(super) async fn pause(&self, period: Duration, idle: &mut u32) {
        if time::timeout(period, self.wake.notified()).await.is_ok() {
            return time::sleep(BREATH).await;
        }
        *idle += 1;
        if self.noted.swap(false, Ordering::SeqCst) {
            *idle = 0;
        }
        if *idle < IDLE_PROBES {
            return;
        }
        *idle = 0;
        self.resting.send_replace(true);
        // Calls that came before that saw no rest.
        if !self.noted.load(Ordering::SeqCst) {
            self.wake.notified().await;
        }
    }

    /// The probe is over, however it went.
    pub(super) fn probed(&self) {
        self.resting.send_replace(false);
    }
}
