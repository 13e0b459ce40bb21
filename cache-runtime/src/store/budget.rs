//! The time that a request may spend on stores.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The store time of one request. All its work draws from it: reads, leases and evictions, of whichever cache.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// Nanoseconds spent through all handles.
    spent: Arc<AtomicU64>,
    /// Spent through this one.
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

    /// What was spent through this handle.
    pub(crate) fn spent(&self) -> Duration {
        self.own
    }

    pub(super) fn left(&self, whole: Duration) -> Duration {
        whole.saturating_sub(Duration::from_nanos(self.spent.load(Ordering::Relaxed)))
    }

    pub(super) fn spend(&mut self, time: Duration) {
        self.own += time;
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.spent.fetch_add(nanos, Ordering::Relaxed);
    }
}
