//! The time of a clock that a test advances.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use super::{Times, Timestamp, timestamp::millis};

#[derive(Debug)]
pub(super) struct ManualTime {
    now: AtomicU64,
    /// How far the wall clock is ahead, in milliseconds.
    wall_ahead: AtomicI64,
}

impl ManualTime {
    pub(super) fn at(now: Timestamp) -> Self {
        Self {
            now: now.0.into(),
            wall_ahead: 0.into(),
        }
    }

    pub(super) fn times(&self) -> Times {
        Times {
            now: Timestamp(self.now.load(Ordering::SeqCst)),
            local: self.wall(),
        }
    }

    pub(super) fn wall(&self) -> Timestamp {
        let now = self.now.load(Ordering::SeqCst);
        Timestamp(now.saturating_add_signed(self.wall_ahead.load(Ordering::SeqCst)))
    }

    pub(super) fn advance(&self, by: Duration) {
        self.now.fetch_add(millis(by), Ordering::SeqCst);
    }

    pub(super) fn step_wall(&self, seconds: i64) {
        self.wall_ahead
            .fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
    }
}
