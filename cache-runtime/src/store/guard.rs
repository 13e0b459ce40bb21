//! Between the engine and a store that may fail: a time budget per request, and a breaker.

use std::{
    future::{Future, ready},
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::future::{BoxFuture, Either, join, select};
use tokio::{
    runtime::Handle,
    time::{self, Instant},
};

use super::{
    MemoryStore, Store, StoreError, StoreFuture,
    breaker::Breaker,
    budget::Budget,
    deadline,
    housekeeping::Housekeeping,
    need::{Awake, Need},
};
use crate::{
    clock::Clock,
    telemetry::{
        events,
        recorder::{Gauge, Metric, MetricsRecorder},
    },
};

/// How often the store is probed, and how long a probe may take.
const PROBE: Duration = Duration::from_secs(1);

/// How long a write behind a response may take.
const WRITE: Duration = Duration::from_secs(2);

/// How often memory is swept.
const SWEEP: Duration = Duration::from_secs(10);

/// A store behind its guard.
#[derive(Debug)]
pub(crate) struct Guard {
    store: Tier,
    /// Store time that one request may take.
    budget: Duration,
    clock: Clock,
    housekeeping: Housekeeping,
}

#[derive(Debug)]
#[cfg_attr(
    all(test, shuttle),
    expect(clippy::large_enum_variant, reason = "shuttle's locks are larger")
)]
enum Tier {
    /// Cannot fail.
    Memory { store: MemoryStore, held: Held },
    Remote {
        store: Box<dyn Store>,
        breaker: Breaker,
        need: Arc<Need>,
    },
}

/// What memory holds, as it was when it was swept.
#[derive(Debug)]
struct Held {
    entries: Gauge,
    bytes: Gauge,
}

impl Held {
    fn look(&self, store: &MemoryStore) {
        self.entries.set(store.len());
        self.bytes
            .set(usize::try_from(store.weight()).unwrap_or(usize::MAX));
    }
}

impl Guard {
    pub(crate) fn memory(store: MemoryStore, clock: Clock, recorder: &MetricsRecorder) -> Self {
        let held = Held {
            entries: recorder.gauge(Metric::MemoryEntries),
            bytes: recorder.gauge(Metric::MemoryBytes),
        };
        Self {
            store: Tier::Memory { store, held },
            budget: Duration::MAX,
            clock,
            housekeeping: Housekeeping::default(),
        }
    }

    /// Starts open: the first probe closes it.
    pub(crate) fn remote(
        store: Box<dyn Store>,
        budget: Duration,
        clock: Clock,
        recorder: &MetricsRecorder,
    ) -> Self {
        let breaker = Breaker::new(recorder.gauge(Metric::StoreUnavailable));
        let need = Arc::default();
        Self {
            store: Tier::Remote { store, breaker, need },
            budget,
            clock,
            housekeeping: Housekeeping::default(),
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        match &self.store {
            Tier::Memory { store, .. } => store,
            Tier::Remote { store, .. } => &**store,
        }
    }

    /// The memory, if that is the store.
    pub(crate) fn in_memory(&self) -> Option<&MemoryStore> {
        match &self.store {
            Tier::Memory { store, .. } => Some(store),
            Tier::Remote { .. } => None,
        }
    }

    pub(crate) fn is_memory(&self) -> bool {
        self.in_memory().is_some()
    }

    /// Whether the store is known not to answer.
    pub(crate) fn is_open(&self) -> bool {
        match &self.store {
            Tier::Memory { .. } => false,
            Tier::Remote { breaker, .. } => breaker.is_open(),
        }
    }

    /// For people to read.
    pub(crate) fn display_url(&self) -> String {
        match &self.store {
            Tier::Memory { .. } => "memory".to_owned(),
            Tier::Remote { store, .. } => format!("{store:?}"),
        }
    }

    /// A call on a request's path: within what is left of its budget, and not at all while the breaker is open.
    ///
    /// # Cancel safety
    /// As the call itself; time spent before the cancellation is not taken off the budget.
    pub(crate) async fn call<T>(
        &self,
        budget: &mut Budget,
        call: StoreFuture<'_, T>,
    ) -> Result<T, StoreError> {
        if self.is_memory() {
            return call.await;
        }
        let left = budget.left(self.budget);
        if left.is_zero() {
            return Err(StoreError::unavailable("the request's store time is used up"));
        }
        let started = Instant::now();
        let answer = self.limited(left, call).await;
        budget.spend(started.elapsed());
        answer
    }

    /// A call behind the response.
    pub(crate) async fn call_in_background<T>(&self, call: StoreFuture<'_, T>) -> Result<T, StoreError> {
        self.limited(WRITE.max(self.budget), call).await
    }

    async fn limited<T>(&self, limit: Duration, call: StoreFuture<'_, T>) -> Result<T, StoreError> {
        let Tier::Remote { breaker, need, .. } = &self.store else {
            if let Ok(runtime) = has_timers() {
                self.housekeeping.restart(&runtime);
            }
            return call.await;
        };
        let began = Instant::now();
        self.go_on_here(breaker, limit).await?;
        let limit = limit.saturating_sub(began.elapsed());
        let call: StoreFuture<'_, T> = match need.note() {
            Awake::Yes => call,
            // The clock may have changed meanwhile, and the connection may be gone.
            Awake::NotYet(probed) if !breaker.is_open() => Box::pin(async {
                probed.await;
                call.await
            }),
            Awake::NotYet(_) => call,
        };
        // The breaker first: once it is open the store is not even asked.
        match select(pin!(breaker.opened()), pin!(within(limit, call))).await {
            Either::Left(_) => Err(StoreError::unavailable("the breaker is open")),
            // What a slow store did not do in the rest of a budget says little once that is the smaller part.
            Either::Right((Err(Unanswered::TimedOut(limit)), _)) if limit < self.budget / 2 => {
                Err(Unanswered::TimedOut(limit).into())
            }
            Either::Right((answer, _)) => self.counted(breaker, need, answer),
        }
    }

    /// A call of the application's own, with a budget of its own, that is tried even with the breaker open: an eviction.
    pub(crate) async fn call_despite_breaker<T>(&self, call: StoreFuture<'_, T>) -> Result<T, StoreError> {
        match &self.store {
            Tier::Memory { .. } => call.await,
            Tier::Remote { breaker, need, .. } => {
                self.go_on_here(breaker, self.budget).await?;
                let call: StoreFuture<'_, T> = match need.note() {
                    Awake::Yes => call,
                    Awake::NotYet(probed) => Box::pin(async {
                        probed.await;
                        call.await
                    }),
                };
                self.counted(breaker, need, within(self.budget, call).await)
            }
        }
    }

    /// Where the runtime of the store's tasks has ended, they go on in this one.
    async fn go_on_here(&self, breaker: &Breaker, limit: Duration) -> Result<(), StoreError> {
        if self.housekeeping.restart(&has_timers()?) {
            // What the last runtime has left behind is a dead connection.
            breaker.set(true);
            let _ = time::timeout(limit, breaker.closed()).await;
        }
        Ok(())
    }

    fn counted<T>(
        &self,
        breaker: &Breaker,
        need: &Need,
        answer: Result<T, Unanswered>,
    ) -> Result<T, StoreError> {
        if let Err(Unanswered::Failed(error)) = &answer
            && error.is_unavailable()
            && !breaker.is_open()
        {
            // Most likely the connection: it is made anew before more than a few requests notice.
            need.hurry();
        }
        breaker.counted(answer.map_err(StoreError::from))
    }

    /// Probes the store for the first time, and from there on each second for as long as the guard lives; `also` makes what is
    /// to be done beside that for a store outside of this process. Where the runtime ends, both go on in the next one that asks
    /// the store.
    ///
    /// # Panics
    /// Outside a Tokio runtime, and in one without timers.
    pub(crate) async fn start(
        self: &Arc<Self>,
        also: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        time::sleep(Duration::ZERO).await;
        match &self.store {
            Tier::Memory { .. } => {
                let guard = Arc::downgrade(self);
                let start = move |runtime: &Handle| runtime.spawn(sweeps(guard.clone())).abort_handle();
                let task = start(&Handle::current());
                self.housekeeping.started(task, Box::new(start));
            }
            Tier::Remote { store, breaker, .. } => {
                events::connect_begin(store);
                match self.probe(&**store, breaker).await {
                    Ok(()) => {}
                    Err(error) => {
                        breaker.stays_open();
                        events::connect_fail(store, &error);
                    }
                }
                let task = tokio::spawn(self.keep(false, also()));
                let guard = Arc::downgrade(self);
                let start_again = Box::new(move |runtime: &Handle| {
                    match guard.upgrade() {
                        Some(guard) => runtime.spawn(guard.keep(true, also())),
                        None => runtime.spawn(ready(())),
                    }
                    .abort_handle()
                });
                self.housekeeping.started(task.abort_handle(), start_again);
            }
        }
    }

    /// Probes a store outside of this process while there is need, beside other work for it.
    fn keep(
        self: &Arc<Self>,
        is_again: bool,
        also: BoxFuture<'static, ()>,
    ) -> impl Future<Output = ()> + use<> {
        let guard = Arc::downgrade(self);
        async move {
            if let Some(guard) = guard.upgrade().filter(|_| is_again)
                && let Tier::Remote { store, .. } = &guard.store
            {
                // The connection of the runtime that has ended: it is given up.
                let _ = within(PROBE, store.ping()).await;
                guard.probe_again().await;
            }
            join(probes(guard), also).await;
        }
    }

    async fn probe_again(&self) {
        if let Tier::Remote { store, breaker, need } = &self.store {
            if let Err(error) = self.probe(&**store, breaker).await {
                breaker.ails(&error);
            }
            need.probed();
        }
    }

    /// What a store outside of this process is probed by.
    fn need(&self) -> Option<Arc<Need>> {
        match &self.store {
            Tier::Memory { .. } => None,
            Tier::Remote { need, .. } => Some(Arc::clone(need)),
        }
    }

    /// Asks the store for its time; its answer closes the breaker.
    async fn probe(&self, store: &dyn Store, breaker: &Breaker) -> Result<(), StoreError> {
        let asked = std::time::Instant::now();
        let time = within(PROBE, store.ping()).await?;
        let took = asked.elapsed();
        if let Some(time) = time {
            self.clock.follow(time, took);
        }
        // One that answers too late for requests is not closed for: they would all wait in vain.
        if took <= self.budget && breaker.close() {
            events::connect_success(&store);
        }
        Ok(())
    }
}

/// Why a call has no answer.
enum Unanswered {
    Failed(StoreError),
    TimedOut(Duration),
}

impl From<Unanswered> for StoreError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Failed(error) => error,
            Unanswered::TimedOut(limit) => Self::unavailable(format!("no answer within {limit:?}")),
        }
    }
}

/// No store outside of this process can be waited for without them.
fn has_timers() -> Result<Handle, StoreError> {
    Handle::try_current().map_err(StoreError::unavailable)
}

async fn within<T>(limit: Duration, call: StoreFuture<'_, T>) -> Result<T, Unanswered> {
    match deadline::within(limit, call).await {
        Some(answer) => answer.map_err(Unanswered::Failed),
        None => Err(Unanswered::TimedOut(limit)),
    }
}

/// Sweeps memory now and then, until the guard is gone.
async fn sweeps(guard: Weak<Guard>) {
    each(SWEEP, guard, async |guard| {
        if let Tier::Memory { store, held } = &guard.store {
            store.sweep().await;
            held.look(store);
        }
    })
    .await;
}

/// Does `work` again and again until the guard is gone.
async fn each<F: Future<Output = ()>>(period: Duration, guard: Weak<Guard>, work: impl Fn(Arc<Guard>) -> F) {
    loop {
        time::sleep(period).await;
        let Some(guard) = guard.upgrade() else { return };
        work(guard).await;
    }
}

/// Probes the store while there is need, until the guard is gone.
async fn probes(guard: Weak<Guard>) {
    let Some(need) = guard.upgrade().and_then(|guard| guard.need()) else {
        return;
    };
    let mut idle = 0;
    loop {
        need.pause(PROBE, &mut idle).await;
        let Some(guard) = guard.upgrade() else { return };
        guard.probe_again().await;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Tier::Remote { need, .. } = &self.store {
            need.hurry();
        }
    }
}

#[cfg(test)]
mod tests;
