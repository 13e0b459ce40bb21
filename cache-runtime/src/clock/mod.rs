//! Two clocks: one for ages and TTLs, which no step of a wall clock moves, and the machine's wall clock, for dates.

#[cfg(feature = "test-util")]
use std::sync::atomic::Ordering;
use std::{
    fmt,
    ops::{Add, Sub},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

mod system;

use self::system::SystemClock;

/// A point in time: milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// The first time that can be named.
pub(crate) const EPOCH: Timestamp = Timestamp(0);

impl Timestamp {
    /// The time that is `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub(crate) const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The same time for HTTP dates, whole seconds.
    pub fn to_system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0)
    }

    fn system() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(millis(since_epoch))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    /// Saturates at the epoch.
    fn sub(self, age: Duration) -> Self {
        Self(self.0.saturating_sub(millis(age)))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Saturates at the end of time.
    fn add(self, life: Duration) -> Self {
        Self(self.0.saturating_add(millis(life)))
    }
}

/// One moment on two clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// By the store's clock, which all replicas follow: for TTLs and ages.
    pub(crate) now: Timestamp,
    /// By this machine's wall clock, as it was at most a second ago: for dates that clients get.
    pub(crate) local: Timestamp,
}

/// Whole milliseconds, saturating.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Where a cache takes its time from; clones share it.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Source>);

enum Source {
    System(SystemClock),
    #[cfg(feature = "test-util")]
    Manual {
        now: std::sync::atomic::AtomicU64,
        /// By how many milliseconds the wall clock is ahead.
        wall_ahead: std::sync::atomic::AtomicI64,
    },
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self(Arc::new(Source::System(SystemClock::new(0))))
    }

    /// As if this machine's wall clock were this many seconds ahead.
    #[cfg(feature = "test-util")]
    pub(crate) fn system_ahead(seconds: i64) -> Self {
        Self(Arc::new(Source::System(SystemClock::new(
            seconds.saturating_mul(1000),
        ))))
    }

    /// The store's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.times().now
    }

    pub(crate) fn times(&self) -> Times {
        match &*self.0 {
            Source::System(clock) => clock.times(),
            #[cfg(feature = "test-util")]
            Source::Manual { now, .. } => Times {
                now: Timestamp(now.load(Ordering::SeqCst)),
                local: self.wall(),
            },
        }
    }

    /// This machine's wall clock, read now: handlers and HTTP servers take the dates that they write from it.
    pub(crate) fn wall(&self) -> Timestamp {
        match &*self.0 {
            Source::System(clock) => clock.wall(),
            #[cfg(feature = "test-util")]
            Source::Manual { now, wall_ahead } => Timestamp(
                now.load(Ordering::SeqCst)
                    .saturating_add_signed(wall_ahead.load(Ordering::SeqCst)),
            ),
        }
    }

    /// Takes over the store's time from an answer that took this long to arrive.
    ///
    /// Whatever the store says is followed at once, also backwards: replicas that started since know no other time. Entries
    /// that were stored before such a step then seem to come from the future, and count as expired.
    pub(crate) fn follow(&self, store: Timestamp, round_trip: Duration) {
        match &*self.0 {
            Source::System(clock) => clock.follow(store, round_trip),
            #[cfg(feature = "test-util")]
            Source::Manual { .. } => {}
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// A clock that stands still until a test moves it: [`CacheBuilder::clock`](crate::CacheBuilder::clock).
#[cfg(feature = "test-util")]
#[derive(Debug, Clone)]
pub struct ManualClock(Clock);

#[cfg(feature = "test-util")]
impl ManualClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Clock(Arc::new(Source::Manual {
            now: now.0.into(),
            wall_ahead: 0.into(),
        })))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual { now, .. } = &*self.0.0 {
            now.fetch_add(millis(by), Ordering::SeqCst);
        }
    }

    /// Steps the wall clock alone by this many seconds, as an administrator or NTP does: TTLs and ages do not notice.
    pub fn step_wall(&self, seconds: i64) {
        if let Source::Manual { wall_ahead, .. } = &*self.0.0 {
            wall_ahead.fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates() {
        let end = Timestamp::from_millis(u64::MAX);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Timestamp::from_millis(0).since(end), Duration::ZERO);
    }
}
