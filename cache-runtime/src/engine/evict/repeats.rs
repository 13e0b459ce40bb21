//! Evictions that are carried out twice: their request was interrupted, so that its change may reach the database after the
//! first time.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, time};

use crate::{
    engine::{Engine, Eviction, single_task::SingleTask, spawn},
    sync::{Mutex, lock},
};

/// The shortest pause before the second time; the longest is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// More evictions than this are replaced by one of everything.
const MAX_EVICTIONS: usize = 10_000;

/// What must be evicted a second time.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    evictions: Mutex<Vec<Eviction>>,
    task: SingleTask,
}

impl Repeats {
    fn take(&self) -> Vec<Eviction> {
        std::mem::take(&mut *lock(&self.evictions))
    }
}

impl Engine {
    /// Carries the evictions out a second time, a little later. A task that is dropped with its runtime leaves them to the
    /// next one.
    pub(in crate::engine) fn repeat(self: &Arc<Self>, evictions: &[Eviction], runtime: Option<&Handle>) {
        {
            let mut queue = lock(&self.repeats.evictions);
            queue.extend(evictions.iter().cloned());
            if queue.len() > MAX_EVICTIONS {
                *queue = vec![Eviction::Root(self.names.root_tag())];
            }
        }
        let Some(runtime) = runtime else { return };
        let Some(running) = self.repeats.task.begin() else {
            return;
        };
        let engine = Arc::clone(self);
        let work = async move {
            let mut due = engine.repeats.take();
            while !due.is_empty() {
                time::sleep(PAUSE).await;
                // Evictions that were added meanwhile have a pause of their own.
                let next = engine.repeats.take();
                engine.evict_again(&due).await;
                due = next;
            }
            drop(running);
        };
        spawn(runtime, Box::pin(work));
    }

    /// Carries out at once what waits for the second time.
    pub(in crate::engine) async fn finish_repeats(&self) {
        let due = self.repeats.take();
        if !due.is_empty() {
            self.evict_again(&due).await;
        }
    }
}
