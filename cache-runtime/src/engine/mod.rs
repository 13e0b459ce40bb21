//! The one orchestrator: request, key, lookup, rules, flight, handler, store, response.
//!
//! Attribute and layer both end here.

mod names;
mod course;
mod serve;
mod refresh;
mod poll;
mod fill;
mod judge;
mod renewal;
mod capture;
mod overdue;

use std::{future::Future, sync::Arc, time::Duration};

use axum::response::Response;
use futures_util::future::join;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit},
    time::{self, Instant},
};
use tracing::{Instrument, Span, instrument::WithSubscriber};

pub use self::serve::TagList;
pub(crate) use self::{
    fill::Unshared,
    names::{Eviction, Names},
    overdue::Overdue,
    refresh::Refreshes,
    serve::Request,
};
use crate::{
    clock::Clock,
    entry::Entry,
    error::Error,
    events,
    flight::{Flights, Place},
    handler::{Handler, Site},
    key::{CacheKey, KeyArgs, KeyError},
    policy::ClientControl,
    request::RequestHead,
    respond::{self, Style, Verdict},
    rules::{self, Admission, Freshness},
    stats::Counters,
    store::{Guard, StoreError},
    sync,
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
    pub(crate) overdue: Overdue,
    /// For who clears up behind an eviction of everything.
    pub(crate) purges: Semaphore,
    pub(crate) counters: Counters,
    pub(crate) clock: Clock,
}

/// What the builder was told.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) default_expire: Duration,
    pub(crate) client_control: ClientControl,
    pub(crate) style: Style,
    /// Bytes.
    pub(crate) max_body: usize,
    /// How long a request waits for another's run.
    pub(crate) wait: Duration,
    /// Of an entry's life, what is taken off at random at the most: from 0 to 1.
    pub(crate) jitter: f64,
    /// How early entries are renewed, in the handler's own time; 0: not before their end.
    pub(crate) early_refresh: f64,
    /// How long a handler that failed is not tried again while a stale entry serves.
    pub(crate) retry_after: Duration,
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
    /// Builds the key and looks into memory, without waiting.
    pub(crate) fn look_up(
        self: Arc<Self>,
        site: &'static Site,
        handler: Handler,
        request: RequestHead,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
    ) -> Lookup {
        let policy = &site.policy;
        let counters = self.counters.of(handler);
        let wishes = match rules::admit(&request, policy, self.settings.client_control) {
            Admission::Bypass => {
                counters.bypassed.count();
                return Lookup::Bypass;
            }
            Admission::Serve(wishes) => wishes,
        };
        let names = &self.names;
        let looked_up = names.with_key(handler.name, policy, &request, write, |key, arguments| {
            if let Some(entry) = self.guard.store().peek(key) {
                let times = self.clock.times();
                if let Freshness::Fresh { left } = rules::freshness(&entry, policy, &wishes, times.now)
                    && !self.is_early(&entry, left)
                {
                    events::key_found(key);
                    counters.hits.count();
                    return Ok(respond::respond(
                        &entry,
                        &request,
                        policy,
                        &self.settings.style,
                        Verdict::Hit,
                        times,
                    ));
                }
            }
            Err(names.slot(key, arguments, policy, handler.fingerprint))
        });
        match looked_up {
            Ok(Ok(response)) => Lookup::Answered(response),
            Ok(Err(slot)) => Lookup::Ask(Box::new(Request {
                engine: Arc::clone(&self),
                handler,
                policy: site.policy,
                request,
                wishes,
                slot,
                began: Instant::now(),
            })),
            // Some argument has no text, such as a rejection: there is nothing to look up.
            Err(error) => {
                events::no_key(handler.name, &error);
                counters.bypassed.count();
                Lookup::Bypass
            }
        }
    }

    /// Asks the store for the first time, and from then on does in the background what has to be done there.
    ///
    /// # Panics
    /// Outside a Tokio runtime, and in one without timers.
    pub(crate) async fn start(self: &Arc<Self>) {
        self.guard.start().await;
        if !self.guard.is_memory() {
            self.make_up();
        }
    }

    /// A place for one more run, if there is any.
    fn place(&self) -> Option<Place> {
        let place = Arc::clone(&self.runs).try_acquire_owned().ok();
        if place.is_none() {
            self.counters.runs.count();
        }
        place
    }

    /// The right to wait for another's run, if there is room for one more.
    fn may_wait(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.waiting.try_acquire().ok();
        if permit.is_none() {
            self.counters.waiting.count();
        }
        permit
    }

    /// Whether a fresh entry is to be renewed already: asked anew for each request, so that of many only few begin.
    fn is_early(&self, entry: &Entry, left: Duration) -> bool {
        let factor = self.settings.early_refresh;
        factor > 0.0 && rules::is_early(left, entry.cost, factor, random())
    }

    /// Takes away every entry of one argument list.
    pub(crate) async fn evict(&self, key: &CacheKey) -> Result<(), Error> {
        let eviction = self.names.eviction(key).map_err(Error::key)?;
        self.carry_out(&[eviction]).await
    }

    /// Takes away every entry of a handler.
    pub(crate) async fn evict_all(&self, handler: &'static str) -> Result<(), Error> {
        let eviction = self.names.eviction_of_all(handler);
        self.carry_out(&[eviction]).await
    }

    /// Takes away every entry that bears a tag of the user's.
    pub(crate) async fn evict_tag(&self, tag: &str) -> Result<(), Error> {
        let tag = self.names.user_tag(tag);
        self.carry_out(&[Eviction::UserTag(tag)]).await
    }

    /// Takes away every entry. What is left of them is cleared up behind whoever asks.
    pub(crate) async fn clear(self: &Arc<Self>) -> Result<(), Error> {
        let root = self.names.root_tag();
        self.carry_out(&[Eviction::Root(root)]).await?;
        spawn(&Handle::current(), Arc::clone(self).purge());
        Ok(())
    }

    /// One at a time, and where a step fails no more: the rest leaves by itself.
    async fn purge(self: Arc<Self>) {
        let Ok(_only) = self.purges.try_acquire() else {
            return;
        };
        let (guard, store) = (&self.guard, self.guard.store());
        let before = self.clock.now();
        let mut from = Some(0);
        while let Some(at) = from {
            let purged = guard.behind(store.purge(self.names.prefix(), before, at)).await;
            from = purged.ok().flatten();
        }
    }

    /// Takes away all that these name, with one call for the keys and one for the tags, both at once: together they
    /// take no longer than the budget for one.
    pub(crate) async fn carry_out(&self, evictions: &[Eviction]) -> Result<(), Error> {
        let (keys, tags) = self.detach(evictions);
        let taken = self.take_away(&keys, &tags).await;
        taken
            .inspect(|()| {
                for eviction in evictions {
                    self.counters.evicted(eviction.handler());
                }
            })
            .map_err(|error| {
                self.evict_later(&keys, &tags);
                Error::store(&error)
            })
    }

    /// The same behind whoever asks: from here on nothing of it is served, and it is tried until it is done.
    pub(crate) fn carry_out_later(&self, evictions: &[Eviction]) {
        let (keys, tags) = self.detach(evictions);
        self.evict_later(&keys, &tags);
    }

    /// The names of what is evicted. No request that comes later joins a run for it.
    fn detach(&self, evictions: &[Eviction]) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let (mut keys, mut tags, mut any) = (Vec::new(), Vec::new(), None);
        for eviction in evictions {
            match eviction {
                Eviction::Key { plain, variants, .. } => {
                    self.flights.detach_key(plain);
                    self.flights.detach_tag(variants);
                    keys.push(Arc::clone(plain));
                    tags.push(Arc::clone(variants));
                }
                Eviction::Handler { tag, .. } | Eviction::Root(tag) => {
                    self.flights.detach_tag(tag);
                    tags.push(Arc::clone(tag));
                }
                Eviction::UserTag(tag) => {
                    // What runs without a lease may turn out to bear it.
                    self.flights.detach_all();
                    tags.push(Arc::clone(tag));
                    any = Some(self.names.any_tag());
                }
            }
        }
        // `any` first: see `Store::commit`.
        (keys, any.into_iter().chain(tags).collect())
    }

    /// Waits for what goes on behind responses.
    pub(crate) async fn shutdown(&self) -> Result<(), Error> {
        // Runs that take longer than anybody waits for them are left to themselves.
        if time::timeout(self.settings.wait, self.flights.landed())
            .await
            .is_err()
        {
            events::shut_down_with_runs();
        }
        self.settle_overdue().await.map_err(|error| {
            events::shut_down_with_overdue(&error);
            Error::store(&error)
        })
    }

    async fn take_away(&self, keys: &[Arc<str>], tags: &[Arc<str>]) -> Result<(), StoreError> {
        let (guard, store) = (&self.guard, self.guard.store());
        let evicted = async {
            if keys.is_empty() {
                return Ok(());
            }
            guard.insist(store.evict(keys)).await
        };
        let retired = async {
            if tags.is_empty() {
                return Ok(());
            }
            guard.insist(store.retire(tags)).await
        };
        let (evicted, retired) = join(evicted, retired).await;
        evicted.and(retired)
    }
}

/// Between 0 and 1. Without randomness, in the middle.
fn random() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

/// Runs `work` in a task of its own; its events go where those of the request go.
pub(crate) fn spawn(runtime: &Handle, work: impl Future<Output = ()> + Send + 'static) {
    sync::spawn(
        runtime,
        work.instrument(Span::current()).with_current_subscriber(),
    );
}

#[cfg(test)]
#[cfg(shuttle)]
mod interleavings;
