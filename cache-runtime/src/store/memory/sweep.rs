//! Drops what the memory store can no longer serve.

use super::{MemoryStore, stored::Stored, time_slice::TimeSlice};

impl MemoryStore {
    /// Drops expired and invalidated entries, expired leases and unused tags. It yields to other tasks often, however much
    /// there is to drop.
    ///
    /// # Cancel safety
    /// Safe: the rest is dropped by the next sweep.
    pub(crate) async fn sweep(&self) {
        let now = self.clock.now();
        let is_over = |stored: &Stored| stored.entry.expires() <= now || !stored.is_valid();
        let mut slice = TimeSlice::new();
        // No lock is held from one entry to the next.
        let mut entries = self.entries.iter();
        // An iterator over a table that has become empty would take long to reach its end.
        while !self.entries.is_empty()
            && let Some((key, stored)) = entries.next()
        {
            if is_over(&stored) {
                // Dropped outside the lock, one at a time.
                drop((stored, self.entries.remove_if(&key, is_over)));
            }
            slice.step().await;
        }
        // Before the tags, which the terms of leases hold.
        for () in self.leases.sweep(now) {
            slice.large_step().await;
        }
        for () in self.tags.sweep() {
            slice.large_step().await;
        }
    }
}
