//! The task that keeps a store in use: started again by who asks the store when the runtime of the last one has ended.

use std::{fmt, sync::OnceLock};

use tokio::{runtime::Handle, task::AbortHandle};

use crate::sync::{Mutex, lock};

/// Starts the task in a runtime.
type Start = dyn Fn(&Handle) -> AbortHandle + Send + Sync;

/// The task of one store.
#[derive(Default)]
pub(super) struct Housekeeping {
    task: Mutex<Option<AbortHandle>>,
    start_again: OnceLock<Box<Start>>,
}

impl Housekeeping {
    /// From here on `task` is the task, and `start_again` starts the next.
    pub(super) fn started(&self, task: AbortHandle, start_again: Box<Start>) {
        *lock(&self.task) = Some(task);
        let _ = self.start_again.set(start_again);
    }

    /// Starts the task again if it has ended with its runtime. Whether it did.
    pub(super) fn restart(&self, runtime: &Handle) -> bool {
        let mut task = lock(&self.task);
        let has_ended = task.as_ref().is_some_and(AbortHandle::is_finished);
        match self.start_again.get().filter(|_| has_ended) {
            Some(start) => {
                *task = Some(start(runtime));
                true
            }
            None => false,
        }
    }
}

impl fmt::Debug for Housekeeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Housekeeping")
            .field("task", &*lock(&self.task))
            .finish_non_exhaustive()
    }
}
