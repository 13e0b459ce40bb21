//! The keys for which this process works in the background: one task for each key, and a limited number at once.

use std::{collections::HashSet, sync::Arc};

use crate::{
    sync::{Mutex, lock},
    telemetry::recorder::Counter,
};

/// The keys for which this process works in the background.
#[derive(Debug)]
pub(crate) struct Refreshes {
    keys: Mutex<HashSet<Arc<str>>>,
    max: usize,
}

/// The right to work for one key in the background, until it is dropped.
pub(super) struct RefreshPermit {
    refreshes: Arc<Refreshes>,
    key: Arc<str>,
}

impl Refreshes {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            keys: Mutex::default(),
            max,
        }
    }

    /// `None` when the key is being worked for, or the limit is reached, which counts as `rejected`.
    pub(super) fn begin(self: &Arc<Self>, key: &Arc<str>, rejected: &Counter) -> Option<RefreshPermit> {
        let mut keys = lock(&self.keys);
        if keys.contains(key) {
            return None;
        }
        if keys.len() >= self.max {
            rejected.increment();
            return None;
        }
        keys.insert(Arc::clone(key));
        Some(RefreshPermit {
            refreshes: Arc::clone(self),
            key: Arc::clone(key),
        })
    }
}

impl Drop for RefreshPermit {
    fn drop(&mut self) {
        lock(&self.refreshes.keys).remove(&self.key);
    }
}
