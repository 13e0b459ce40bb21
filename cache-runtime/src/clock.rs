//! The time of the cache: wall-clock milliseconds that never jump with the machine's own clock.

use std::{
    fmt,
    ops::{Add, Sub},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A point in time: milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

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
    /// By the store's, which all replicas follow: for lives and ages.
    pub(crate) now: Timestamp,
    /// By this machine's, from which handlers and HTTP servers take the dates that they write.
    pub(crate) local: Timestamp,
}

/// Whole milliseconds, saturating.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Where a cache takes its time from; clones share it.
///
/// The machine's wall clock is read once. From there on the monotonic clock counts, corrected by the
/// store's own time when the store has one, so that replicas agree on what is fresh.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Source>);

enum Source {
    System(SystemClock),
    #[cfg(feature = "test-util")]
    Manual(std::sync::atomic::AtomicU64),
}

struct SystemClock {
    started: Instant,
    started_at: Timestamp,
    /// Milliseconds to add to arrive at the store's time.
    offset: AtomicI64,
}

impl SystemClock {
    /// This machine's time, as if its clock had only ever run on since the start.
    fn local(&self) -> Timestamp {
        self.started_at + self.started.elapsed()
    }
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self::system_at(Timestamp::system())
    }

    /// As if this machine's clock said so.
    fn system_at(started_at: Timestamp) -> Self {
        Self(Arc::new(Source::System(SystemClock {
            started: Instant::now(),
            started_at,
            offset: AtomicI64::new(0),
        })))
    }

    /// As if this machine's clock were so many seconds ahead.
    #[cfg(feature = "test-util")]
    pub(crate) fn system_ahead(seconds: i64) -> Self {
        let ahead = seconds.saturating_mul(1000);
        Self::system_at(Timestamp(Timestamp::system().0.saturating_add_signed(ahead)))
    }

    /// The store's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.times().now
    }

    pub(crate) fn times(&self) -> Times {
        match &*self.0 {
            Source::System(clock) => {
                let local = clock.local();
                let offset = clock.offset.load(Ordering::Relaxed);
                let now = Timestamp(local.0.saturating_add_signed(offset));
                Times { now, local }
            }
            #[cfg(feature = "test-util")]
            Source::Manual(now) => {
                let now = Timestamp(now.load(Ordering::SeqCst));
                Times { now, local: now }
            }
        }
    }

    /// Takes over the store's time, as read just now.
    pub(crate) fn follow(&self, store: Timestamp) {
        match &*self.0 {
            Source::System(clock) => {
                let ahead = i128::from(store.0) - i128::from(clock.local().0);
                // Farther apart than any two clocks are: garbage, which changes nothing.
                if let Ok(ahead) = i64::try_from(ahead) {
                    clock.offset.store(ahead, Ordering::Relaxed);
                }
            }
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

/// A clock that stands still until a test moves it: [`CacheBuilder::clock`](crate::CacheBuilder::clock).
#[cfg(feature = "test-util")]
#[derive(Debug, Clone)]
pub struct ManualClock(Clock);

#[cfg(feature = "test-util")]
impl ManualClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Clock(Arc::new(Source::Manual(now.0.into()))))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &*self.0.0 {
            now.fetch_add(millis(by), Ordering::SeqCst);
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
    fn clock_takes_over_the_store_s_time_and_counts_on_from_there() {
        let clock = Clock::system();
        let own = clock.now();
        for hours in [5, 0, 48] {
            let store = own + Duration::from_secs(hours * 3600);
            clock.follow(store);
            let now = clock.now();
            assert!(
                now >= store && now.since(store) < Duration::from_secs(60),
                "{hours}"
            );
            assert!(clock.now() >= now);
        }
        // The past, too: this machine may be the one that is ahead.
        clock.follow(Timestamp::from_millis(1_000));
        assert!(clock.now() < Timestamp::from_millis(61_000));
    }

    #[test]
    fn time_saturates() {
        let end = Timestamp::from_millis(u64::MAX);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Timestamp::from_millis(0).since(end), Duration::ZERO);
    }
}
