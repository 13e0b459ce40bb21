//! The background task of a store, which is started again when its runtime has ended.

use std::{fmt, sync::OnceLock};

use tokio::{runtime::Handle, task::AbortHandle};

use crate::sync::{Mutex, lock};

/// Starts the task in a runtime.
type Start = dyn Fn(&Handle) -> AbortHandle + Send + Sync;

/// The task of one store.
#[derive(Default)]
pub(super) struct BackgroundTask {
    task: Mutex<Option<AbortHandle>>,
    restart: OnceLock<Box<Start>>,
}

impl BackgroundTask {
    /// Takes over `task`, which is running; `restart` starts the next one.
    pub(super) fn install(&self, task: AbortHandle, restart: Box<Start>) {
        *lock(&self.task) = Some(task);
        let _ = self.restart.set(restart);
    }

    /// Starts the task in `runtime` if it has ended with its own. `false` if it is running.
    pub(super) fn restart_if_ended(&self, runtime: &Handle) -> bool {
        let mut task = lock(&self.task);
        let has_ended = task.as_ref().is_some_and(AbortHandle::is_finished);
        match self.restart.get().filter(|_| has_ended) {
            Some(restart) => {
                *task = Some(restart(runtime));
                true
            }
            None => false,
        }
    }
}

impl fmt::Debug for BackgroundTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackgroundTask")
            .field("task", &*lock(&self.task))
            .finish_non_exhaustive()
    }
}
