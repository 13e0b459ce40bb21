//! Counters of one handler, of all values, or of both together.

use std::{collections::BTreeMap, ops::AddAssign, time::Duration};

/// A snapshot of the counters of one handler, or of several in sum.
///
/// Each request counts once, as one of `hits`, `stale_hits`, `misses` and `bypasses`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Requests answered from a fresh entry, or by another request's fill.
    pub hits: u64,
    /// Requests answered from a stale entry.
    pub stale_hits: u64,
    /// Requests that ran the handler, or shared the failure of another request's fill. `refresh` counts here, and so do
    /// requests that run nothing on a miss: `only-if-cached`, and `get` of a value.
    pub misses: u64,
    /// Requests that did not use the cache: because of the method, of `Cache-Control`, or of an argument without a key.
    /// A handler whose name another handler has taken is not counted at all.
    pub bypasses: u64,
    /// Runs of the handler on behalf of the cache, including background refreshes. Bypassed requests are not counted.
    pub fills: u64,
    /// Fills that returned a 5xx or panicked.
    pub failed_fills: u64,
    /// Total duration of all fills.
    pub fill_time: Duration,
    /// Responses that were stored.
    pub stored: u64,
    /// Total body bytes of the stored responses.
    pub stored_bytes: u64,
    /// Responses of fills that were not stored, by reason.
    pub not_stored: BTreeMap<&'static str, u64>,
    /// Evictions by key, or of all entries of the handler, that the store acknowledged at the first attempt.
    pub evictions: u64,
    /// Total time that requests waited for a store outside of this process. Writes in the background are not counted.
    pub store_time: Duration,
}

impl Counters {
    /// The share of hits and stale hits among the requests that used the cache, from 0 to 1; `None` without such
    /// requests.
    pub fn hit_ratio(&self) -> Option<f64> {
        let answered = self.hits + self.stale_hits;
        let requests = answered + self.misses;
        (requests > 0).then(|| answered as f64 / requests as f64)
    }

    /// The difference from `earlier`, a snapshot of the same counters.
    ///
    /// ```
    /// # fn look(cache: handler_cache::Cache) {
    /// let before = cache.stats().total;
    /// // … a minute later:
    /// let minute = cache.stats().total.since(&before);
    /// println!("{} of {} fills failed", minute.failed_fills, minute.fills);
    /// # }
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counters = self.clone();
        counters.combine(earlier, u64::saturating_sub, Duration::saturating_sub);
        counters.not_stored.retain(|_, count| *count > 0);
        counters
    }

    fn combine(
        &mut self,
        other: &Self,
        counts: impl Fn(u64, u64) -> u64,
        times: impl Fn(Duration, Duration) -> Duration,
    ) {
        // Destructured, so that a new counter cannot be forgotten here.
        let Self {
            hits,
            stale_hits,
            misses,
            bypasses,
            fills,
            failed_fills,
            fill_time,
            stored,
            stored_bytes,
            not_stored,
            evictions,
            store_time,
        } = self;
        for (own, other) in [
            (hits, other.hits),
            (stale_hits, other.stale_hits),
            (misses, other.misses),
            (bypasses, other.bypasses),
            (fills, other.fills),
            (failed_fills, other.failed_fills),
            (stored, other.stored),
            (stored_bytes, other.stored_bytes),
            (evictions, other.evictions),
        ] {
            *own = counts(*own, other);
        }
        for (reason, other) in &other.not_stored {
            let own = not_stored.entry(reason).or_default();
            *own = counts(*own, *other);
        }
        *fill_time = times(*fill_time, other.fill_time);
        *store_time = times(*store_time, other.store_time);
    }
}

impl AddAssign<&Self> for Counters {
    fn add_assign(&mut self, more: &Self) {
        self.combine(more, u64::saturating_add, Duration::saturating_add);
    }
}
