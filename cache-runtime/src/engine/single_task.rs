//! Work that one task at a time does.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether a task is at work.
#[derive(Debug, Default)]
pub(super) struct SingleTask(Arc<AtomicBool>);

impl SingleTask {
    /// The right to be that task, until it is dropped: also with the runtime of the task.
    pub(super) fn begin(&self) -> Option<Running> {
        let was_running = self.0.swap(true, Ordering::AcqRel);
        (!was_running).then(|| Running(Arc::clone(&self.0)))
    }
}

/// Held by the task at work.
#[derive(Debug)]
pub(super) struct Running(Arc<AtomicBool>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
