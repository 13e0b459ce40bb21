//! Randomness that keeps replicas and requests out of step: jitter of TTLs, and early refresh.

use std::time::Duration;

use super::Engine;
use crate::entry::{Entry, should_refresh_early};

impl Engine {
    /// Whether to refresh a fresh entry early. Random for each request, so that only few of many refresh it.
    pub(crate) fn is_early(&self, entry: &Entry, left: Duration) -> bool {
        let factor = self.settings.early_refresh;
        factor > 0.0 && should_refresh_early(left, entry.cost, factor, random())
    }

    /// The TTL less a random part. It applies to the entry itself, so that the headers for clients agree with it.
    pub(crate) fn jittered(&self, ttl: Duration) -> Duration {
        let jitter = self.settings.jitter;
        if jitter == 0.0 {
            return ttl;
        }
        let shortened = ttl.mul_f64(1.0 - jitter * random());
        shortened.max(Duration::from_millis(1))
    }
}

/// Between 0 and 1. Without randomness, in the middle.
pub(super) fn random() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}
