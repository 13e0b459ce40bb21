//! What all the work of one request shares: its store budget, its time to wait for others, and the evictions that wait for its
//! response.
//!
//! A layer that commits a transaction does so when the handler has ended. Evictions that came before the commit would let a
//! reader in between store the old row again; so they wait until the response passes [`Cache::attach`], outside of that layer.
//!
//! [`Cache::attach`]: crate::Cache::attach

use std::{
    cell::Cell,
    sync::{Arc, PoisonError},
};

use futures_util::{FutureExt as _, future::join_all};
use tokio::{runtime::Handle, time::Instant};

use crate::{
    engine::{Engine, Eviction},
    store::Budget,
    sync::{Mutex, lock},
};

/// What the work of one request shares.
#[derive(Debug)]
pub(crate) struct RequestScope(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Made when it is first asked for: a hit in memory does not.
    budget: Option<Budget>,
    /// From when on the request waits for the fills of others, in this cache or in another around or within.
    waits_since: Option<Instant>,
    deferred: Deferred,
}

#[derive(Debug)]
enum Deferred {
    /// Evictions wait for the response.
    Open(Vec<Evictions>),
    /// The response has passed: evictions are carried out at once, with a budget of their own.
    Closed,
    /// Nothing stands outside that could carry them out: at once.
    Never,
}

impl State {
    const OPEN: Self = Self {
        budget: None,
        waits_since: None,
        deferred: Deferred::Open(Vec::new()),
    };

    fn is_untouched(&self) -> bool {
        self.budget.is_none()
            && self.waits_since.is_none()
            && matches!(&self.deferred, Deferred::Open(waiting) if waiting.is_empty())
    }

    fn budget(&mut self) -> Budget {
        self.budget.get_or_insert_with(Budget::shared).share()
    }
}

thread_local! {
    /// The scope of this thread's last request, for the next: a hit in memory has no other use for it, and need not allocate.
    static SPARE: Cell<Option<Arc<RequestScope>>> = const { Cell::new(None) };
}

impl RequestScope {
    /// For a request whose evictions wait for its response.
    pub(crate) fn deferring() -> Arc<Self> {
        SPARE
            .take()
            .unwrap_or_else(|| Arc::new(Self(Mutex::new(State::OPEN))))
    }

    /// For a request whose evictions are carried out in place.
    pub(crate) fn immediate() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            budget: None,
            waits_since: None,
            deferred: Deferred::Never,
        })))
    }

    /// A share of the request's store time. Work that outlasts the request has store time of its own.
    pub(crate) fn budget(&self) -> Budget {
        let mut state = lock(&self.0);
        match state.deferred {
            Deferred::Closed => Budget::default(),
            Deferred::Open(_) | Deferred::Never => state.budget(),
        }
    }

    /// When the request began to wait for the fills of others: `now`, if it has not yet. Work that outlasts the request waits
    /// by itself.
    pub(in crate::engine) fn waits_since(&self, now: Instant) -> Instant {
        let mut state = lock(&self.0);
        match state.deferred {
            Deferred::Closed => now,
            Deferred::Open(_) | Deferred::Never => *state.waits_since.get_or_insert(now),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(lock(&self.0).deferred, Deferred::Open(_))
    }

    /// Keeps the evictions until the response passes; hands them back if it has passed, or nothing waits for it.
    pub(crate) fn defer(&self, evictions: Evictions) -> Option<Evictions> {
        match &mut lock(&self.0).deferred {
            Deferred::Open(deferred) => {
                let mut same = deferred.iter_mut();
                match same.find(|own| Arc::ptr_eq(&own.engine, &evictions.engine)) {
                    Some(own) => own.append(evictions),
                    None => deferred.push(evictions),
                }
                None
            }
            Deferred::Closed | Deferred::Never => Some(evictions),
        }
    }

    /// From here on evictions are carried out at once. Returns those that waited, and the request's budget for them.
    pub(crate) fn close(mut self: Arc<Self>) -> Option<(Carrying, Budget)> {
        if let Some(Self(state)) = Arc::get_mut(&mut self) {
            // Nobody is left who could ask for more.
            let state = state.get_mut().unwrap_or_else(PoisonError::into_inner);
            let waited = match state.is_untouched() {
                true => None,
                false => std::mem::replace(state, State::OPEN).waited(),
            };
            let _ = SPARE.try_with(|spare| spare.set(Some(self)));
            return waited;
        }
        let closed = State {
            budget: None,
            waits_since: None,
            deferred: Deferred::Closed,
        };
        let state = std::mem::replace(&mut *lock(&self.0), closed);
        state.waited()
    }
}

impl State {
    fn waited(mut self) -> Option<(Carrying, Budget)> {
        let budget = self.budget.take();
        match self.deferred {
            Deferred::Open(waited) if !waited.is_empty() => {
                Some((Carrying(waited), budget.unwrap_or_else(Budget::shared)))
            }
            Deferred::Open(_) | Deferred::Closed | Deferred::Never => None,
        }
    }
}

/// Evictions from one cache.
#[derive(Debug)]
pub(crate) struct Evictions {
    pub(crate) engine: Arc<Engine>,
    pub(crate) evictions: Vec<Eviction>,
    /// Whoever drops a request may stand outside of it.
    pub(crate) runtime: Option<Handle>,
    /// What they follow did not come to its end, so that a commit may still be on its way to the database.
    pub(crate) is_interrupted: bool,
}

impl Evictions {
    fn append(&mut self, other: Self) {
        self.evictions.extend(other.evictions);
        self.runtime = self.runtime.take().or(other.runtime);
        self.is_interrupted |= other.is_interrupted;
    }

    async fn carry_out(&self, mut budget: Budget) {
        // A failure is logged, and retried.
        let _ = self.engine.carry_out_within(&mut budget, &self.evictions).await;
        if self.is_interrupted {
            self.engine.repeat(&self.evictions, self.runtime.as_ref());
        }
    }

    /// Now, and once more a little later.
    fn carry_out_in_background(&self) {
        if self.engine.guard.is_memory() {
            // Memory never waits.
            let _ = self.engine.carry_out(&self.evictions).now_or_never();
        } else {
            self.engine.carry_out_later(&self.evictions);
            // Without a runtime it is tried each second.
            if let Some(runtime) = &self.runtime {
                self.engine.hurry(runtime);
            }
        }
        self.engine.repeat(&self.evictions, self.runtime.as_ref());
    }
}

/// Evictions that are being carried out. Dropped before they are, they go on in the background.
#[derive(Debug)]
#[must_use = "dropped, it evicts as if the request had been cancelled"]
pub(crate) struct Carrying(Vec<Evictions>);

impl Carrying {
    pub(crate) fn one(evictions: Evictions) -> Self {
        Self(vec![evictions])
    }

    /// A layer between the handler and here may have failed while its commit was under way.
    pub(crate) fn interrupted_unless(mut self, has_succeeded: bool) -> Self {
        for evictions in &mut self.0 {
            evictions.is_interrupted |= !has_succeeded;
        }
        self
    }

    /// Carries all out at once, each cache's in one call.
    ///
    /// # Cancel safety
    /// Cancelled, they go on in the background.
    pub(crate) async fn finish(mut self, budget: Budget) {
        let each = self.0.iter().map(|evictions| evictions.carry_out(budget.share()));
        join_all(each).await;
        self.0.clear();
    }
}

impl Drop for Carrying {
    fn drop(&mut self) {
        for evictions in &self.0 {
            evictions.carry_out_in_background();
        }
    }
}
