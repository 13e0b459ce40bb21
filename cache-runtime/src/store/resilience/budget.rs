//! The time that one request may spend waiting for stores.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A handle to the store time of one request. Its reads, leases and evictions all draw from it, also those of several
/// caches.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// Nanoseconds spent through all handles.
    spent: Arc<AtomicU64>,
    /// Spent through this handle.
    own: Duration,
}

impl Budget {
    /// Another handle to the same store time.
    pub(crate) fn share(&self) -> Self {
        Self {
            spent: Arc::clone(&self.spent),
            own: Duration::ZERO,
        }
    }

    /// The time spent through this handle.
    pub(crate) fn spent(&self) -> Duration {
        self.own
    }

    /// What remains of `total`.
    pub(super) fn remaining(&self, total: Duration) -> Duration {
        total.saturating_sub(Duration::from_nanos(self.spent.load(Ordering::Relaxed)))
    }

    pub(super) fn spend(&mut self, time: Duration) {
        self.own += time;
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.spent.fetch_add(nanos, Ordering::Relaxed);
    }
}
