//! The leader's side of a flight.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::flight::{Flight, Outcome, Registry};
use crate::store::Token;

/// The right to one fill in a task of its own. Their number is limited.
pub(crate) type FillPermit = OwnedSemaphorePermit;

/// Held by the leader of a flight. While it is held others can join; dropped without an outcome, the flight is aborted.
#[derive(Debug)]
pub(crate) struct LeaderGuard {
    registry: Arc<Registry>,
    flight: Arc<Flight>,
    permit: Option<FillPermit>,
}

impl LeaderGuard {
    /// Without a permit the leader waits for another process, or fills in its request's own task.
    pub(super) fn new(registry: &Arc<Registry>, flight: Arc<Flight>, permit: Option<FillPermit>) -> Self {
        Self {
            registry: Arc::clone(registry),
            flight,
            permit,
        }
    }

    pub(crate) fn token(&self) -> Token {
        self.flight.token
    }

    /// Whether the fill may run in a task of its own.
    pub(crate) fn may_detach(&self) -> bool {
        self.permit.is_some()
    }

    /// Whether anything waits for the flight: a request, or a cache that shuts down.
    pub(crate) fn has_waiters(&self) -> bool {
        // The guard holds one reference, and the registry another while the flight can be found.
        let own = 1 + usize::from(self.registry.finds(&self.flight));
        Arc::strong_count(&self.flight) > own
    }

    /// Gives the outcome to all waiters, and to requests that join before the guard is dropped.
    pub(crate) fn publish(&self, outcome: Outcome) {
        self.flight.end(outcome);
    }
}

impl Drop for LeaderGuard {
    fn drop(&mut self) {
        self.registry.remove(&self.flight);
        self.flight.end(Outcome::Aborted);
        self.flight.release();
    }
}
