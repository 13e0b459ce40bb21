//! Tags in memory: a counter each, shared by the entries that bear the tag.

use std::{
    hash::BuildHasher,
    iter,
    sync::{Arc, atomic::Ordering},
};

use quick_cache::DefaultHashBuilder;

use super::Table;
use crate::{
    store::{Digest, Fingerprint, Generation},
    sync::{AtomicU64, Mutex, MutexGuard, lock},
};

/// The tags that some entry or fill bears, in shards: none is so large that growing or sweeping it holds up a request.
pub(super) struct Tags {
    shards: Box<[Mutex<Shard>]>,
    hasher: DefaultHashBuilder,
    /// The generation that began last: no tag has it twice, and no two tags have the same.
    last: AtomicU64,
}

#[derive(Default)]
struct Shard {
    counters: Table<Arc<str>, Arc<AtomicU64>>,
    /// With so many tags, those that nobody bears any more are forgotten.
    sweep_at: usize,
}

impl Shard {
    fn counter(&mut self, tag: &Arc<str>, last: &AtomicU64) -> Arc<AtomicU64> {
        if let Some(counter) = self.counters.get(tag) {
            return Arc::clone(counter);
        }
        if self.counters.len() >= self.sweep_at {
            self.sweep();
        }
        let counter = Arc::new(AtomicU64::new(last.fetch_add(1, Ordering::Relaxed) + 1));
        self.counters.insert(Arc::clone(tag), Arc::clone(&counter));
        counter
    }

    fn generation(&self, tag: &str) -> Option<Generation> {
        let counter = self.counters.get(tag)?;
        Some(generation(counter.load(Ordering::Acquire)))
    }

    fn sweep(&mut self) {
        while self.take_unused().len() == PART {}
    }

    /// Some of the tags that nobody bears, to be dropped; fewer than [`PART`] are the last.
    ///
    /// Twice as many as are left then may come until the next sweep, so that it costs little for each.
    fn take_unused(&mut self) -> Vec<(Arc<str>, Arc<AtomicU64>)> {
        let unused = self
            .counters
            .extract_if(|_, counter| Arc::strong_count(counter) == 1);
        let unused: Vec<_> = unused.take(PART).collect();
        self.sweep_at = (2 * self.counters.len()).max(LEAST_SWEPT);
        unused
    }
}

/// What an entry or a fill stands under: whose it is, and the generations of its tags. Those of a handler share it.
pub(super) struct Terms {
    pub(super) owner: Fingerprint,
    pub(super) captures: Captures,
    /// Of the tags that were known beforehand.
    pub(super) digest: Digest,
}

impl Terms {
    /// With the tags that an answer named.
    pub(super) fn and(&self, own: &Captures) -> Self {
        Self {
            captures: self.captures.and(own),
            ..*self
        }
    }
}

/// The generations that an entry or a fill was made under.
#[derive(Clone)]
pub(super) struct Captures(Arc<[(Arc<AtomicU64>, u64)]>);

impl PartialEq for Captures {
    fn eq(&self, other: &Self) -> bool {
        let mut both = self.0.iter().zip(&*other.0);
        self.0.len() == other.0.len()
            && both.all(|((one, captured), (other, at))| Arc::ptr_eq(one, other) && captured == at)
    }
}

impl Captures {
    /// These, and those.
    fn and(&self, more: &Self) -> Self {
        Self(self.0.iter().chain(&*more.0).cloned().collect())
    }

    /// Whether none has been retired since.
    pub(super) fn stand(&self) -> bool {
        self.0
            .iter()
            .all(|(live, captured)| live.load(Ordering::Acquire) == *captured)
    }

    pub(super) fn generations(&self) -> impl Iterator<Item = Generation> + '_ {
        self.0.iter().map(|(_, captured)| generation(*captured))
    }
}

impl Tags {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: DefaultHashBuilder::default(),
            last: AtomicU64::new(RETIRED),
        }
    }

    fn shard(&self, tag: &str) -> MutexGuard<'_, Shard> {
        let index = self.hasher.hash_one(tag) as usize % SHARDS;
        lock(&self.shards[index])
    }

    pub(super) fn generation(&self, tag: &str) -> Option<Generation> {
        self.shard(tag).generation(tag)
    }

    /// The tags' generations now.
    pub(super) fn generations(&self, tags: &[Arc<str>]) -> Vec<Option<Generation>> {
        tags.iter().map(|tag| self.generation(tag)).collect()
    }

    /// Takes hold of the tags, if their generations are still those that were read; a tag that had none begins.
    ///
    /// One after the other: what is retired in between shows in its capture.
    pub(super) fn capture(&self, tags: &[Arc<str>], read: &[Option<Generation>]) -> Option<Captures> {
        let captures = tags.iter().zip(read).map(|(tag, read)| {
            let mut shard = self.shard(tag);
            let counter = match (shard.counters.get(tag), read) {
                (Some(counter), Some(_)) => Arc::clone(counter),
                (None, None) => {
                    let counter = shard.counter(tag, &self.last);
                    let captured = counter.load(Ordering::Acquire);
                    return Some((counter, captured));
                }
                _ => return None,
            };
            let captured = counter.load(Ordering::Acquire);
            (*read == Some(generation(captured))).then_some((counter, captured))
        });
        let captures: Option<Arc<[_]>> = captures.collect();
        captures
            .filter(|captures| captures.len() == tags.len())
            .map(Captures)
    }

    /// Takes hold of the tags as they are; one that has no generation begins.
    pub(super) fn capture_now(&self, tags: &[Arc<str>]) -> Captures {
        let captures = tags.iter().map(|tag| {
            let mut shard = self.shard(tag);
            let counter = shard.counter(tag, &self.last);
            let captured = counter.load(Ordering::Acquire);
            (counter, captured)
        });
        Captures(captures.collect())
    }

    /// In this order: see [`Store::commit`](crate::store::Store::commit).
    pub(super) fn invalidate(&self, tags: &[Arc<str>]) {
        for tag in tags {
            let mut shard = self.shard(tag);
            if let Some(counter) = shard.counters.remove(tag) {
                counter.store(RETIRED, Ordering::Release);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).counters.len()).sum()
    }

    /// Forgets tags that no entry and no fill bears, some at each step. One that comes back begins a generation never seen
    /// before.
    pub(super) fn sweep(&self) -> impl Iterator<Item = ()> + '_ {
        self.shards.iter().flat_map(|shard| {
            let mut is_swept = false;
            iter::from_fn(move || {
                if is_swept {
                    return None;
                }
                let unused = lock(shard).take_unused();
                is_swept = unused.len() < PART;
                drop(unused);
                Some(())
            })
        })
    }
}

const SHARDS: usize = 256;

/// How many tags are dropped in one step of a sweep.
const PART: usize = 64;

/// Fewer tags of a shard are not worth a sweep.
const LEAST_SWEPT: usize = 16;

/// What the counter of a retired tag says for good, and of no other; its name begins anew with another counter.
const RETIRED: u64 = 0;

fn generation(counter: u64) -> Generation {
    let mut generation = [0; 16];
    generation[8..].copy_from_slice(&counter.to_be_bytes());
    Generation(generation)
}
