//! Nested fills: a handler that requests the entry that it fills would wait for itself.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{engine::Engine, telemetry::events};

tokio::task_local! {
    /// The innermost fill that the current task works for.
    static FILLS: Arc<NestedFills>;
}

/// A fill, and the fills around it.
#[derive(Debug)]
pub(in crate::engine) struct NestedFills {
    /// The engine's address: several caches may have the same keys.
    engine: usize,
    resource: Arc<str>,
    outer: Option<Arc<Self>>,
}

/// Whether a warning was logged.
#[derive(Debug, Default)]
pub(crate) struct Nesting(AtomicBool);

impl NestedFills {
    /// A fill that the current task begins, inside the fills that it works for.
    pub(in crate::engine) fn begin(engine: &Arc<Engine>, resource: &Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::as_ptr(engine).addr(),
            resource: Arc::clone(resource),
            outer: current(),
        })
    }

    /// Runs the origin so that its requests are known to come from within this fill. Work that it spawns is not.
    pub(in crate::engine) fn within<F: Future>(
        self: &Arc<Self>,
        origin: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        FILLS.scope(Arc::clone(self), origin)
    }
}

impl Engine {
    /// Whether the current task works for a fill of this resource, so that a request for it must not wait. Warns once.
    pub(in crate::engine) fn is_filled_by_this_task(self: &Arc<Self>, resource: &str) -> bool {
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

/// `None` under shuttle, which runs all tasks on one thread and switches between them within a poll.
fn current() -> Option<Arc<NestedFills>> {
    if cfg!(all(test, shuttle)) {
        return None;
    }
    FILLS.try_with(Arc::clone).ok()
}
