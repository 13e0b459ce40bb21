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
    /// Nanoseconds spent through all handles; `None` for the only handle.
    shared: Option<Arc<AtomicU64>>,
    /// Spent through this handle.
    own: Duration,
}

impl Budget {
    /// A budget with several handles.
    pub(crate) fn shared() -> Self {
        Self {
            shared: Some(Arc::default()),
            own: Duration::ZERO,
        }
    }

    /// Another handle to the same store time; for a budget with one handle, a new one.
    pub(crate) fn share(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            own: Duration::ZERO,
        }
    }

    /// The time spent through this handle.
    pub(crate) fn spent(&self) -> Duration {
        self.own
    }

    /// What remains of `total`.
    pub(super) fn remaining(&self, total: Duration) -> Duration {
        let spent = match &self.shared {
            Some(shared) => Duration::from_nanos(shared.load(Ordering::Relaxed)),
            None => self.own,
        };
        total.saturating_sub(spent)
    }

    pub(super) fn spend(&mut self, time: Duration) {
        self.own += time;
        if let Some(shared) = &self.shared {
            let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            shared.fetch_add(nanos, Ordering::Relaxed);
        }
    }
}
