//! The evictions of one request, and what happens to them when the request is interrupted.

use std::sync::Arc;

use futures_util::{FutureExt as _, future::join_all};
use tokio::runtime::Handle;

use crate::{
    engine::{Engine, Eviction},
    store::Budget,
};

/// Evictions from one cache.
#[derive(Debug)]
pub(crate) struct EvictionBatch {
    pub(crate) engine: Arc<Engine>,
    pub(crate) evictions: Vec<Eviction>,
    /// A request may be dropped outside of its runtime.
    pub(crate) runtime: Option<Handle>,
    /// The request was interrupted, so that its commit may still be on its way to the database.
    pub(crate) is_interrupted: bool,
}

impl EvictionBatch {
    pub(super) fn append(&mut self, other: Self) {
        self.evictions.extend(other.evictions);
        self.runtime = self.runtime.take().or(other.runtime);
        self.is_interrupted |= other.is_interrupted;
    }

    async fn evict(&self, mut budget: Budget) {
        // A failure is logged, and retried.
        let _ = self.engine.evict_within(&mut budget, &self.evictions).await;
        if self.is_interrupted {
            self.engine.repeat(&self.evictions, self.runtime.as_ref());
        }
    }

    /// Evicts now, and once more a little later.
    fn evict_in_background(&self) {
        if self.engine.guard.is_memory() {
            // Memory never waits.
            let _ = self.engine.evict_all_of(&self.evictions).now_or_never();
        } else {
            self.engine.evict_in_background(&self.evictions);
            // Without a runtime the next attempt follows within a second.
            if let Some(runtime) = &self.runtime {
                self.engine.retry_evictions_now(runtime);
            }
        }
        self.engine.repeat(&self.evictions, self.runtime.as_ref());
    }
}

/// Evictions to carry out. Dropped before they are, they continue in the background.
#[derive(Debug)]
#[must_use = "dropped, it evicts as if the request had been cancelled"]
pub(crate) struct PendingEvictions(pub(super) Vec<EvictionBatch>);

impl PendingEvictions {
    pub(crate) fn one(evictions: EvictionBatch) -> Self {
        Self(vec![evictions])
    }

    /// Marks the evictions as interrupted if the response is a failure: a layer may have failed during its commit.
    pub(crate) fn interrupted_unless(mut self, has_succeeded: bool) -> Self {
        for evictions in &mut self.0 {
            evictions.is_interrupted |= !has_succeeded;
        }
        self
    }

    /// Evicts from all caches concurrently, with one call each.
    ///
    /// # Cancel safety
    /// If cancelled, the evictions continue in the background.
    pub(crate) async fn finish(mut self, budget: Budget) {
        let each = self.0.iter().map(|evictions| evictions.evict(budget.share()));
        join_all(each).await;
        self.0.clear();
    }
}

impl Drop for PendingEvictions {
    fn drop(&mut self) {
        for evictions in &self.0 {
            evictions.evict_in_background();
        }
    }
}
