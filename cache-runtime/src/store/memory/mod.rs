//! Entries in this process's memory, bounded in bytes.

mod leases;
mod slices;
mod tags;

use std::{
    collections::HashMap, fmt, future::ready, slice, sync::Arc, thread::available_parallelism, time::Duration,
};

use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync::Cache as QuickCache};

use self::{
    leases::{Lease, Leases},
    slices::Slice,
    tags::{Tags, Terms},
};
use super::{
    CommitOutcome, Grant, Head, Holder, LeaseOutcome, LeaseRequest, Lookup, Mark, ReadOutcome, Slot,
    Snapshot, Store, StoreError, StoreFuture, Token, WriteRequest,
};
use crate::{
    clock::{Clock, Timestamp},
    entry::Entry,
};

/// Of a shard's share of memory quick_cache keeps the rest for newcomers; a heavier entry is refused.
const HOT_SHARE: f64 = 0.97;

/// What a slot costs besides key, headers and body, in bytes: the entry, its counts, its place in a table that grows by
/// doubling, and what an allocator rounds up.
const SLOT_OVERHEAD: usize = 512;

/// What a tag costs besides its name, in bytes: its counter and its place in the table, which is swept when half of it is
/// out of use.
const TAG_OVERHEAD: usize = 256;

/// The tags that every entry of a handler has.
const SHARED_TAGS: usize = 2;

/// Where there is room for so many, a shard holds no more bytes than this: one with many entries takes long to grow.
const SHARD: u64 = 64 * 1024 * 1024;

/// No more shards than this, whatever the capacity.
const MOST_SHARDS: u64 = 1024;

/// A typical entry, in bytes. Only sizes the table of recently evicted keys.
const TYPICAL_ENTRY: u64 = 2048;

/// Hashed as the table of the entries is, each with a seed of its own: who could make keys that meet in one place would slow
/// down that one first.
type Table<K, V> = HashMap<K, V, DefaultHashBuilder>;

/// Entries in memory: scan-resistant, weighed in bytes, handed out without a copy.
///
/// Every call is done when it returns, so cancelling one is safe. The lock of a slot's lease is held over each change of
/// the slot: an eviction and a commit never interleave.
pub struct MemoryStore {
    entries: QuickCache<Arc<str>, Stored, Weigh>,
    /// The heaviest entry a shard takes, in bytes.
    heaviest: u64,
    leases: Leases,
    tags: Tags,
    clock: Clock,
}

#[derive(Clone)]
struct Stored {
    entry: Arc<Entry>,
    token: Token,
    terms: Arc<Terms>,
    weight: u64,
}

impl Stored {
    /// Whether no tag of it was retired since.
    fn stands(&self) -> bool {
        self.terms.captures.stand()
    }
}

#[derive(Clone)]
struct Weigh;

impl Weighter<Arc<str>, Stored> for Weigh {
    fn weight(&self, _key: &Arc<str>, stored: &Stored) -> u64 {
        stored.weight
    }
}

/// What stands in a slot, servable or not.
fn head(stored: Option<&Stored>) -> Head {
    stored.map_or_else(Head::default, |stored| Head::of(&stored.token.0))
}

/// Bytes that an entry occupies, with the tags that nothing else bears, for all that is known.
fn weight(slot: &Slot, entry: &Entry) -> u64 {
    // Root and handler have theirs in common with many.
    let tags = slot.tags.iter().skip(SHARED_TAGS).chain(&entry.tags);
    let tags: usize = tags.map(|tag| tag.len() + TAG_OVERHEAD).sum();
    (SLOT_OVERHEAD + slot.key.len() + entry.headers.size() + tags + entry.body.len()) as u64
}

impl MemoryStore {
    /// How long a lease stands.
    #[cfg(feature = "test-util")]
    pub(super) const LEASE_LIFE: Duration = leases::LIFE;

    /// Holds at most `capacity` bytes, and entries of `largest_body` bytes if that is possible at all.
    pub(crate) fn new(capacity: u64, largest_body: usize, clock: Clock) -> Self {
        let parallelism = available_parallelism().map_or(1, usize::from);
        // Twice the largest entry, so that it does not empty its whole shard.
        let largest = (largest_body as u64).saturating_add(SLOT_OVERHEAD as u64);
        let roomy = capacity / largest.saturating_mul(2);
        let most = usize::try_from(roomy)
            .unwrap_or(usize::MAX)
            .min((4 * parallelism).max((capacity / SHARD).min(MOST_SHARDS) as usize))
            .max(1);
        let shards = if most.is_power_of_two() {
            most
        } else {
            most.next_power_of_two() / 2
        };
        let options = OptionsBuilder::new()
            .weight_capacity(capacity)
            .estimated_items_capacity(usize::try_from(capacity / TYPICAL_ENTRY).unwrap_or(usize::MAX))
            .hot_allocation(HOT_SHARE)
            .shards(shards)
            .build()
            .expect("capacity and estimate are set");
        let entries =
            QuickCache::with_options(options, Weigh, DefaultHashBuilder::default(), Default::default());
        Self {
            heaviest: (entries.shard_capacity() as f64 * HOT_SHARE) as u64,
            entries,
            leases: Leases::new(),
            tags: Tags::new(),
            clock,
        }
    }

    /// Entries held now.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes held now.
    pub fn weight(&self) -> u64 {
        self.entries.weight()
    }

    /// Drops what has expired or was retired, in slices: requests are served in between, however much there is. Called now
    /// and then, so that what nobody asks for any more leaves, too.
    pub(crate) async fn sweep(&self) {
        let now = self.clock.now();
        let is_over = |stored: &Stored| stored.entry.expires() <= now || !stored.stands();
        let mut slice = Slice::new();
        // No lock is held from one entry to the next.
        let mut entries = self.entries.iter();
        // Where many have left, it takes long to find that there is none.
        while !self.entries.is_empty()
            && let Some((key, stored)) = entries.next()
        {
            if is_over(&stored) {
                // Dropped here, outside of the lock, and one at a time.
                drop((stored, self.entries.remove_if(&key, is_over)));
            }
            slice.step().await;
        }
        // The terms of leases hold tags.
        for () in self.leases.sweep(now) {
            slice.large_step().await;
        }
        for () in self.tags.sweep() {
            slice.large_step().await;
        }
    }

    fn read_now(&self, slot: &Slot) -> ReadOutcome {
        let generations = self.tags.generations(&slot.tags);
        let stored = self.entries.get(&*slot.key);
        let head = head(stored.as_ref());
        let standing = stored.filter(|stored| {
            let captured = stored.terms.captures.generations().map(Some);
            stored.terms.owner == slot.owner
                && stored.entry.expires() > self.clock.now()
                && stored.stands()
                && captured.take(generations.len()).eq(generations.iter().copied())
        });
        ReadOutcome {
            lookup: standing.map_or(Lookup::Missing, |stored| Lookup::Entry(stored.entry)),
            snapshot: Snapshot {
                head,
                generations,
                tag_epoch: self.tags.generation(&slot.tag_epoch),
            },
        }
    }

    fn lease_now(&self, slot: &Slot, request: &LeaseRequest) -> LeaseOutcome {
        let now = self.clock.now();
        let mut leases = self.leases.lock(&slot.key);
        if head(self.entries.peek(&*slot.key).as_ref()) != request.snapshot.head {
            return LeaseOutcome::Conflict;
        }
        let captures = self.tags.capture(&slot.tags, &request.snapshot.generations);
        let any = self
            .tags
            .capture(slice::from_ref(&slot.tag_epoch), &[request.snapshot.tag_epoch]);
        let (Some(captures), Some(any)) = (captures, any) else {
            return LeaseOutcome::Conflict;
        };
        if let Some(holder) = leases.holder(&slot.key, now)
            && request.replaces.as_ref() != Some(&holder)
        {
            return LeaseOutcome::Held(holder);
        }
        let terms = leases.terms(slot, captures);
        let grant = Grant {
            token: request.token,
            digest: terms.digest,
            tag_epoch: any.generations().next().unwrap_or_default(),
        };
        leases.grant(&slot.key, Lease::fill(grant, terms, any, now));
        LeaseOutcome::Granted(grant)
    }

    fn commit_now(&self, slot: &Slot, grant: Grant, entry: &Arc<Entry>) -> Result<CommitOutcome, StoreError> {
        let mut leases = self.leases.lock(&slot.key);
        let weight = self.weight_of(slot, entry)?;
        let Some((mut terms, any)) = leases.end(&slot.key, grant.token) else {
            return Ok(CommitOutcome::Fenced);
        };
        if !entry.tags.is_empty() {
            // Before `any`, which is retired before them: one that was retired since the lease shows in `any`, one that is
            // retired from here on shows in its capture.
            let own = self.tags.capture_now(&entry.tags);
            if !any.stand() {
                return Ok(CommitOutcome::Fenced);
            }
            terms = Arc::new(terms.and(&own));
        }
        if !terms.captures.stand() {
            return Ok(CommitOutcome::Fenced);
        }
        let stored = Stored {
            entry: Arc::clone(entry),
            token: grant.token,
            terms,
            weight,
        };
        self.entries.insert(Arc::clone(&slot.key), stored);
        Ok(CommitOutcome::Stored)
    }

    fn write_now(&self, slot: &Slot, request: WriteRequest) -> Result<bool, StoreError> {
        let mut leases = self.leases.lock(&slot.key);
        let weight = self.weight_of(slot, &request.entry)?;
        if head(self.entries.peek(&*slot.key).as_ref()) != request.snapshot.head {
            return Ok(false);
        }
        let Some(captures) = self.tags.capture(&slot.tags, &request.snapshot.generations) else {
            return Ok(false);
        };
        leases.remove(&slot.key);
        let stored = Stored {
            entry: request.entry,
            token: request.token,
            terms: leases.terms(slot, captures),
            weight,
        };
        self.entries.insert(Arc::clone(&slot.key), stored);
        Ok(true)
    }

    /// # Errors
    /// When it is too heavy.
    fn weight_of(&self, slot: &Slot, entry: &Entry) -> Result<u64, StoreError> {
        let weight = weight(slot, entry);
        if weight > self.heaviest {
            return Err(StoreError::rejected(format!(
                "the entry takes {weight} bytes, a shard of this memory at most {}",
                self.heaviest
            )));
        }
        Ok(weight)
    }

    fn evict_now(&self, keys: &[Arc<str>]) {
        for key in keys {
            let mut leases = self.leases.lock(key);
            leases.remove(key);
            self.entries.remove(key);
        }
    }
}

impl Store for MemoryStore {
    fn peek(&self, key: &str) -> Option<Arc<Entry>> {
        let stored = self.entries.get(key)?;
        stored.stands().then_some(stored.entry)
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
        let now = self.clock.now();
        let mut leases = self.leases.lock(&slot.key);
        if leases.end(&slot.key, token).is_some()
            && let Some((mark, life)) = mark
        {
            leases.mark(&slot.key, Lease::mark(mark, now + life), now);
            if mark == Mark::HitForMiss {
                self.entries.remove(&*slot.key);
            }
        }
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

    fn purge<'a>(&'a self, _prefix: &'a str, _before: Timestamp, _from: u64) -> StoreFuture<'a, Option<u64>> {
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
