//! Deletes what an eviction of everything has left in the store.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::engine::Engine;

/// At most one purge runs, and at most one waits.
#[derive(Debug)]
pub(crate) struct Purges {
    waiting: Semaphore,
    running: Semaphore,
}

impl Default for Purges {
    fn default() -> Self {
        Self {
            waiting: Semaphore::new(1),
            running: Semaphore::new(1),
        }
    }
}

impl Engine {
    /// Deletes the entries that are invalid by now. A purge that fails ends: the rest of the entries expire.
    pub(super) async fn purge(self: Arc<Self>) {
        // A purge that waits will also see what this one would delete.
        let Ok(waits) = self.purges.waiting.try_acquire() else {
            return;
        };
        let _running = self.purges.running.acquire().await;
        drop(waits);
        let (guard, store) = (&self.guard, self.guard.store());
        // An entry from this millisecond is kept: it may have been stored after the eviction.
        let before = self.clock.now();
        let mut from = Some(0);
        while let Some(cursor) = from {
            let purged = guard
                .call_in_background(store.purge(self.names.prefix(), before, cursor))
                .await;
            from = purged.ok().flatten();
        }
    }
}
