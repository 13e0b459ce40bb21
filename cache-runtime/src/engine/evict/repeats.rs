//! Evictions that are carried out a second time: their request was interrupted, so that a change may reach the database after
//! the first.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, time};

use crate::{
    engine::{Engine, Eviction, single_task::SingleTask, spawn},
    sync::{Mutex, lock},
};

/// Between the first time and the second, at the least; twice as long at the most.
const PAUSE: Duration = Duration::from_secs(1);

/// More evictions than this become one, of everything.
const MOST: usize = 10_000;

/// What is to be evicted once more.
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
    /// Carries the evictions out once more, a little later. A task that is dropped with its runtime leaves them to the next.
    pub(in crate::engine) fn repeat(self: &Arc<Self>, evictions: &[Eviction], runtime: Option<&Handle>) {
        {
            let mut queue = lock(&self.repeats.evictions);
            queue.extend(evictions.iter().cloned());
            if queue.len() > MOST {
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
                // What was added meanwhile has its own pause before it.
                let next = engine.repeats.take();
                engine.evict_again(&due).await;
                due = next;
            }
            drop(running);
        };
        spawn(runtime, Box::pin(work));
    }

    /// Carries out at once what waits for its second time.
    pub(in crate::engine) async fn finish_repeats(&self) {
        let due = self.repeats.take();
        if !due.is_empty() {
            self.evict_again(&due).await;
        }
    }
}
