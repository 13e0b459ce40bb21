//! The flights of this process, with their leaders and waiters.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    flight::{Flight, Registry, Waiter},
    leader::{FillPermit, LeaderGuard},
};
use crate::{
    slot::CacheId,
    store::{Slot, Token},
    sync::lock,
    table::Table,
};

/// The flights of one cache in this process.
#[derive(Debug)]
pub(crate) struct Flights {
    /// Marks the tokens of this cache.
    cache: CacheId,
    registry: Arc<Registry>,
}

/// A request's role in the local fill of its key.
#[derive(Debug)]
pub(crate) enum Role {
    Leader(LeaderGuard),
    /// The fill began after the request, and so after every eviction that came before the request: its entry answers
    /// the request.
    Waiter(Waiter),
    /// The fill began before the request. The request waits for its end, and shares the next one.
    WaitForNext(Waiter),
}

impl Default for Flights {
    fn default() -> Self {
        Self {
            cache: CacheId::new(),
            registry: Arc::default(),
        }
    }
}

impl Flights {
    /// Leads a flight before its lease is granted. It is registered first, so that no waiter misses it.
    pub(crate) fn lead(&self, permit: FillPermit) -> LeaderGuard {
        let flight = Arc::new(Flight::leased(Token::new_in(self.cache)));
        lock(&self.registry.leased).insert(flight.token, Arc::clone(&flight));
        LeaderGuard::new(&self.registry, flight, Some(permit))
    }

    /// The flight of this process that holds the lease with this token.
    pub(crate) fn join(&self, token: Token) -> Option<Waiter> {
        lock(&self.registry.leased).get(&token).map(Waiter::new)
    }

    /// Whether the token is of a fill of this cache in this process, a current one or an ended one.
    pub(crate) fn owns(&self, token: Token) -> bool {
        token.is_from(self.cache)
    }

    /// Waits for a fill of another process. The first request to do so also gets a guard: it polls the lease for all
    /// waiters of this process.
    pub(crate) fn watch(&self, token: Token) -> (Waiter, Option<LeaderGuard>) {
        let mut leased = lock(&self.registry.leased);
        if let Some(flight) = leased.get(&token) {
            return (Waiter::new(flight), None);
        }
        let flight = Arc::new(Flight::leased(token));
        leased.insert(token, Arc::clone(&flight));
        let waiter = Waiter::new(&flight);
        (waiter, Some(LeaderGuard::new(&self.registry, flight, None)))
    }

    /// Joins the local fill of the slot if it began after `since`, waits for the end of one that began earlier, or
    /// leads the next.
    pub(crate) fn join_or_lead(
        &self,
        slot: &Slot,
        since: Instant,
        permit: impl FnOnce() -> Option<FillPermit>,
    ) -> Role {
        let mut fills = lock(&self.registry.local);
        match fills.get(&slot.key) {
            Some(flight) if flight.began_after(since) => Role::Waiter(Waiter::new(flight)),
            Some(flight) => Role::WaitForNext(Waiter::new(flight)),
            None => Role::Leader(self.lead_local(&mut fills, slot, permit())),
        }
    }

    /// Leads a local fill beside the current one, if any, and returns that one, too, if it began after `since`.
    pub(crate) fn lead_beside(
        &self,
        slot: &Slot,
        since: Instant,
        permit: Option<FillPermit>,
    ) -> (LeaderGuard, Option<Waiter>) {
        let mut fills = lock(&self.registry.local);
        let other = fills.get(&slot.key).filter(|flight| flight.began_after(since));
        let other = other.map(Waiter::new);
        (self.lead_local(&mut fills, slot, permit), other)
    }

    fn lead_local(
        &self,
        fills: &mut Table<Arc<str>, Arc<Flight>>,
        slot: &Slot,
        permit: Option<FillPermit>,
    ) -> LeaderGuard {
        let flight = Arc::new(Flight::local(slot));
        fills.insert(Arc::clone(&slot.key), Arc::clone(&flight));
        LeaderGuard::new(&self.registry, flight, permit)
    }

    /// After an eviction of this key: later requests join no local fill of it.
    pub(crate) fn detach_key(&self, key: &str) {
        lock(&self.registry.local).remove(key);
    }

    /// After an eviction of this tag: later requests join no local fill that has it.
    pub(crate) fn detach_tag(&self, tag: &str) {
        lock(&self.registry.local).retain(|_, flight| !flight.has_tag(tag));
    }

    /// After an eviction by a tag that any answer may turn out to name: later requests join no local fill.
    pub(crate) fn detach_all(&self) {
        lock(&self.registry.local).clear();
    }

    /// Waits until every current flight has released its lease.
    pub(crate) async fn drained(&self) {
        let current: Vec<Waiter> = {
            let leased = lock(&self.registry.leased);
            let local = lock(&self.registry.local);
            leased.values().chain(local.values()).map(Waiter::new).collect()
        };
        for flight in current {
            flight.released().await;
        }
    }

    /// How many flights can be found.
    #[cfg(all(test, shuttle))]
    pub(crate) fn count(&self) -> usize {
        lock(&self.registry.leased).len() + lock(&self.registry.local).len()
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::coalesce::Outcome;

    fn slot() -> Slot {
        Slot {
            key: "key".into(),
            owner: crate::slot::Fingerprint([0; 16]),
            tags: Arc::default(),
            tag_epoch: "any".into(),
        }
    }

    #[test]
    fn p6_a_flight_has_waiters_while_somebody_waits() {
        let flights = Flights::default();
        let token = Token::new();
        let (first, leader) = flights.watch(token);
        let leader = leader.unwrap();
        let (second, none) = flights.watch(token);
        assert!(none.is_none() && leader.has_waiters());
        drop(first);
        assert!(leader.has_waiters());
        drop(second);
        assert!(!leader.has_waiters());
        assert!(flights.join(token).is_some());
        assert!(!leader.has_waiters());
    }

    #[test]
    fn p6_a_detached_fill_has_waiters_while_somebody_waits() {
        let flights = Flights::default();
        let before = Instant::now();
        let Role::Leader(leader) = flights.join_or_lead(&slot(), before, || None) else {
            panic!("nobody else leads")
        };
        let Role::Waiter(waiter) = flights.join_or_lead(&slot(), before, || None) else {
            panic!("the fill began after the request")
        };
        flights.detach_key("key");
        assert!(leader.has_waiters());
        drop(waiter);
        assert!(!leader.has_waiters());
    }

    #[test]
    fn only_the_first_outcome_counts() {
        let flights = Flights::default();
        let (waiter, leader) = flights.watch(Token::new());
        let leader = leader.unwrap();
        leader.publish(Outcome::Unshared);
        leader.publish(Outcome::Failed(None));
        drop(leader);
        let outcome = waiter.ended_before(Instant::now() + Duration::from_secs(1));
        assert!(matches!(outcome, Some(Outcome::Unshared)));
    }
}
