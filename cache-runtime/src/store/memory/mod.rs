//! The memory store: entries in this process, bounded in bytes.
//!
//! Every change of a slot happens under the lock of its lease, so an eviction and a commit never interleave.

mod terms;
mod tags;
mod leases;
mod stored;
mod size;
mod time_slice;
mod slots;
mod sweep;

use std::{fmt, future::ready, sync::Arc, time::Duration};

use quick_cache::{DefaultHashBuilder, sync::Cache as QuickCache};

use self::{
    leases::Leases,
    size::HOT_SHARE,
    stored::{BySize, Stored},
    tags::Tags,
};
use super::{
    CommitOutcome, Grant, Holder, LeaseOutcome, LeaseRequest, Mark, ReadOutcome, Slot, Store, StoreFuture,
    Token, WriteRequest,
};
use crate::{
    clock::{Clock, Timestamp},
    entry::Entry,
};

/// A store in this process's memory: resistant to scans, bounded in bytes, and read without copying an entry.
///
/// An application opens it with its cache:
///
/// ```
/// use handler_cache::Cache;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), handler_cache::Error> {
/// let cache = Cache::init("shop", "memory://").await?;
/// assert_eq!(cache.store(), "memory");
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// Every call has taken effect when it returns its future, except [`purge`](Store::purge), whose rest the next one does.
pub struct MemoryStore {
    entries: QuickCache<Arc<str>, Stored, BySize>,
    /// The size of the largest entry that a shard takes, in bytes.
    max_entry: u64,
    leases: Leases,
    tags: Tags,
    clock: Clock,
}

impl MemoryStore {
    /// The TTL of a lease, which is longer than that of other stores.
    pub(crate) const LEASE_TTL: Duration = leases::LEASE_TTL;

    /// A store of at most `capacity` bytes that takes entries with bodies of `max_body` bytes, if it can take them at all.
    pub(crate) fn new(capacity: u64, max_body: usize, clock: Clock) -> Self {
        let entries = QuickCache::with_options(
            size::options(capacity, max_body),
            BySize,
            DefaultHashBuilder::default(),
            Default::default(),
        );
        Self {
            max_entry: (entries.shard_capacity() as f64 * HOT_SHARE) as u64,
            entries,
            leases: Leases::new(),
            tags: Tags::new(),
            clock,
        }
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The size of all entries, in bytes.
    pub fn weight(&self) -> u64 {
        self.entries.weight()
    }
}

impl Store for MemoryStore {
    fn peek(&self, key: &str) -> Option<Arc<Entry>> {
        let stored = self.entries.get(key)?;
        stored.is_valid().then_some(stored.entry)
    }

    fn read<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, ReadOutcome> {
        Box::pin(ready(Ok(self.read_now(slot))))
    }

    fn lease<'a>(&'a self, slot: &'a Slot, request: &'a LeaseRequest) -> StoreFuture<'a, LeaseOutcome> {
        Box::pin(ready(Ok(self.lease_now(slot, request))))
    }

    fn holder<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, Option<Holder>> {
        let holder = self.leases.lock(&slot.key).holder(&slot.key, self.clock.now());
        Box::pin(ready(Ok(holder)))
    }

    fn renew<'a>(&'a self, slot: &'a Slot, token: Token) -> StoreFuture<'a, bool> {
        let renewed = self
            .leases
            .lock(&slot.key)
            .renew(&slot.key, token, self.clock.now());
        Box::pin(ready(Ok(renewed)))
    }

    fn commit<'a>(
        &'a self,
        slot: &'a Slot,
        grant: Grant,
        entry: &'a Arc<Entry>,
    ) -> StoreFuture<'a, CommitOutcome> {
        Box::pin(ready(self.commit_now(slot, grant, entry)))
    }

    fn release<'a>(
        &'a self,
        slot: &'a Slot,
        token: Token,
        mark: Option<(Mark, Duration)>,
    ) -> StoreFuture<'a, ()> {
        self.release_now(slot, token, mark);
        Box::pin(ready(Ok(())))
    }

    fn extend_mark<'a>(&'a self, slot: &'a Slot, mark: Mark, ttl: Duration) -> StoreFuture<'a, ()> {
        let now = self.clock.now();
        self.leases.lock(&slot.key).extend_mark(&slot.key, mark, now, ttl);
        Box::pin(ready(Ok(())))
    }

    fn write<'a>(&'a self, slot: &'a Slot, request: WriteRequest) -> StoreFuture<'a, bool> {
        Box::pin(ready(self.write_now(slot, request)))
    }

    fn evict<'a>(&'a self, keys: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        self.evict_now(keys);
        Box::pin(ready(Ok(())))
    }

    fn invalidate_tags<'a>(&'a self, tags: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        self.tags.invalidate(tags);
        Box::pin(ready(Ok(())))
    }

    fn purge<'a>(
        &'a self,
        _prefix: &'a str,
        _before: Timestamp,
        _cursor: u64,
    ) -> StoreFuture<'a, Option<u64>> {
        Box::pin(async {
            self.sweep().await;
            Ok(None)
        })
    }

    fn ping(&self) -> StoreFuture<'_, Option<Timestamp>> {
        Box::pin(ready(Ok(None)))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("entries", &self.entries.len())
            .field("weight", &self.entries.weight())
            .field("capacity", &self.entries.capacity())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "test-util"))]
mod tests;

#[cfg(test)]
#[cfg(shuttle)]
mod interleavings;
