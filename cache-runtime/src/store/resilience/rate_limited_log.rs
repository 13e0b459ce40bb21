//! Limits how often a lasting condition is logged.

use std::time::Duration;

use tokio::time::Instant;

use crate::sync::{Mutex, lock};

/// The shortest time between two messages about one condition.
const INTERVAL: Duration = Duration::from_secs(60);

/// When a condition was last logged.
#[derive(Debug, Default)]
pub(super) struct RateLimitedLog(Mutex<Option<Instant>>);

impl RateLimitedLog {
    /// Takes the permission to log now. `false` if it was taken less than [`INTERVAL`] ago.
    pub(super) fn acquire(&self) -> bool {
        let mut last = lock(&self.0);
        let is_due = last.is_none_or(|last| last.elapsed() >= INTERVAL);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }

    /// The condition has ended: its next occurrence is logged at once.
    pub(super) fn reset(&self) {
        *lock(&self.0) = None;
    }
}
