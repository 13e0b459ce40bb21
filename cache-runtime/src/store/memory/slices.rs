//! Long work in slices: whatever else its thread has to do goes on in between.

use std::time::{Duration, Instant};

use tokio::task;

/// How long a slice takes.
const LENGTH: Duration = Duration::from_micros(500);

/// How many steps are taken between two looks at the clock: dropping the body of an entry takes some microseconds, a step
/// that drops nothing much less than one.
const STEPS: u32 = 16;

pub(super) struct Slice {
    began: Instant,
    steps: u32,
}

impl Slice {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            steps: 0,
        }
    }

    /// Called behind each small step: lets others go first when this slice has taken its time.
    pub(super) async fn step(&mut self) {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS) {
            self.large_step().await;
        }
    }

    /// As [`step`](Self::step), behind one that takes long itself.
    pub(super) async fn large_step(&mut self) {
        if self.began.elapsed() >= LENGTH {
            tidy_up();
            task::yield_now().await;
            self.began = Instant::now();
        }
    }
}

/// glibc's allocator puts small blocks that are freed aside, and joins them all when a large one is freed next: after a
/// million entries that takes it a second, in whatever request comes first. So each slice has it join its own.
fn tidy_up() {
    const LARGE: usize = 80 * 1024;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
}
