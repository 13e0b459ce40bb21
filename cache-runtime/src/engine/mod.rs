//! The one orchestrator: request, key, lookup, rules, flight, handler, store, response.
//!
//! Attribute and layer both end here.

mod names;
pub(crate) mod flight;
mod course;
mod serve;
mod variants;
mod deadlines;
mod hit_for_miss;
mod local;
mod refresh;
mod poll;
mod nesting;
mod fill;
mod delivery;
mod body;
mod endless;
mod abandoned;
mod judge;
mod renewal;
mod evictions;
mod overdue;
mod repeats;
mod single;
mod scope;
mod values;
mod explain;

use std::{fmt, sync::Arc, time::Duration};

use axum::response::Response;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit},
    time::{self, Instant},
};
use tracing::{Instrument, Span, instrument::WithSubscriber};

use self::serve::Accepts;
pub use self::serve::TagList;
pub(crate) use self::{
    body::BufferBudget,
    endless::EndlessKeys,
    evictions::Purges,
    fill::{CachedWithin, Unshared, Validated},
    names::{Eviction, Names},
    nesting::Nesting,
    overdue::Overdue,
    refresh::Refreshes,
    renewal::Leases,
    repeats::Repeats,
    scope::{Carrying, Evictions, RequestScope},
    serve::{BoxedRun, Request, Run},
};
use crate::{
    clock::Clock,
    engine::flight::{Flights, Place},
    entry::Entry,
    error::Error,
    http::{
        self as rules, Admission, Freshness,
        request_head::RequestHead,
        response::{CacheHeaders, Responder, StatusHeaders},
    },
    key::{KeyArgs, KeyError, handler::Handler},
    outcome::CacheStatus,
    policy::{ClientControl, ClientMaxAge, Policy},
    stats::CounterRegistry,
    store::Guard,
    sync,
    telemetry::events,
};

/// One cache.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) names: Names,
    pub(crate) settings: Settings,
    pub(crate) guard: Arc<Guard>,
    pub(crate) flights: Arc<Flights>,
    pub(crate) refreshes: Arc<Refreshes>,
    /// For each run in a task of its own.
    pub(crate) runs: Arc<Semaphore>,
    /// For each request that waits for another's run.
    pub(crate) waiting: Semaphore,
    /// For bodies that stream to their clients while they are read for the cache.
    pub(crate) buffers: Arc<BufferBudget>,
    pub(crate) endless: EndlessKeys,
    pub(crate) overdue: Overdue,
    pub(crate) repeats: Repeats,
    pub(crate) leases: Leases,
    pub(crate) nesting: Nesting,
    pub(crate) purges: Purges,
    pub(crate) counters: CounterRegistry,
    pub(crate) clock: Clock,
}

/// An engine, for futures of handlers to hold. For each handler anew the compiler proves that its future may be sent to
/// another thread; it would go through all that an engine is made of, every time, which was a tenth of a build.
pub(crate) trait AnyEngine: fmt::Debug + Send + Sync {
    /// Itself.
    fn engine(self: Arc<Self>) -> Arc<Engine>;
}

impl AnyEngine for Engine {
    fn engine(self: Arc<Self>) -> Arc<Engine> {
        self
    }
}

/// What the builder was told.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) default_expire: Duration,
    pub(crate) client_control: ClientControl,
    /// For handlers that say nothing else.
    pub(crate) client_max_age: Option<ClientMaxAge>,
    pub(crate) status_headers: StatusHeaders,
    /// Bytes.
    pub(crate) max_body: usize,
    /// How long a request waits for another's run.
    pub(crate) coalesce_timeout: Duration,
    /// Of an entry's life, what is taken off at random at the most: from 0 to 1.
    pub(crate) jitter: f64,
    /// How early entries are renewed, in the handler's own time; 0: not before their end.
    pub(crate) early_refresh: f64,
    /// How long a handler that failed is not tried again while a stale entry serves.
    pub(crate) failure_backoff: Duration,
    /// How long a fill goes on that nobody waits for.
    pub(crate) abandoned_fill_timeout: Duration,
    /// Nobody is answered before the entry is stored, if the store takes it within a budget.
    pub(crate) commit_before_response: bool,
}

/// What can be said of a request without waiting.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// The cache has no part in it.
    Bypass,
    /// Answered from this process's memory.
    Answered(Response),
    /// The store must be asked.
    Ask(Box<Request>),
}

impl Engine {
    /// Builds the key and looks into memory, without waiting. `url_decides`: the response depends on nothing of the request
    /// but its URL.
    pub(crate) fn look_up(
        self: Arc<Self>,
        policy: &Policy,
        handler: Handler,
        request: RequestHead,
        url_decides: bool,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
    ) -> Lookup {
        let counters = self.counters.of(handler);
        let constraints = match rules::admit(&request, policy, self.settings.client_control) {
            Admission::Bypass => {
                counters.bypasses.increment();
                return Lookup::Bypass;
            }
            Admission::Serve(constraints) => constraints,
        };
        let cache_headers = CacheHeaders::new(policy, self.settings.client_max_age, url_decides);
        let names = &self.names;
        let looked_up = names.with_key(handler.name, policy, &request, write, |key, arguments| {
            let entry = match policy.http {
                None => self.guard.store().peek(key),
                Some(_) => self.peek_variant(key, &request.fields().headers),
            };
            if let Some(entry) = entry {
                let times = self.clock.times();
                if let Freshness::Fresh { remaining: left } =
                    rules::freshness(&entry, policy, &constraints, times.now)
                    && !self.is_early(&entry, left)
                {
                    events::key_found(key);
                    counters.hits.increment();
                    let responder = Responder {
                        handler_number: handler.number,
                        request: &request,
                        policy,
                        status_headers: &self.settings.status_headers,
                        cache_headers,
                        times,
                    };
                    return Ok(responder.answer(&entry, CacheStatus::Hit));
                }
            }
            Err(names.slot(
                key,
                handler,
                arguments,
                policy.has_variants(),
                handler.fingerprint,
            ))
        });
        match looked_up {
            Ok(Ok(response)) => Lookup::Answered(response),
            Ok(Err(slot)) => Lookup::Ask(Box::new(Request {
                engine: self,
                handler,
                policy: *policy,
                accepts: match policy.http {
                    None => Accepts::All,
                    Some(_) => Accepts::Variant(Arc::new(request.fields().headers.clone())),
                },
                request,
                constraints,
                cache_headers,
                resource: Arc::clone(&slot.key),
                slot,
                coalesces: true,
                began: Instant::now(),
                scope: None,
            })),
            // Some argument has no text, such as a rejection: there is nothing to look up.
            Err(error) => {
                events::no_key(handler.label, &error);
                counters.bypasses.increment();
                Lookup::Bypass
            }
        }
    }

    /// Asks the store for the first time, and from then on does in the background what has to be done there.
    ///
    /// # Panics
    /// Outside a Tokio runtime, and in one without timers.
    pub(crate) async fn start(self: &Arc<Self>) {
        let engine = Arc::downgrade(self);
        let retry = move || overdue::try_again(engine.clone()).boxed();
        self.guard.start(retry).await;
    }

    /// The right to one more fill in a task of its own, if any is left.
    fn permit(&self) -> Option<Place> {
        Arc::clone(&self.runs).try_acquire_owned().ok()
    }

    /// The right to wait for another's run, if there is room for one more.
    fn may_wait(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.waiting.try_acquire().ok();
        if permit.is_none() {
            self.counters.rejected.waiters.increment();
        }
        permit
    }

    /// Whether a fresh entry is to be renewed already: asked anew for each request, so that of many only few begin.
    fn is_early(&self, entry: &Entry, left: Duration) -> bool {
        let factor = self.settings.early_refresh;
        factor > 0.0 && rules::should_refresh_early(left, entry.cost, factor, random())
    }

    /// Less a random part, off the life itself, so that what clients are told is true.
    fn jittered(&self, life: Duration) -> Duration {
        let jitter = self.settings.jitter;
        if jitter == 0.0 {
            return life;
        }
        let shortened = life.mul_f64(1.0 - jitter * random());
        shortened.max(Duration::from_millis(1))
    }

    /// Waits for what goes on behind responses.
    pub(crate) async fn shutdown(&self) -> Result<(), Error> {
        // Fills that take longer than anybody waits for them are left to themselves; nothing of them is stored.
        if time::timeout(self.settings.coalesce_timeout, self.flights.landed())
            .await
            .is_err()
        {
            events::shut_down_with_runs();
            self.release_leases().await;
        }
        self.finish_repeats().await;
        self.settle_overdue().await.map_err(|error| {
            events::shut_down_with_overdue(&error);
            Error::store(&error)
        })
    }
}

/// Between 0 and 1. Without randomness, in the middle.
fn random() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
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

#[cfg(test)]
#[cfg(shuttle)]
mod interleavings;
