//! What a cache counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a cache has counted since it was built; from [`Cache::stats`](crate::Cache::stats).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// What was beyond a limit.
    pub refused: Refused,
}

/// What a cache did not do because a limit was reached. The request was answered all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Runs in a task of their own, beyond [`CacheBuilder::runs`](crate::CacheBuilder::runs): the request ran its handler
    /// itself, or got a stale entry.
    pub runs: u64,
    /// Waits for another's run, beyond [`CacheBuilder::waiting`](crate::CacheBuilder::waiting): the request ran its handler
    /// itself, or got a stale entry.
    pub waiting: u64,
    /// Renewals behind responses, beyond [`CacheBuilder::refreshes`](crate::CacheBuilder::refreshes): the entry stayed as
    /// it was.
    pub refreshes: u64,
    /// Entries that the store did not take: too heavy for memory, or the server is full, takes no writes, or refuses
    /// for another reason.
    pub entries: u64,
    /// Evictions to be made up for, beyond 10 000 names: all entries of the cache are taken for evicted instead.
    pub evictions: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) runs: Counter,
    pub(crate) waiting: Counter,
    pub(crate) refreshes: Counter,
    pub(crate) entries: Counter,
    pub(crate) evictions: Counter,
}

impl Counters {
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            refused: Refused {
                runs: self.runs.get(),
                waiting: self.waiting.get(),
                refreshes: self.refreshes.get(),
                entries: self.entries.get(),
                evictions: self.evictions.get(),
            },
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
