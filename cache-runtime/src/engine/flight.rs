//! Single flight: of the requests that miss one entry together, one runs the handler and the others wait for it.

use std::{any::Any, collections::HashMap, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, SetOnce},
    time::Instant,
};

use crate::{
    entry::Entry,
    slot::CacheId,
    store::{Slot, Token},
    sync::{Mutex, lock},
};

/// How a flight ended for those that waited.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// With a response that anybody may have.
    Shared(Arc<Entry>),
    /// With a failure, which is not stored. One that holds nothing private answers those that wait already; without it,
    /// it is the leader's alone.
    Failed(Option<Arc<Failure>>),
    /// With a response that is the leader's alone: each runs for itself, all at once.
    Alone,
    /// Without a response: the handler panicked, or its runtime shut down. One of those that waited leads next.
    Vanished,
}

/// A response that says that the run failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) entry: Entry,
    pub(crate) cause: Option<Cause>,
}

/// In a response's extensions: why it is a failure, for those in this process that know the type.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) Arc<dyn Any + Send + Sync>);

/// One run of a handler, and what became of it.
#[derive(Debug)]
struct Flight {
    token: Token,
    unleased: Option<Unleased>,
    ended: SetOnce<Ended>,
    /// Set when the seat is given up.
    left: SetOnce<()>,
}

/// What others find a flight by that no store knows of.
#[derive(Debug)]
struct Unleased {
    slot: Slot,
    began: Instant,
}

#[derive(Debug)]
struct Ended {
    at: Instant,
    outcome: Outcome,
}

impl Ended {
    fn now(outcome: Outcome) -> Self {
        Self {
            at: Instant::now(),
            outcome,
        }
    }
}

/// The flights of this process.
///
/// Those with a lease are found by the token that the store shows; those without, because the store did not answer or
/// the lease was waited for too long, by their key.
#[derive(Debug)]
pub(crate) struct Flights {
    /// Of the tokens.
    cache_id: CacheId,
    leased: Mutex<HashMap<Token, Arc<Flight>>>,
    unleased: Mutex<HashMap<Arc<str>, Arc<Flight>>>,
}

/// A request's part in the local fill of its key: one that no store knows of.
#[derive(Debug)]
pub(crate) enum Part {
    Leader(Seat),
    Waiter {
        fill: Waiter,
        /// The fill began after the request, so that an eviction which the request comes after came before the fill, too.
        /// Another one is waited for until it has ended; those that do so share the next.
        joins: bool,
    },
}

impl Default for Flights {
    fn default() -> Self {
        Self {
            cache_id: CacheId::new(),
            leased: Mutex::default(),
            unleased: Mutex::default(),
        }
    }
}

impl Flights {
    /// A seat with a token to ask the store for a lease with. Others find it at once, so that none misses it between
    /// the store's answer and here; dropping it ends it.
    pub(crate) fn seat(self: &Arc<Self>, place: Place) -> Seat {
        let flight = Arc::new(Flight::new(Token::new_in(self.cache_id), None));
        lock(&self.leased).insert(flight.token, Arc::clone(&flight));
        self.lead(flight, Some(place))
    }

    /// The flight of this process that holds the lease with this token.
    pub(crate) fn join(&self, token: Token) -> Option<Waiter> {
        lock(&self.leased).get(&token).map(|flight| flight.wait())
    }

    /// Whether the token is of a flight of these, one that goes on or one that has left.
    pub(crate) fn made(&self, token: Token) -> bool {
        token.is_from(self.cache_id)
    }

    /// Waits for a run of another process, by its token. The first to ask also gets the seat: it has to find out, for
    /// all that wait, when that run has ended.
    pub(crate) fn watch(self: &Arc<Self>, token: Token) -> (Waiter, Option<Seat>) {
        let mut leased = lock(&self.leased);
        if let Some(flight) = leased.get(&token) {
            return (flight.wait(), None);
        }
        let flight = Arc::new(Flight::new(token, None));
        leased.insert(token, Arc::clone(&flight));
        (flight.wait(), Some(self.lead(flight, None)))
    }

    /// Joins the local fill of the slot if it began after `since`, waits for the end of one that began earlier, or leads
    /// the next.
    pub(crate) fn join_or_lead(
        self: &Arc<Self>,
        slot: &Slot,
        since: Instant,
        place: impl FnOnce() -> Option<Place>,
    ) -> Part {
        let mut unleased = lock(&self.unleased);
        match unleased.get(&slot.key) {
            Some(flight) => Part::Waiter {
                fill: flight.wait(),
                joins: flight.began_after(since),
            },
            None => Part::Leader(self.lead_local(&mut unleased, slot, place())),
        }
    }

    /// Leads a local fill beside the one that goes on, if any, and returns that one, too, if it began after `since`.
    pub(crate) fn lead_beside(
        self: &Arc<Self>,
        slot: &Slot,
        since: Instant,
        place: Option<Place>,
    ) -> (Seat, Option<Waiter>) {
        let mut unleased = lock(&self.unleased);
        let other = unleased.get(&slot.key).filter(|flight| flight.began_after(since));
        let other = other.map(|flight| flight.wait());
        (self.lead_local(&mut unleased, slot, place), other)
    }

    fn lead_local(
        self: &Arc<Self>,
        unleased: &mut HashMap<Arc<str>, Arc<Flight>>,
        slot: &Slot,
        place: Option<Place>,
    ) -> Seat {
        let found_by = Unleased {
            slot: slot.clone(),
            began: Instant::now(),
        };
        let flight = Arc::new(Flight::new(Token::new(), Some(found_by)));
        unleased.insert(Arc::clone(&slot.key), Arc::clone(&flight));
        self.lead(flight, place)
    }

    /// No request that comes later joins a local fill: something was evicted that any of them may turn out to bear.
    pub(crate) fn detach_all(&self) {
        lock(&self.unleased).clear();
    }

    fn lead(self: &Arc<Self>, flight: Arc<Flight>, place: Option<Place>) -> Seat {
        Seat {
            flights: Arc::clone(self),
            flight,
            place,
        }
    }

    /// Waits until every flight that is under way now has left.
    pub(crate) async fn landed(&self) {
        let under_way: Vec<Waiter> = {
            let leased = lock(&self.leased);
            let unleased = lock(&self.unleased);
            leased
                .values()
                .chain(unleased.values())
                .map(|flight| flight.wait())
                .collect()
        };
        for flight in under_way {
            flight.gone().await;
        }
    }

    /// No request that comes later joins an unleased flight for this key: it was evicted.
    pub(crate) fn detach_key(&self, key: &str) {
        lock(&self.unleased).remove(key);
    }

    /// The same for every flight that bears the tag.
    pub(crate) fn detach_tag(&self, tag: &str) {
        lock(&self.unleased).retain(|_, flight| !flight.bears(tag));
    }
}

impl Flight {
    fn new(token: Token, unleased: Option<Unleased>) -> Self {
        Self {
            token,
            unleased,
            ended: SetOnce::new(),
            left: SetOnce::new(),
        }
    }

    fn wait(self: &Arc<Self>) -> Waiter {
        Waiter(Arc::clone(self))
    }

    /// Tells everyone, unless they were told before.
    fn end(&self, outcome: Outcome) {
        if !self.ended.initialized() {
            let _ = self.ended.set(Ended::now(outcome));
        }
    }

    fn began_after(&self, instant: Instant) -> bool {
        let unleased = self.unleased.as_ref();
        unleased.is_some_and(|unleased| unleased.began >= instant)
    }

    fn bears(&self, tag: &str) -> bool {
        let slot = self.unleased.as_ref().map(|unleased| &unleased.slot);
        slot.is_some_and(|slot| slot.tags.iter().any(|own| **own == *tag))
    }
}

/// The leader's place. While it is held others can join; dropped without an outcome, the flight has vanished.
#[derive(Debug)]
pub(crate) struct Seat {
    flights: Arc<Flights>,
    flight: Arc<Flight>,
    /// None for a leader that only waits for another process, or fills in its request's own task.
    place: Option<Place>,
}

/// The right to one run in a task of its own: there are so many at once.
pub(crate) type Place = OwnedSemaphorePermit;

impl Seat {
    pub(crate) fn token(&self) -> Token {
        self.flight.token
    }

    /// Whether the fill may go on in a task of its own.
    pub(crate) fn may_detach(&self) -> bool {
        self.place.is_some()
    }

    /// Whether somebody waits for the flight: a request, or a cache that shuts down.
    pub(crate) fn is_waited_for(&self) -> bool {
        // Besides them it is held here and, unless it was detached, where others find it.
        Arc::strong_count(&self.flight) > 1 + usize::from(self.is_found())
    }

    fn is_found(&self) -> bool {
        let found = |found: Option<&Arc<Flight>>| found.is_some_and(|found| Arc::ptr_eq(found, &self.flight));
        match &self.flight.unleased {
            None => found(lock(&self.flights.leased).get(&self.flight.token)),
            Some(Unleased { slot, .. }) => found(lock(&self.flights.unleased).get(&slot.key)),
        }
    }

    /// Tells those that wait, and those that still join while the entry is on its way to the store.
    pub(crate) fn tell(&self, outcome: Outcome) {
        self.flight.end(outcome);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        match &self.flight.unleased {
            None => {
                lock(&self.flights.leased).remove(&self.flight.token);
            }
            Some(Unleased { slot, .. }) => {
                let mut unleased = lock(&self.flights.unleased);
                // Evicted or replaced meanwhile, the place belongs to somebody else.
                if unleased
                    .get(&slot.key)
                    .is_some_and(|now| Arc::ptr_eq(now, &self.flight))
                {
                    unleased.remove(&slot.key);
                }
            }
        }
        self.flight.end(Outcome::Vanished);
        let _ = self.flight.left.set(());
    }
}

/// A request that waits for a flight.
#[derive(Debug, Clone)]
pub(crate) struct Waiter(Arc<Flight>);

impl Waiter {
    /// What the flight came to.
    ///
    /// # Cancel safety
    /// Safe: the flight goes on, and others that wait are not touched.
    pub(crate) async fn outcome(self) -> Outcome {
        self.0.ended.wait().await.outcome.clone()
    }

    /// Waits until the flight has left: its lease is gone, too.
    ///
    /// # Cancel safety
    /// As [`outcome`](Self::outcome).
    pub(crate) async fn gone(self) {
        self.0.left.wait().await;
    }

    /// What the flight came to if that was before `began`: it is over, and only on its way into the store.
    pub(crate) fn ended_before(&self, began: Instant) -> Option<Outcome> {
        let ended = self.0.ended.get().filter(|ended| ended.at < began);
        ended.map(|ended| ended.outcome.clone())
    }
}

#[cfg(test)]
#[cfg(shuttle)]
mod interleavings;

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;

    #[test]
    fn p6_a_flight_is_waited_for_while_somebody_waits() {
        let flights = Arc::new(Flights::default());
        let token = Token::new();
        let (first, seat) = flights.watch(token);
        let seat = seat.unwrap();
        let (second, none) = flights.watch(token);
        assert!(none.is_none() && seat.is_waited_for());
        drop(first);
        assert!(seat.is_waited_for());
        drop(second);
        assert!(!seat.is_waited_for());
        assert!(flights.join(token).is_some());
        assert!(!seat.is_waited_for());
    }

    #[test]
    fn p6_a_detached_fill_is_waited_for_while_somebody_waits() {
        let flights = Arc::new(Flights::default());
        let slot = Slot {
            key: "key".into(),
            owner: crate::slot::Fingerprint([0; 16]),
            tags: Arc::default(),
            tag_epoch: "any".into(),
        };
        let before = Instant::now();
        let Part::Leader(seat) = flights.join_or_lead(&slot, before, || None) else {
            panic!("nobody else leads")
        };
        let Part::Waiter { fill, joins: true } = flights.join_or_lead(&slot, before, || None) else {
            panic!("the fill may be joined")
        };
        flights.detach_key("key");
        assert!(seat.is_waited_for());
        drop(fill);
        assert!(!seat.is_waited_for());
    }

    #[test]
    fn only_the_first_outcome_counts() {
        let flights = Arc::new(Flights::default());
        let (waiter, seat) = flights.watch(Token::new());
        let seat = seat.unwrap();
        seat.tell(Outcome::Alone);
        seat.tell(Outcome::Failed(None));
        drop(seat);
        let outcome = waiter.ended_before(Instant::now() + std::time::Duration::from_secs(1));
        assert!(matches!(outcome, Some(Outcome::Alone)));
    }
}
