//! What tests of interleavings share: the runner, and the check that what was evicted is gone.

use std::env;

use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler},
    sync::atomic::{AtomicU64, Ordering},
};

/// As many of either kind.
const SCHEDULES: usize = 10_000;

/// So many switches at the wrong place make the rarest fault that is looked for with some certainty.
const DEPTH: usize = 3;

/// Of each thread, in bytes: an engine's future is large without optimization.
const STACK: usize = 512 * 1024;

/// Runs the test in many interleavings: with a thread drawn at each step, and with threads that are seldom interrupted.
///
/// A failure prints its schedule; with that in the environment variable `SCHEDULE` the test runs in it alone.
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
    // That weak orderings are not explored is known.
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(test);
}

/// What handlers read and a writer changes.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    value: AtomicU64,
    /// The value as it was written before the last eviction that has returned.
    evicted: AtomicU64,
}

impl Origin {
    pub(crate) fn get(&self) -> u64 {
        self.value.load(Ordering::SeqCst)
    }

    /// Writes a new value, then evicts.
    pub(crate) fn write(&self, evict: impl FnOnce()) {
        let written = self.value.fetch_add(1, Ordering::SeqCst) + 1;
        evict();
        self.evicted.fetch_max(written, Ordering::SeqCst);
    }

    /// Asks, and checks that the answer, if there is one, is not older than an eviction that returned before (P3).
    pub(crate) fn ask<T>(&self, ask: impl FnOnce() -> T) -> T
    where
        T: Copy + Into<Option<u64>>,
    {
        let least = self.evicted.load(Ordering::SeqCst);
        let answer = ask();
        if let Some(value) = answer.into() {
            assert!(
                value >= least,
                "P3: {value} came after {least} was written and the rest evicted"
            );
        }
        answer
    }
}
