//! The clocks of a cache: one for ages and TTLs, which no step of a wall clock moves, and the machine's wall clock, for dates.

mod timestamp;
mod system;
#[cfg(feature = "test-util")]
mod manual;

use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "test-util")]
use self::manual::ManualTime;
use self::system::SystemClock;
pub use self::timestamp::Timestamp;
pub(crate) use self::timestamp::{EPOCH, millis};

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// By the store's clock, which all replicas follow: for ages and TTLs.
    pub(crate) now: Timestamp,
    /// By the machine's wall clock as it was read at most a second ago: for dates in responses.
    pub(crate) local: Timestamp,
}

/// The clock of a cache. Clones share it.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Source>);

enum Source {
    System(SystemClock),
    #[cfg(feature = "test-util")]
    Manual(ManualTime),
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self(Arc::new(Source::System(SystemClock::new(0))))
    }

    /// The system's clocks, as if the machine's wall clock were this many seconds ahead.
    #[cfg(feature = "test-util")]
    pub(crate) fn system_ahead(seconds: i64) -> Self {
        let clock = SystemClock::new(seconds.saturating_mul(1000));
        Self(Arc::new(Source::System(clock)))
    }

    /// The store's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.times().now
    }

    pub(crate) fn times(&self) -> Times {
        match &*self.0 {
            Source::System(clock) => clock.times(),
            #[cfg(feature = "test-util")]
            Source::Manual(time) => time.times(),
        }
    }

    /// The time of the machine's wall clock, read now. Handlers and HTTP servers write dates by it.
    pub(crate) fn wall(&self) -> Timestamp {
        match &*self.0 {
            Source::System(clock) => clock.wall(),
            #[cfg(feature = "test-util")]
            Source::Manual(time) => time.wall(),
        }
    }

    /// Sets the clock to the store's time, from an answer that took `round_trip`.
    ///
    /// The clock follows the store at once, also backwards, since replicas that start later have only the store's time. Entries that were
    /// stored before a step backwards then have a time in the future, and count as expired.
    pub(crate) fn follow(&self, store: Timestamp, round_trip: Duration) {
        match &*self.0 {
            Source::System(clock) => clock.follow(store, round_trip),
            #[cfg(feature = "test-util")]
            Source::Manual(_) => {}
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// A clock that only a test advances, for [`CacheBuilder::clock`](crate::CacheBuilder::clock).
#[cfg(feature = "test-util")]
#[derive(Debug, Clone)]
pub struct ManualClock(Clock);

#[cfg(feature = "test-util")]
impl ManualClock {
    /// A clock that shows `now` until it is advanced.
    pub fn at(now: Timestamp) -> Self {
        Self(Clock(Arc::new(Source::Manual(ManualTime::at(now)))))
    }

    /// Advances the clock, in whole milliseconds.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &*self.0.0 {
            time.advance(by);
        }
    }

    /// Steps the wall clock by this many seconds, as an administrator or NTP does. Ages and TTLs are not affected.
    pub fn step_wall(&self, seconds: i64) {
        if let Source::Manual(time) = &*self.0.0 {
            time.step_wall(seconds);
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.clone()
    }
}
