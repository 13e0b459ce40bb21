//! The engine: looks entries up, decides who fills, and coalesces, stores and evicts. It knows nothing of HTTP: an
//! origin, which implements [`Protocol`], runs and says what its answers are to the cache.

mod target;
mod request;
mod protocol;
mod coalesce;
mod fill;
mod jitter;
mod refreshes;
mod evict;
mod single_task;

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit},
    time,
};
use tracing::{Instrument, Span, instrument::WithSubscriber};

pub(crate) use self::{
    coalesce::{Failure, Flights, Outcome},
    evict::{EvictionBatch, EvictionRetryQueue, PendingEvictions, Purges, Repeats, RequestScope},
    fill::{FillContext, Leases, Marker, Nesting, abandoned},
    protocol::{
        IsOutdated, MAX_VARIANT_STEPS, NewEntry, Produced, Protocol, RequestOptions, Run, Uncached,
        UncachedRun,
    },
    refreshes::Refreshes,
    request::Request,
    target::Target,
};
use crate::{
    clock::Clock,
    error::Error,
    key::names::{Eviction, Names},
    stats::CounterRegistry,
    store::Guard,
    sync,
    telemetry::events,
};

/// The engine of one cache.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) names: Names,
    pub(crate) settings: Settings,
    pub(crate) guard: Arc<Guard>,
    pub(crate) flights: Flights,
    pub(crate) refreshes: Arc<Refreshes>,
    /// One permit for each fill in a task of its own.
    pub(crate) runs: Arc<Semaphore>,
    /// One permit for each request that waits for another's fill.
    pub(crate) waiting: Semaphore,
    pub(crate) eviction_retries: EvictionRetryQueue,
    pub(crate) repeats: Repeats,
    pub(crate) leases: Leases,
    pub(crate) nesting: Nesting,
    pub(crate) purges: Purges,
    pub(crate) counters: CounterRegistry,
    pub(crate) clock: Clock,
}

/// The builder's settings for the engine.
#[derive(Debug)]
pub(crate) struct Settings {
    /// How long a request waits for the fills of others.
    pub(crate) coalesce_timeout: Duration,
    /// The largest random share that is subtracted from a TTL, from 0 to 1.
    pub(crate) jitter: f64,
    /// How early entries are refreshed, as a multiple of the time that the origin took; 0 disables early refresh.
    pub(crate) early_refresh: f64,
    /// How long an origin that failed is left alone while a stale entry serves.
    pub(crate) failure_backoff: Duration,
    /// How long a fill without waiters continues.
    pub(crate) abandoned_fill_timeout: Duration,
    /// All requests are answered after the entry is stored, or the budget is spent.
    pub(crate) commit_before_response: bool,
}

impl Engine {
    /// Asks the store for the first time, and from then on does in the background what has to be done there.
    ///
    /// # Panics
    /// Outside a Tokio runtime, and in one without timers.
    pub(crate) async fn start(self: &Arc<Self>) {
        let engine = Arc::downgrade(self);
        let retry = move || evict::retry_evictions_forever(engine.clone()).boxed();
        self.guard.start(retry).await;
    }

    /// The right to one more fill in a task of its own, if any is left.
    fn fill_permit(&self) -> Option<coalesce::FillPermit> {
        Arc::clone(&self.runs).try_acquire_owned().ok()
    }

    /// The right to wait for another's fill, if any is left.
    fn wait_permit(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.waiting.try_acquire().ok();
        if permit.is_none() {
            self.counters.rejected.waiters.increment();
        }
        permit
    }

    /// Waits for the work in the background.
    pub(crate) async fn shutdown(&self) -> Result<(), Error> {
        // Longer fills are abandoned; they store nothing.
        if time::timeout(self.settings.coalesce_timeout, self.flights.drained())
            .await
            .is_err()
        {
            events::shut_down_with_fills();
            self.release_leases().await;
        }
        self.finish_repeats().await;
        self.retry_evictions().await.map_err(|error| {
            events::shut_down_with_evictions(&error);
            Error::store(&error)
        })
    }
}

/// Runs `work` in a task of its own; its events go where those of the request go.
///
/// It comes in a box, for it is moved from layer to layer of the task.
pub(crate) fn spawn(runtime: &Handle, work: BoxFuture<'static, ()>) {
    sync::spawn(
        runtime,
        work.instrument(Span::current()).with_current_subscriber(),
    );
}
