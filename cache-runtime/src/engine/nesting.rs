//! Fills within fills: a handler that asks for the entry that it fills would wait for itself.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::Engine;
use crate::telemetry::events;

tokio::task_local! {
    /// The fills that the current task works for.
    static FILLS: Arc<Filling>;
}

/// A fill, and those that wait for it.
#[derive(Debug)]
pub(super) struct Filling {
    /// By its address: several caches may have the same keys.
    engine: usize,
    resource: Arc<str>,
    outer: Option<Arc<Self>>,
}

/// Whether this was warned of.
#[derive(Debug, Default)]
pub(crate) struct Nesting(AtomicBool);

impl Filling {
    /// A fill that the current task begins.
    pub(super) fn of(engine: &Arc<Engine>, resource: &Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::as_ptr(engine).addr(),
            resource: Arc::clone(resource),
            outer: current(),
        })
    }

    /// The handler's future, whose requests are known to come from within this fill. Work that it spawns is not.
    pub(super) fn within<F: Future>(
        self: &Arc<Self>,
        handler: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        FILLS.scope(Arc::clone(self), handler)
    }
}

impl Engine {
    /// Whether the current task works for a fill of this resource: a request for it must not wait. Warns once.
    pub(super) fn is_filled_by_this_task(self: &Arc<Self>, resource: &str) -> bool {
        let own = Arc::as_ptr(self).addr();
        let mut next = current();
        while let Some(fill) = next {
            if fill.engine == own && *fill.resource == *resource {
                if !self.nesting.0.swap(true, Ordering::Relaxed) {
                    events::fill_within_itself(resource);
                }
                return true;
            }
            next = fill.outer.clone();
        }
        false
    }
}

/// Shuttle runs its tasks on one thread, and switches between them within a poll.
fn current() -> Option<Arc<Filling>> {
    if cfg!(all(test, shuttle)) {
        return None;
    }
    FILLS.try_with(Arc::clone).ok()
}
