//! Keeps requests from a store that does not answer.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::StoreError;
use crate::{
    sync::{Mutex, lock},
    telemetry::{events, recorder::Gauge},
};

/// Failures in a row that open the breaker.
const THRESHOLD: u32 = 5;

/// How often it is said that the store refuses, or is still away.
const REPEAT: Duration = Duration::from_secs(60);

/// Open: the store is not asked. Opens on failures in a row, closes when a probe is answered.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: AtomicU32,
    open: watch::Sender<bool>,
    ailing: Gauge,
    away: Complaint,
    /// The store may refuse each request.
    refuses: Complaint,
}

/// What is said once in a while, for as long as it holds.
#[derive(Debug, Default)]
struct Complaint(Mutex<Option<Instant>>);

impl Complaint {
    /// Whether to say it now; then it is taken for said.
    fn is_due(&self) -> bool {
        let mut told = lock(&self.0);
        let due = told.is_none_or(|told| told.elapsed() >= REPEAT);
        if due {
            *told = Some(Instant::now());
        }
        due
    }

    /// It holds no more.
    fn end(&self) {
        *lock(&self.0) = None;
    }
}

impl Breaker {
    /// Starts open: the first probe closes it.
    pub(super) fn new(ailing: Gauge) -> Self {
        ailing.set(1);
        Self {
            ailing,
            failures: AtomicU32::new(0),
            open: watch::Sender::new(true),
            away: Complaint::default(),
            refuses: Complaint::default(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        *self.open.borrow()
    }

    /// The store answered a probe. Whether that closed it.
    pub(super) fn close(&self) -> bool {
        self.failures.store(0, Ordering::Relaxed);
        let closed = self.set(false);
        if closed {
            self.away.end();
        }
        closed
    }

    /// Stays open; the reason was logged.
    pub(super) fn stays_open(&self) {
        self.away.is_due();
    }

    /// Waits until the breaker is closed.
    pub(super) async fn closed(&self) {
        let _ = self.open.subscribe().wait_for(|open| !*open).await;
    }

    /// Waits until the breaker is open.
    pub(super) async fn opened(&self) {
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }

    pub(super) fn counted<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        match &answer {
            Err(error) if error.is_unavailable() => {
                if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= THRESHOLD {
                    self.ails(error);
                }
            }
            Err(error) => {
                self.failures.store(0, Ordering::Relaxed);
                if self.refuses.is_due() {
                    events::store_refuses(error);
                }
            }
            Ok(_) => self.failures.store(0, Ordering::Relaxed),
        }
        answer
    }

    /// Opens, if it is not open.
    pub(super) fn ails(&self, error: &StoreError) {
        self.set(true);
        if self.away.is_due() {
            events::store_ailing(error);
        }
    }

    /// Whether that changed it.
    pub(super) fn set(&self, open: bool) -> bool {
        let changed = self
            .open
            .send_if_modified(|now| std::mem::replace(now, open) != open);
        // Not under the lock: whoever is told may ask in turn.
        if changed {
            self.ailing.set(usize::from(open));
        }
        changed
    }
}
