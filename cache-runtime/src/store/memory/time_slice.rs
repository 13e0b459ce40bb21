//! Divides long work into slices, so that the thread's other tasks run in between.

use std::time::{Duration, Instant};

use tokio::task;

/// The length of a slice.
const LENGTH: Duration = Duration::from_micros(500);

/// How many small steps are taken between two looks at the clock. Dropping an entry's body takes some microseconds, any other
/// step less than one.
const STEPS: u32 = 16;

pub(super) struct TimeSlice {
    started: Instant,
    steps: u32,
}

impl TimeSlice {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            steps: 0,
        }
    }

    /// Call this after each small step: yields to other tasks if the slice is used up.
    pub(super) async fn step(&mut self) {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS) {
            self.large_step().await;
        }
    }

    /// As [`step`](Self::step), after a step that takes long by itself.
    pub(super) async fn large_step(&mut self) {
        if self.started.elapsed() >= LENGTH {
            consolidate_free_blocks();
            task::yield_now().await;
            self.started = Instant::now();
        }
    }
}

/// glibc's allocator collects freed small blocks and consolidates all of them when a large block is freed next: after a
/// million entries that takes a second, in whichever request frees it. So each slice has its own blocks consolidated.
fn consolidate_free_blocks() {
    const LARGE: usize = 80 * 1024;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
}
