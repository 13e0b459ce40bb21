//! Tags in memory: a counter for each, shared by the entries that have the tag.

use std::{
    hash::BuildHasher,
    iter,
    sync::{Arc, atomic::Ordering},
};

use quick_cache::DefaultHashBuilder;

use super::terms::{CapturedGeneration, CapturedGenerations, INVALIDATED, generation};
use crate::{
    slot::Generation,
    sync::{AtomicU64, Mutex, MutexGuard, lock},
    table::Table,
};

/// Enough for no shard to be so large that growing or sweeping it delays a request.
const SHARDS: usize = 256;

/// How many tags one step of a sweep drops.
const SWEEP_BATCH: usize = 64;

/// A shard with fewer tags is not swept to make room.
const MIN_SWEPT: usize = 16;

/// The tags of all entries and fills.
pub(super) struct Tags {
    shards: Box<[Mutex<Shard>]>,
    hasher: DefaultHashBuilder,
    /// The newest generation of any tag: none is used twice.
    last: AtomicU64,
}

impl Tags {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: DefaultHashBuilder::default(),
            last: AtomicU64::new(INVALIDATED),
        }
    }

    pub(super) fn generation(&self, tag: &str) -> Option<Generation> {
        self.shard(tag).generation(tag)
    }

    /// The current generations of the tags.
    pub(super) fn generations(&self, tags: &[Arc<str>]) -> Vec<Option<Generation>> {
        tags.iter().map(|tag| self.generation(tag)).collect()
    }

    /// Captures the generations of the tags if they equal the generations that were read. A tag without one gets one.
    ///
    /// The tags are captured one after the other: a tag that is invalidated meanwhile shows as not current.
    pub(super) fn capture(
        &self,
        tags: &[Arc<str>],
        read: &[Option<Generation>],
    ) -> Option<CapturedGenerations> {
        if tags.len() != read.len() {
            return None;
        }
        let mut captured = Vec::with_capacity(tags.len());
        for (tag, read) in tags.iter().zip(read) {
            captured.push(self.capture_one(tag, *read)?);
        }
        Some(captured.into())
    }

    /// As [`capture`](Self::capture), for one tag.
    pub(super) fn capture_one(&self, tag: &Arc<str>, read: Option<Generation>) -> Option<CapturedGeneration> {
        let mut shard = self.shard(tag);
        let counter = match (shard.counters.get(tag), read) {
            (Some(counter), Some(_)) => Arc::clone(counter),
            (None, None) => return Some(CapturedGeneration::of(shard.counter(tag, &self.last))),
            _ => return None,
        };
        let captured = CapturedGeneration::of(counter);
        (read == Some(captured.generation())).then_some(captured)
    }

    /// Captures the current generations of the tags. A tag without one is given one.
    pub(super) fn capture_now(&self, tags: &[Arc<str>]) -> CapturedGenerations {
        let captured = tags
            .iter()
            .map(|tag| CapturedGeneration::of(self.shard(tag).counter(tag, &self.last)));
        captured.collect()
    }

    /// Invalidates the tags in this order, on which [`Store::commit`](crate::store::Store::commit) relies.
    pub(super) fn invalidate(&self, tags: &[Arc<str>]) {
        for tag in tags {
            let mut shard = self.shard(tag);
            if let Some(counter) = shard.counters.remove(tag) {
                counter.store(INVALIDATED, Ordering::Release);
            }
        }
    }

    /// Drops the tags of no entry and no fill, some at each step. A dropped tag's next generation is a new one.
    pub(super) fn sweep(&self) -> impl Iterator<Item = ()> + '_ {
        self.shards.iter().flat_map(|shard| {
            let mut is_swept = false;
            iter::from_fn(move || {
                if is_swept {
                    return None;
                }
                let unused = lock(shard).take_unused();
                is_swept = unused.len() < SWEEP_BATCH;
                drop(unused);
                Some(())
            })
        })
    }

    #[cfg(all(test, feature = "test-util"))]
    pub(super) fn count(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).counters.len()).sum()
    }

    fn shard(&self, tag: &str) -> MutexGuard<'_, Shard> {
        let index = self.hasher.hash_one(tag) as usize % SHARDS;
        lock(&self.shards[index])
    }
}

#[derive(Default)]
struct Shard {
    counters: Table<Arc<str>, Arc<AtomicU64>>,
    /// The number of tags at which unused ones are dropped.
    sweep_at: usize,
}

impl Shard {
    fn generation(&self, tag: &str) -> Option<Generation> {
        let counter = self.counters.get(tag)?;
        Some(generation(counter.load(Ordering::Acquire)))
    }

    /// The tag's counter, with a new generation after `last` if the tag has none.
    fn counter(&mut self, tag: &Arc<str>, last: &AtomicU64) -> Arc<AtomicU64> {
        if let Some(counter) = self.counters.get(tag) {
            return Arc::clone(counter);
        }
        if self.counters.len() >= self.sweep_at {
            while self.take_unused().len() == SWEEP_BATCH {}
        }
        let counter = Arc::new(AtomicU64::new(last.fetch_add(1, Ordering::Relaxed) + 1));
        self.counters.insert(Arc::clone(tag), Arc::clone(&counter));
        counter
    }

    /// Takes out up to [`SWEEP_BATCH`] unused tags; fewer are the last ones.
    ///
    /// The next sweep is due when the number of tags has doubled, so its cost per tag is constant.
    fn take_unused(&mut self) -> Vec<(Arc<str>, Arc<AtomicU64>)> {
        let unused = self
            .counters
            .extract_if(|_, counter| Arc::strong_count(counter) == 1);
        let unused: Vec<_> = unused.take(SWEEP_BATCH).collect();
        self.sweep_at = (2 * self.counters.len()).max(MIN_SWEPT);
        unused
    }
}
