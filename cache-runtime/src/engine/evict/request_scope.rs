//! What all work for one request shares: the store budget, the time to wait for the fills of others, and the evictions that
//! are deferred until the response.
//!
//! A layer that commits a transaction does so after the handler. Evictions before the commit would let a reader store the old
//! row again, so they are deferred until the response reaches [`Cache::attach`], outside of that layer.
//!
//! [`Cache::attach`]: crate::Cache::attach

use std::{
    cell::Cell,
    sync::{Arc, PoisonError},
};

use tokio::time::Instant;

use super::batch::{EvictionBatch, PendingEvictions};
use crate::{
    store::Budget,
    sync::{Mutex, lock},
};

/// What all work for one request shares.
#[derive(Debug)]
pub(crate) struct RequestScope(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Created on first use: a hit in memory does not need it.
    budget: Option<Budget>,
    /// When the request began to wait for the fills of others, in this cache or an outer or inner one.
    waits_since: Option<Instant>,
    deferred: Deferred,
}

#[derive(Debug)]
enum Deferred {
    /// Evictions are deferred until the response.
    Open(Vec<EvictionBatch>),
    /// The response was sent: evictions are carried out at once, with a budget of their own.
    Closed,
    /// Nothing further out could carry them out: they are carried out at once.
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
            && matches!(&self.deferred, Deferred::Open(deferred) if deferred.is_empty())
    }

    fn budget(&mut self) -> Budget {
        self.budget.get_or_insert_with(Budget::shared).share()
    }
}

thread_local! {
    /// The scope of this thread's last request, reused by the next one, so that a hit in memory does not allocate.
    static SPARE: Cell<Option<Arc<RequestScope>>> = const { Cell::new(None) };
}

impl RequestScope {
    /// For a request whose evictions are deferred until its response.
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

    /// A share of the request's store budget. Work after the response has a budget of its own.
    pub(crate) fn budget(&self) -> Budget {
        let mut state = lock(&self.0);
        match state.deferred {
            Deferred::Closed => Budget::default(),
            Deferred::Open(_) | Deferred::Never => state.budget(),
        }
    }

    /// When the request began to wait for the fills of others: `now`, if it has not yet. Work after the response counts for
    /// itself.
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

    /// Defers the evictions until the response. Returns them if it was sent, or if nothing defers evictions.
    pub(crate) fn defer(&self, evictions: EvictionBatch) -> Option<EvictionBatch> {
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

    /// From now on evictions are carried out at once. Returns the deferred ones, and the request's budget for them.
    pub(crate) fn close(mut self: Arc<Self>) -> Option<(PendingEvictions, Budget)> {
        if let Some(Self(state)) = Arc::get_mut(&mut self) {
            // No other work of the request is left.
            let state = state.get_mut().unwrap_or_else(PoisonError::into_inner);
            let pending = match state.is_untouched() {
                true => None,
                false => std::mem::replace(state, State::OPEN).into_pending(),
            };
            let _ = SPARE.try_with(|spare| spare.set(Some(self)));
            return pending;
        }
        let closed = State {
            budget: None,
            waits_since: None,
            deferred: Deferred::Closed,
        };
        let state = std::mem::replace(&mut *lock(&self.0), closed);
        state.into_pending()
    }
}

impl State {
    fn into_pending(mut self) -> Option<(PendingEvictions, Budget)> {
        let budget = self.budget.take();
        match self.deferred {
            Deferred::Open(deferred) if !deferred.is_empty() => {
                Some((PendingEvictions(deferred), budget.unwrap_or_else(Budget::shared)))
            }
            Deferred::Open(_) | Deferred::Closed | Deferred::Never => None,
        }
    }
}
