//! A flight: one fill of a key, its outcome, and where waiters find it.

use std::{any::Any, sync::Arc};

use tokio::{sync::SetOnce, time::Instant};

use crate::{
    entry::Entry,
    store::{Slot, Token},
    sync::{Mutex, lock},
    table::Table,
};

/// How a flight ended for its waiters.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// The leader's entry answers the waiters.
    Shared(Arc<Entry>),
    /// The fill failed. A failure that holds nothing private answers the waiters; without one, it answers the leader
    /// alone.
    Failed(Option<Failure>),
    /// The answer is for the leader alone, and theirs are likely to be, too: the waiters call the origin side by side.
    Unshared,
    /// The fill has no answer for the waiters: the handler panicked, its runtime shut down, or its answer was for one
    /// request. One of the waiters leads next.
    Aborted,
}

/// A failed answer that may be shared. Its type is known to the protocol that produced it.
pub(crate) type Failure = Arc<dyn Any + Send + Sync>;

/// One fill.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) token: Token,
    /// Of a fill without a lease: waiters find it by its key instead of its token.
    local: Option<LocalFill>,
    ended: SetOnce<Ended>,
    /// Set when the guard is dropped, after the lease was released.
    released: SetOnce<()>,
}

#[derive(Debug)]
struct LocalFill {
    slot: Slot,
    began: Instant,
}

#[derive(Debug)]
struct Ended {
    at: Instant,
    outcome: Outcome,
}

impl Flight {
    /// A fill that holds, or asks for, the lease with this token.
    pub(super) fn leased(token: Token) -> Self {
        Self::new(token, None)
    }

    /// A fill without a lease, which begins now.
    pub(super) fn local(slot: &Slot) -> Self {
        let local = LocalFill {
            slot: slot.clone(),
            began: Instant::now(),
        };
        Self::new(Token::new(), Some(local))
    }

    fn new(token: Token, local: Option<LocalFill>) -> Self {
        Self {
            token,
            local,
            ended: SetOnce::new(),
            released: SetOnce::new(),
        }
    }

    /// Gives the outcome to all waiters. Only the first outcome counts.
    pub(super) fn end(&self, outcome: Outcome) {
        if !self.ended.initialized() {
            let at = Instant::now();
            let _ = self.ended.set(Ended { at, outcome });
        }
    }

    pub(super) fn release(&self) {
        let _ = self.released.set(());
    }

    pub(super) fn began_after(&self, instant: Instant) -> bool {
        self.local.as_ref().is_some_and(|local| local.began >= instant)
    }

    pub(super) fn has_tag(&self, tag: &str) -> bool {
        let slot = self.local.as_ref().map(|local| &local.slot);
        slot.is_some_and(|slot| slot.tags.iter().any(|own| **own == *tag))
    }
}

/// The flights of this process that can be found: fills with a lease by token, local fills by key.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) leased: Mutex<Table<Token, Arc<Flight>>>,
    pub(super) local: Mutex<Table<Arc<str>, Arc<Flight>>>,
}

impl Registry {
    /// Whether others find the flight: an evicted or replaced local fill is not found any more.
    pub(super) fn finds(&self, flight: &Arc<Flight>) -> bool {
        let is_same = |found: Option<&Arc<Flight>>| found.is_some_and(|found| Arc::ptr_eq(found, flight));
        match &flight.local {
            None => is_same(lock(&self.leased).get(&flight.token)),
            Some(local) => is_same(lock(&self.local).get(&local.slot.key)),
        }
    }

    pub(super) fn remove(&self, flight: &Arc<Flight>) {
        match &flight.local {
            None => {
                lock(&self.leased).remove(&flight.token);
            }
            Some(local) => {
                let mut fills = lock(&self.local);
                let found = fills.get(&local.slot.key);
                // The key may belong to a later fill by now.
                if found.is_some_and(|found| Arc::ptr_eq(found, flight)) {
                    fills.remove(&local.slot.key);
                }
            }
        }
    }
}

/// Waits for a flight.
#[derive(Debug, Clone)]
pub(crate) struct Waiter(Arc<Flight>);

impl Waiter {
    pub(super) fn new(flight: &Arc<Flight>) -> Self {
        Self(Arc::clone(flight))
    }

    /// Waits for the outcome.
    ///
    /// # Cancel safety
    /// Safe: neither the fill nor other waiters notice.
    pub(crate) async fn outcome(self) -> Outcome {
        self.0.ended.wait().await.outcome.clone()
    }

    /// Waits until the guard is dropped, after the lease was released.
    ///
    /// # Cancel safety
    /// As [`outcome`](Self::outcome).
    pub(crate) async fn released(self) {
        self.0.released.wait().await;
    }

    /// The outcome, if the flight ended before `instant`: it is over, and its entry is on its way into the store.
    pub(crate) fn ended_before(&self, instant: Instant) -> Option<Outcome> {
        let ended = self.0.ended.get().filter(|ended| ended.at < instant);
        ended.map(|ended| ended.outcome.clone())
    }
}
