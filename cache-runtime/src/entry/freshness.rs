//! How long an entry stays fresh, whatever kind of answer it holds.

use std::time::Duration;

use super::Entry;
use crate::clock::{Timestamp, millis};

/// How an entry may be used for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It may be served, and stays fresh for `remaining`.
    Fresh { remaining: Duration },
    /// It may be served while a background refresh runs.
    Stale,
    /// It may be served only in place of a handler that fails or is slow.
    StaleFallback,
    /// It must not be served: it has expired, or the request demands a fresher response.
    Unusable,
}

/// The longest duration in an entry, in seconds: the largest value of `Age` (RFC 9111 section 1.2.2).
pub(crate) const MAX_TTL: Duration = Duration::from_secs(1 << 31);

/// The tolerated clock difference between the process that stored an entry and this one: more than that of replicas that
/// follow one store.
const CLOCK_SKEW: Duration = Duration::from_secs(10);

impl Entry {
    /// How long the entry stays fresh; zero if it is stale.
    pub(crate) fn remaining_ttl(&self, now: Timestamp) -> Duration {
        if self.is_from_the_future(now) {
            return Duration::ZERO;
        }
        self.fresh.saturating_sub(now.since(self.born))
    }

    /// Whether the clock stepped back after the entry was stored, or was wrong at that time. The age of the entry is
    /// unknown then, and it would stay fresh for the time of the step.
    pub(crate) fn is_from_the_future(&self, now: Timestamp) -> bool {
        self.born.since(now) > CLOCK_SKEW
    }
}

/// Whether a fresh entry is refreshed before its TTL ends.
///
/// The probability grows towards the end of the TTL, and with `cost`, how long the handler took (optimal probabilistic
/// early expiration: Vattani, Chierichetti and Lowenstein, 2015). `random` is between 0 and 1. A `factor` of 0 never
/// refreshes early.
pub(crate) fn should_refresh_early(remaining: Duration, cost: Duration, factor: f64, random: f64) -> bool {
    let ahead = cost.as_secs_f64() * factor * -random.max(f64::MIN_POSITIVE).ln();
    factor > 0.0 && ahead >= remaining.as_secs_f64()
}

/// The TTL as entries store it: whole milliseconds, 68 years at most. `None` if nothing is left.
pub(crate) fn storable_ttl(ttl: Duration) -> Option<Duration> {
    Some(whole_millis(ttl)).filter(|ttl| !ttl.is_zero())
}

/// Whole milliseconds, 68 years at most.
pub(crate) fn whole_millis(duration: Duration) -> Duration {
    Duration::from_millis(millis(duration.min(MAX_TTL)))
}
