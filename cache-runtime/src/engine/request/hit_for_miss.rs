//! Hit-for-miss: where an answer could not be stored, a marker lets the next requests run side by side instead of
//! waiting for one another. Each uncached answer that could not be stored either keeps it for longer.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::runtime::Handle;

use super::Request;
use crate::{
    engine::{Engine, spawn},
    store::Mark,
};

impl<P> Request<P> {
    /// Keeps the marker for `ttl`, in the background.
    pub(super) fn keep_marker(&self, ttl: Duration) {
        let Engine {
            guard,
            refreshes,
            counters,
            ..
        } = &*self.engine;
        let slot = &self.target.slot;
        if guard.is_memory() {
            let _ = guard
                .store()
                .extend_mark(slot, Mark::HitForMiss, ttl)
                .now_or_never();
            return;
        }
        let (Ok(runtime), Some(permit)) = (
            Handle::try_current(),
            refreshes.begin(&slot.key, &counters.rejected.refreshes),
        ) else {
            return;
        };
        let (engine, slot) = (Arc::clone(&self.engine), slot.clone());
        let work = async move {
            let guard = &engine.guard;
            // Without an answer, the marker ends with its TTL.
            let _ = guard
                .call_in_background(guard.store().extend_mark(&slot, Mark::HitForMiss, ttl))
                .await;
            drop(permit);
        };
        spawn(&runtime, Box::pin(work));
    }
}
