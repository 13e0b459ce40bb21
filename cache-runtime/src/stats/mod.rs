//! Statistics of a cache, counted in this process since the cache was built.

mod counters;
mod registry;

use std::collections::BTreeMap;

pub use self::counters::Counters;
pub(crate) use self::registry::{CounterRegistry, HandlerCounters};

/// Statistics of one cache: counters since it was built, and gauges of its current state.
///
/// Returned by [`Cache::stats`](crate::Cache::stats). All numbers are of this process alone, also when several
/// processes share a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// All handlers, layers and values together.
    pub total: Counters,
    /// One entry for each handler or layer that has served a request, by its name in keys.
    pub handlers: BTreeMap<String, Counters>,
    /// All values together ([`Cache::get`](crate::Cache::get) and the methods beside it).
    pub values: Counters,
    /// Work that was rejected because a limit was reached.
    pub rejected: Rejected,
    /// Gauge: the contents of `memory://`; `None` for other stores.
    pub memory: Option<MemoryUsage>,
    /// Gauge: the store does not answer, and requests are served without it.
    pub store_unavailable: bool,
    /// Gauge: keys and tags whose evictions the store has not acknowledged yet. They are retried each second.
    pub evictions_retrying: usize,
}

/// Contents of the memory store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryUsage {
    /// Entries, including expired ones until the next sweep, within 10 s.
    pub entries: usize,
    /// Bytes that they take with keys, headers and overhead, at most [`memory_size`](crate::CacheBuilder::memory_size).
    pub bytes: u64,
}

/// Counts work that was rejected because a limit was reached. The request was answered nevertheless.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// Fills beyond [`CacheBuilder::max_fills`](crate::CacheBuilder::max_fills): the request ran its handler without
    /// storing the response, or was served a stale entry.
    pub fills: u64,
    /// Waiters beyond [`CacheBuilder::max_waiters`](crate::CacheBuilder::max_waiters): the request ran its handler
    /// without storing the response, or was served a stale entry.
    pub waiters: u64,
    /// Background refreshes beyond [`CacheBuilder::max_refreshes`](crate::CacheBuilder::max_refreshes): the entry was
    /// not refreshed.
    pub refreshes: u64,
    /// Entries that the store rejected: too large for memory, or the server is full, read-only, or failed otherwise.
    pub entries: u64,
    /// Overflows of the eviction retry queue, at 10 000 keys and tags: this process treats all entries of the cache as
    /// evicted until the store acknowledges an eviction of all of them.
    pub evictions: u64,
}
