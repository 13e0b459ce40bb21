//! The clock of a running program: the monotonic clock counts, the store and the wall clock say from where.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::{Times, Timestamp, millis};

/// How old a reading of the wall clock may be, in milliseconds, where it is not read each time.
const WALL_AGE: u64 = 1000;

/// A smaller change between two readings of the wall clock is no step, in milliseconds: hits of one entry name the same date.
const JITTER: u64 = 50;

/// A shorter suspension is not noticed, in milliseconds.
const SHORTEST_SUSPENSION: i64 = 1000;

/// An answer that took longer says little of the store's time now: this process was stopped meanwhile.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(1);

/// Both times are the monotonic clock's and an origin: what the respective clock said when the monotonic one began.
pub(super) struct SystemClock {
    began: Instant,
    /// That of ages and TTLs: at first the wall clock's, then the store's where it has a clock.
    origin: AtomicI64,
    wall_origin: AtomicI64,
    /// From when on, in monotonic milliseconds, the wall clock is read again.
    wall_due: AtomicU64,
    /// How long the machine was suspended, in milliseconds, since it started or any other moment.
    suspended: AtomicI64,
    /// Milliseconds that a test adds to the wall clock.
    ahead: AtomicI64,
}

impl SystemClock {
    /// With a wall clock that is this many milliseconds ahead.
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
            self.look_at_the_wall(monotonic);
        }
        Times {
            now: at(&self.origin, monotonic),
            local: at(&self.wall_origin, monotonic),
        }
    }

    pub(super) fn wall(&self) -> Timestamp {
        let monotonic = self.monotonic();
        self.look_at_the_wall(monotonic);
        at(&self.wall_origin, monotonic)
    }

    pub(super) fn follow(&self, store: Timestamp, round_trip: Duration) {
        if round_trip > LONGEST_ROUND_TRIP {
            return;
        }
        let monotonic = self.monotonic();
        // First, so that a suspension is not added to a time that includes it.
        self.look_at_the_wall(monotonic);
        let origin = i128::from((store + round_trip / 2).0) - i128::from(monotonic);
        // Farther away than any clock is: garbage, which changes nothing.
        if let Ok(origin) = i64::try_from(origin) {
            self.origin.store(origin, Ordering::Relaxed);
        }
    }

    /// Milliseconds since this clock began.
    fn monotonic(&self) -> u64 {
        millis(self.began.elapsed())
    }

    fn read_wall_origin(&self, monotonic: u64) -> i64 {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let wall = Timestamp::system().0.saturating_add_signed(ahead);
        signed(wall).saturating_sub(signed(monotonic))
    }

    /// Reads the wall clock, and notices whether it has stepped.
    fn look_at_the_wall(&self, monotonic: u64) {
        self.wall_due
            .store(monotonic.saturating_add(WALL_AGE), Ordering::Relaxed);
        let known = self.wall_origin.load(Ordering::Relaxed);
        let origin = self.read_wall_origin(monotonic);
        let is_ours = origin.abs_diff(known) > JITTER
            && self
                .wall_origin
                .compare_exchange(known, origin, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_ours {
            self.count_suspension(monotonic, origin.saturating_sub(known));
        }
    }

    /// Ages go on while the machine is suspended, though its monotonic clock does not: a step of the wall clock is looked
    /// into, for a suspension is one as well.
    fn count_suspension(&self, monotonic: u64, step: i64) {
        if step < SHORTEST_SUSPENSION {
            return;
        }
        let Some(total) = suspended(monotonic) else { return };
        let since = total.saturating_sub(self.suspended.swap(total, Ordering::Relaxed));
        if since >= SHORTEST_SUSPENSION {
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

/// By how many milliseconds a clock that counts suspensions is ahead of the monotonic one, which says `monotonic`.
///
/// The standard library has no such clock. On Linux the kernel shows it as a file; elsewhere suspensions are not counted.
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

    /// Far beyond what a few lines take on a busy machine.
    const SOON: Duration = Duration::from_secs(60);

    fn assert_soon_after(time: Timestamp, earlier: Timestamp) {
        assert!(
            time >= earlier && time.since(earlier) < SOON,
            "{time:?} is not shortly after {earlier:?}"
        );
    }

    impl SystemClock {
        /// Steps the wall clock, which is due to be read.
        fn step(&self, by: i64) {
            self.ahead.fetch_add(by, Ordering::Relaxed);
            self.wall_due.store(0, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_store_s_time_is_taken_over_and_counts_on_from_there() {
        let clock = SystemClock::new(0);
        let own = clock.times().now;
        for hours in [5, 0, 48] {
            let store = own + Duration::from_secs(hours * 3600);
            clock.follow(store, Duration::ZERO);
            let now = clock.times().now;
            assert_soon_after(now, store);
            assert!(clock.times().now >= now);
        }
        // The past, too: this machine may be the one that is ahead.
        clock.follow(Timestamp::from_millis(1_000), Duration::ZERO);
        assert!(clock.times().now < Timestamp::from_millis(61_000));
    }

    #[test]
    fn half_of_the_round_trip_has_passed_since_the_store_read_its_clock() {
        let clock = SystemClock::new(0);
        let store = clock.times().now + Duration::from_secs(3600);
        clock.follow(store, Duration::from_millis(800));
        assert_soon_after(clock.times().now, store + Duration::from_millis(400));
    }

    #[test]
    fn an_answer_that_was_heard_long_after_it_came_says_nothing() {
        let clock = SystemClock::new(0);
        let own = clock.times().now;
        clock.follow(own + Duration::from_secs(3600), Duration::from_secs(2));
        assert_soon_after(clock.times().now, own);
    }

    #[test]
    fn a_step_of_the_wall_clock_moves_dates_and_no_ages() {
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
    fn dates_are_weighed_by_the_wall_clock_of_that_moment() {
        let clock = SystemClock::new(0);
        let start = clock.wall();
        clock.ahead.store(8 * HOUR, Ordering::Relaxed);
        assert_soon_after(clock.wall(), start + Duration::from_secs(8 * 3600));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_suspension_counts_as_age() {
        let clock = SystemClock::new(0);
        let start = clock.times();
        // As if the machine had slept for an hour, over which both other clocks went on.
        clock.suspended.fetch_sub(HOUR, Ordering::Relaxed);
        clock.step(HOUR);
        assert_soon_after(clock.times().now, start.now + Duration::from_secs(3600));
        // The store knows about it already.
        clock.suspended.fetch_sub(HOUR, Ordering::Relaxed);
        clock.step(HOUR);
        clock.follow(start.now, Duration::ZERO);
        assert_soon_after(clock.times().now, start.now);
    }
}
