//! The circuit breaker: requests do not call a store that keeps failing.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch;

use super::rate_limited_log::RateLimitedLog;
use crate::{
    store::StoreError,
    telemetry::{events, recorder::Gauge},
};

/// How many failures in a row open the breaker.
const THRESHOLD: u32 = 5;

/// Open after [`THRESHOLD`] failures in a row, closed by the next probe that the store answers.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: AtomicU32,
    open: watch::Sender<bool>,
    /// 1 while the breaker is open.
    unavailable: Gauge,
    outage_log: RateLimitedLog,
    /// A store that is full or read-only may reject every write.
    rejection_log: RateLimitedLog,
}

impl Breaker {
    /// An open breaker: the first probe closes it.
    pub(super) fn new(unavailable: Gauge) -> Self {
        unavailable.set(1);
        Self {
            failures: AtomicU32::new(0),
            open: watch::Sender::new(true),
            unavailable,
            outage_log: RateLimitedLog::default(),
            rejection_log: RateLimitedLog::default(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        *self.open.borrow()
    }

    /// Counts a call's outcome: failures in a row open the breaker, any answer starts the count anew.
    pub(super) fn record<T>(&self, outcome: &Result<T, StoreError>) {
        match outcome {
            Err(error) if error.is_unavailable() => {
                if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= THRESHOLD {
                    self.trip(error);
                }
            }
            Err(error) => {
                self.failures.store(0, Ordering::Relaxed);
                if self.rejection_log.acquire() {
                    events::store_rejects(error);
                }
            }
            Ok(_) => self.failures.store(0, Ordering::Relaxed),
        }
    }

    /// Opens the breaker and logs why, unless it was logged a short time ago.
    pub(super) fn trip(&self, error: &StoreError) {
        self.open();
        if self.outage_log.acquire() {
            events::store_unavailable(error);
        }
    }

    /// Opens the breaker.
    pub(super) fn open(&self) {
        self.set_open(true);
    }

    /// Closes the breaker. `false` if it was closed.
    pub(super) fn close(&self) -> bool {
        self.failures.store(0, Ordering::Relaxed);
        let has_changed = self.set_open(false);
        if has_changed {
            self.outage_log.reset();
        }
        has_changed
    }

    /// The caller has logged why the breaker is open.
    pub(super) fn outage_was_logged(&self) {
        self.outage_log.acquire();
    }

    /// Waits until the breaker is closed.
    pub(super) async fn wait_until_closed(&self) {
        // Fails only without a sender, and `self` holds it.
        let _ = self.open.subscribe().wait_for(|is_open| !*is_open).await;
    }

    /// Waits until the breaker is open.
    pub(super) async fn wait_until_open(&self) {
        let _ = self.open.subscribe().wait_for(|is_open| *is_open).await;
    }

    fn set_open(&self, open: bool) -> bool {
        let has_changed = self
            .open
            .send_if_modified(|is_open| std::mem::replace(is_open, open) != open);
        // Not under the channel's lock: a metrics recorder may read the breaker.
        if has_changed {
            self.unavailable.set(usize::from(open));
        }
        has_changed
    }
}
