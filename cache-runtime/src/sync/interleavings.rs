//! Shared by the tests of interleavings: the runner, and an origin that detects reads of evicted values.

use std::env;

use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler},
    sync::atomic::{AtomicU64, Ordering},
};

/// The number of schedules of each kind.
const SCHEDULES: usize = 10_000;

/// How many context switches at the wrong places a bug may need to be found with some certainty.
const DEPTH: usize = 3;

/// The stack of a thread, in bytes: the engine's futures are large without optimizations.
const STACK: usize = 512 * 1024;

/// Runs the test in many interleavings: half of them switch threads at random, the others only a few times.
///
/// A failure prints its schedule. If the environment variable `SCHEDULE` holds it, the test runs in that schedule alone.
pub(crate) fn explore(test: impl Fn() + Clone + Send + Sync + 'static) {
    if let Ok(schedule) = env::var("SCHEDULE") {
        return run(ReplayScheduler::new_from_encoded(&schedule), test);
    }
    run(RandomScheduler::new(SCHEDULES), test.clone());
    run(PctScheduler::new(DEPTH, SCHEDULES), test);
}

fn run(scheduler: impl Scheduler + 'static, test: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = STACK;
    // It warns that weak memory orderings are not explored.
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(test);
}

/// A value that handlers read and a writer changes.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    value: AtomicU64,
    /// The value that was written before the newest eviction that has returned.
    evicted: AtomicU64,
}

impl Origin {
    pub(crate) fn get(&self) -> u64 {
        self.value.load(Ordering::SeqCst)
    }

    /// Writes a new value, then calls `evict`.
    pub(crate) fn write(&self, evict: impl FnOnce()) {
        let written = self.value.fetch_add(1, Ordering::SeqCst) + 1;
        evict();
        self.evicted.fetch_max(written, Ordering::SeqCst);
    }

    /// Calls `read` and checks that its value, if any, is not older than an eviction that has returned before (P3).
    pub(crate) fn read_checked<T>(&self, read: impl FnOnce() -> T) -> T
    where
        T: Copy + Into<Option<u64>>,
    {
        let least = self.evicted.load(Ordering::SeqCst);
        let answer = read();
        if let Some(value) = answer.into() {
            assert!(
                value >= least,
                "P3: read {value} after {least} was written and older values were evicted"
            );
        }
        answer
    }
}
