//! What a cache counts.

mod counters;

use std::{collections::BTreeMap, ops::AddAssign, time::Duration};

pub(crate) use self::counters::{Counters, HandlerCounters};

/// What a cache has counted since it was built, in this process; from [`Cache::stats`](crate::Cache::stats).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Of all handlers and values together.
    pub total: Counts,
    /// Of each handler that was asked for, by its name in keys.
    pub handlers: BTreeMap<String, Counts>,
    /// Of the values that the application keeps itself, together.
    pub values: Counts,
    /// What was beyond a limit.
    pub refused: Refused,
    /// Now: what `memory://` holds; `None` for other stores.
    pub memory: Option<Memory>,
    /// Now: the store does not answer, and requests are served without it.
    pub ailing: bool,
    /// Now: names of keys and tags whose evictions the store has not acknowledged yet.
    pub overdue: usize,
}

/// What a store in memory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// Entries, those past their life as well until the next sweep, within 10 s.
    pub entries: usize,
    /// Bytes that they weigh, with keys, headers and overhead: at most
    /// [`memory_size`](crate::CacheBuilder::memory_size).
    pub bytes: u64,
}

/// What became of the requests for a handler, and of its runs.
///
/// Each request is one of `hits`, `stale`, `misses` and `bypassed`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Answered with what another request's run made, stored or just then.
    pub hits: u64,
    /// Answered with an entry past its life.
    pub stale: u64,
    /// Answered by a run of their own, or with a failure that they shared; and those for which nothing was run, as
    /// they had asked (`only-if-cached`, or `get` of a value). A `refresh` is one, too.
    pub misses: u64,
    /// The cache had no part in them: by their method, by their `Cache-Control`, or for want of a key. A handler whose
    /// name another one has is not counted at all.
    pub bypassed: u64,
    /// Runs of the handler through the cache, those behind responses as well. Bypassed requests are not among them.
    pub runs: u64,
    /// Of these, those that answered 5xx or panicked.
    pub failed: u64,
    /// How long all runs took together.
    pub run_time: Duration,
    /// Responses that were stored.
    pub stored: u64,
    /// Bytes of their bodies.
    pub stored_bytes: u64,
    /// Responses of runs that were not stored, by the reason, in a few words.
    pub not_stored: BTreeMap<&'static str, u64>,
    /// Evictions by key, and of all entries of the handler, that the store acknowledged at once.
    pub evicted: u64,
    /// How long requests waited for a store outside this process, all together; writes behind responses not counted.
    pub store_time: Duration,
}

impl Counts {
    /// Of the requests that the cache had a part in, the share that it answered, from 0 to 1; `None` when there were
    /// none.
    pub fn hit_ratio(&self) -> Option<f64> {
        let answered = self.hits + self.stale;
        let asked = answered + self.misses;
        (asked > 0).then(|| answered as f64 / asked as f64)
    }

    /// What was counted since `earlier`, which was counted by the same cache.
    ///
    /// ```
    /// # fn look(cache: handler_cache::Cache) {
    /// let before = cache.stats().total;
    /// // … a minute later:
    /// let minute = cache.stats().total.since(&before);
    /// println!("{:?} of {} runs failed", minute.failed, minute.runs);
    /// # }
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.clone();
        counts.combine(earlier, u64::saturating_sub, Duration::saturating_sub);
        counts.not_stored.retain(|_, count| *count > 0);
        counts
    }

    fn combine(
        &mut self,
        other: &Self,
        counts: impl Fn(u64, u64) -> u64,
        times: impl Fn(Duration, Duration) -> Duration,
    ) {
        let Self {
            hits,
            stale,
            misses,
            bypassed,
            runs,
            failed,
            run_time,
            stored,
            stored_bytes,
            not_stored,
            evicted,
            store_time,
        } = self;
        for (own, other) in [
            (hits, other.hits),
            (stale, other.stale),
            (misses, other.misses),
            (bypassed, other.bypassed),
            (runs, other.runs),
            (failed, other.failed),
            (stored, other.stored),
            (stored_bytes, other.stored_bytes),
            (evicted, other.evicted),
        ] {
            *own = counts(*own, other);
        }
        for (reason, other) in &other.not_stored {
            let own = not_stored.entry(reason).or_default();
            *own = counts(*own, *other);
        }
        *run_time = times(*run_time, other.run_time);
        *store_time = times(*store_time, other.store_time);
    }
}

impl AddAssign<&Self> for Counts {
    fn add_assign(&mut self, more: &Self) {
        self.combine(more, u64::saturating_add, Duration::saturating_add);
    }
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
