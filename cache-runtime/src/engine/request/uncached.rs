//! Runs the origin for one request alone: nothing is stored of its answer.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use tokio::{runtime::Handle, time::Instant};

use super::{Request, ending::Ending, stored::Stored};
use crate::{
    engine::{
        Engine,
        protocol::{IsOutdated, Protocol, Run, UncachedRun},
        spawn,
    },
    outcome::NotStoredReason,
    store::{Lookup, ReadOutcome},
};

impl<P: Protocol> Request<P> {
    pub(super) async fn run_uncached(
        &self,
        reason: NotStoredReason,
        stored: &Stored,
        origin: P::Origin,
    ) -> Ending<P> {
        let counters = self.counters();
        let (began, at) = (Instant::now(), self.engine.clock.now());
        let run = Run {
            is_shared: false,
            stored: stored.to_validate.clone(),
        };
        let ended = AssertUnwindSafe(P::run(origin, run)).catch_unwind().await;
        let failed = ended.as_ref().map_or(true, P::has_failed);
        counters.filled(began.elapsed(), failed);
        let received = match ended {
            Ok(received) => received,
            Err(panic) => return Ending::Panicked(panic),
        };
        counters.refused(reason);
        let uncached = P::judge_uncached(
            received,
            &UncachedRun {
                target: &self.target,
                began: at,
                is_hit_for_miss: reason == NotStoredReason::HitForMiss,
                stored: stored.to_validate.as_deref(),
            },
        );
        if let Some(ttl) = uncached.confirms_marker.filter(|_| !failed) {
            self.keep_marker(ttl);
        }
        if let Some(is_outdated) = uncached.outdates {
            self.evict_in_background(is_outdated);
        }
        Ending::Uncached {
            answer: uncached.answer,
            failed,
            revalidated: uncached.revalidated,
            is_shared: false,
        }
    }

    /// Evicts what the slot holds, if the answer shows it to be outdated (RFC 9111 section 4.3.5), behind that answer.
    fn evict_in_background(&self, is_outdated: IsOutdated) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let Engine {
            refreshes, counters, ..
        } = &*self.engine;
        let slot = &self.target.slot;
        let Some(permit) = refreshes.begin(&slot.key, &counters.rejected.refreshes) else {
            return;
        };
        let (engine, slot) = (Arc::clone(&self.engine), slot.clone());
        let work = async move {
            let (guard, store) = (&engine.guard, engine.guard.store());
            // The entry may be another by now than the one that was read.
            let read = guard.call_in_background(store.read(&slot)).await;
            if let Ok(ReadOutcome {
                lookup: Lookup::Entry(entry),
                ..
            }) = read
                && is_outdated(&entry)
            {
                // Without an answer, the entry stays as stale as it was.
                let _ = guard.call_in_background(store.evict(&[slot.key])).await;
            }
            drop(permit);
        };
        spawn(&runtime, Box::pin(work));
    }
}
