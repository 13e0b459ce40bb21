//! The clocks of a running program: the monotonic clock, and its offsets from the store's clock and the wall clock.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::{Times, Timestamp, millis};

/// How long a reading of the wall clock is used, in milliseconds.
const WALL_AGE: u64 = 1000;

/// A smaller change of the wall clock is not followed, in milliseconds, so that hits of one entry have the same date.
const JITTER: u64 = 50;

/// A shorter suspension of the machine is ignored, in milliseconds.
const MIN_SUSPENSION: i64 = 1000;

/// An answer that took longer is ignored: this process was suspended meanwhile.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(1);

/// Each time is that of the monotonic clock plus an origin: what the respective clock showed when the monotonic clock began.
/// All atomics are in milliseconds.
pub(super) struct SystemClock {
    began: Instant,
    /// For ages and TTLs: first that of the wall clock, then that of the store, if it has a clock.
    origin: AtomicI64,
    wall_origin: AtomicI64,
    /// When the wall clock is read again, by the monotonic clock.
    wall_due: AtomicU64,
    /// How long the machine was suspended since an arbitrary moment.
    suspended: AtomicI64,
    /// How far a test sets the wall clock ahead.
    ahead: AtomicI64,
}

impl SystemClock {
    /// Clocks whose wall clock is this many milliseconds ahead.
    pub(super) fn new(ahead: i64) -> Self {
        let clock = Self {
            began: Instant::now(),
            origin: AtomicI64::new(0),
            wall_origin: AtomicI64::new(0),
            wall_due: AtomicU64::new(WALL_AGE),
            suspended: AtomicI64::new(suspended(0).unwrap_or_default()),
            ahead: AtomicI64::new(ahead),
        };
        let origin = clock.read_wall_origin(0);
        clock.wall_origin.store(origin, Ordering::Relaxed);
        clock.origin.store(origin, Ordering::Relaxed);
        clock
    }

    pub(super) fn times(&self) -> Times {
        let monotonic = self.monotonic();
        if monotonic >= self.wall_due.load(Ordering::Relaxed) {
            self.read_wall(monotonic);
        }
        Times {
            now: at(&self.origin, monotonic),
            local: at(&self.wall_origin, monotonic),
        }
    }

    pub(super) fn wall(&self) -> Timestamp {
        let monotonic = self.monotonic();
        self.read_wall(monotonic);
        at(&self.wall_origin, monotonic)
    }

    pub(super) fn follow(&self, store: Timestamp, round_trip: Duration) {
        if round_trip > MAX_ROUND_TRIP {
            return;
        }
        let monotonic = self.monotonic();
        // First, because the store's time includes a suspension already.
        self.read_wall(monotonic);
        let origin = i128::from((store + round_trip / 2).0) - i128::from(monotonic);
        // An absurd time is ignored.
        if let Ok(origin) = i64::try_from(origin) {
            self.origin.store(origin, Ordering::Relaxed);
        }
    }

    /// Milliseconds since the clock began.
    fn monotonic(&self) -> u64 {
        millis(self.began.elapsed())
    }

    fn read_wall_origin(&self, monotonic: u64) -> i64 {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let wall = Timestamp::of_machine().0.saturating_add_signed(ahead);
        signed(wall).saturating_sub(signed(monotonic))
    }

    /// Reads the wall clock and follows its steps.
    fn read_wall(&self, monotonic: u64) {
        self.wall_due
            .store(monotonic.saturating_add(WALL_AGE), Ordering::Relaxed);
        let known = self.wall_origin.load(Ordering::Relaxed);
        let origin = self.read_wall_origin(monotonic);
        let was_followed_here = origin.abs_diff(known) > JITTER
            && self
                .wall_origin
                .compare_exchange(known, origin, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if was_followed_here {
            self.add_suspension(monotonic, origin.saturating_sub(known));
        }
    }

    /// Adds a suspension of the machine, during which its monotonic clock stops, to ages. A suspension shows as a step of the
    /// wall clock.
    fn add_suspension(&self, monotonic: u64, step: i64) {
        if step < MIN_SUSPENSION {
            return;
        }
        let Some(total) = suspended(monotonic) else { return };
        let since = total.saturating_sub(self.suspended.swap(total, Ordering::Relaxed));
        if since >= MIN_SUSPENSION {
            self.origin.fetch_add(since.min(step), Ordering::Relaxed);
        }
    }
}

fn at(origin: &AtomicI64, monotonic: u64) -> Timestamp {
    let origin = origin.load(Ordering::Relaxed);
    Timestamp(monotonic.saturating_add_signed(origin))
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// How many milliseconds a clock that runs during suspensions is ahead of the monotonic clock, which shows `monotonic`.
///
/// The standard library has no such clock. On Linux it is a file; elsewhere suspensions are not added to ages.
fn suspended(monotonic: u64) -> Option<i64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    Some((seconds * 1000.0) as i64 - signed(monotonic))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    /// Much longer than a test takes on a busy machine.
    const SOON: Duration = Duration::from_secs(60);

    fn assert_soon_after(time: Timestamp, earlier: Timestamp) {
        assert!(
            time >= earlier && time.since(earlier) < SOON,
            "{time:?} is not shortly after {earlier:?}"
        );
    }

    impl SystemClock {
        /// Steps the wall clock and lets it be read next.
        fn step(&self, by: i64) {
            self.ahead.fetch_add(by, Ordering::Relaxed);
            self.wall_due.store(0, Ordering::Relaxed);
        }
    }

    #[test]
    fn time_of_the_store_is_followed_and_advances() {
        let clock = SystemClock::new(0);
        let own = clock.times().now;
        for hours in [5, 0, 48] {
            let store = own + Duration::from_secs(hours * 3600);
            clock.follow(store, Duration::ZERO);
            let now = clock.times().now;
            assert_soon_after(now, store);
            assert!(clock.times().now >= now);
        }
        // Also backwards: this machine may be the one whose clock is ahead.
        clock.follow(Timestamp::from_millis(1_000), Duration::ZERO);
        assert!(clock.times().now < Timestamp::from_millis(61_000));
    }

    #[test]
    fn half_of_the_round_trip_is_added_to_the_time_of_the_store() {
        let clock = SystemClock::new(0);
        let store = clock.times().now + Duration::from_secs(3600);
        clock.follow(store, Duration::from_millis(800));
        assert_soon_after(clock.times().now, store + Duration::from_millis(400));
    }

    #[test]
    fn answer_that_took_long_is_ignored() {
        let clock = SystemClock::new(0);
        let own = clock.times().now;
        clock.follow(own + Duration::from_secs(3600), Duration::from_secs(2));
        assert_soon_after(clock.times().now, own);
    }

    #[test]
    fn step_of_the_wall_clock_moves_dates_but_not_ages() {
        let clock = SystemClock::new(-24 * HOUR);
        let start = clock.times();
        let mut wall = start.local;
        for by in [24 * HOUR, 8 * HOUR, -3 * HOUR] {
            clock.step(by);
            wall = Timestamp(wall.0.saturating_add_signed(by));
            let times = clock.times();
            assert_soon_after(times.local, wall);
            assert_soon_after(clock.wall(), wall);
            assert_soon_after(times.now, start.now);
        }
    }

    #[test]
    fn wall_is_read_anew_each_time() {
        let clock = SystemClock::new(0);
        let start = clock.wall();
        clock.ahead.store(8 * HOUR, Ordering::Relaxed);
        assert_soon_after(clock.wall(), start + Duration::from_secs(8 * 3600));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn suspension_adds_to_ages() {
        let clock = SystemClock::new(0);
        let start = clock.times();
        // As if the machine had been suspended for an hour, during which the other two clocks ran.
        clock.suspended.fetch_sub(HOUR, Ordering::Relaxed);
        clock.step(HOUR);
        assert_soon_after(clock.times().now, start.now + Duration::from_secs(3600));
        // The store's time includes it already.
        clock.suspended.fetch_sub(HOUR, Ordering::Relaxed);
        clock.step(HOUR);
        clock.follow(start.now, Duration::ZERO);
        assert_soon_after(clock.times().now, start.now);
    }
}
