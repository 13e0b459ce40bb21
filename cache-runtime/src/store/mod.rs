//! Where entries are kept: the [`Store`] trait, its contract, and the stores that come with the library.

mod error;
mod deadline;
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "test-util")]
pub mod contract;
mod housekeeping;
mod breaker;
mod budget;
mod need;
mod guard;

use std::{
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub(crate) use self::{budget::Budget, guard::Guard};
pub use self::{error::StoreError, memory::MemoryStore};
use crate::clock::Timestamp;
pub use crate::{
    entry::{Entry, HeaderLines},
    slot::{Digest, Fingerprint, Generation, Grant, Head, Slot, Token},
};

/// How long a fill may go without a sign of life before another may take over.
pub const LEASE_TTL: Duration = Duration::from_secs(5);

/// How long [`Mark::HitForMiss`] stands.
pub const HIT_FOR_MISS_TTL: Duration = Duration::from_secs(5);

/// What a call of a [`Store`] comes to.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A place for entries that every replica may share.
///
/// Each entry stands in a [`Slot`]: its key, and the tags that can retire it. Beside the entry a slot holds at most
/// one lease, which says who fills it. Calls may be cancelled at any await; what they began may still take effect.
///
/// The contract, which the contract kit (`contract`, feature `test-util`) tests:
/// - An entry is found only while every tag of its slot has the generation it had when its lease was granted.
/// - At most one lease stands in a slot; only its token commits, renews or releases.
/// - `evict` removes entry and lease in one step, so a fill that was granted before it is fenced.
/// - Whatever a store loses costs a miss, never a wrong answer.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// The entry, where that takes no waiting: in this process's memory. Everything else answers `None`.
    fn peek(&self, _key: &str) -> Option<Arc<Entry>> {
        None
    }

    /// The entry and the generations of the slot's tags. What cannot be decoded is missing.
    fn read<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, ReadOutcome>;

    /// Asks to be the one that fills the slot. Tags without a generation get one first. Who asks again, asks with another token.
    fn lease<'a>(&'a self, slot: &'a Slot, ask: &'a LeaseRequest) -> StoreFuture<'a, LeaseOutcome>;

    /// Who holds the slot's lease, for those that wait for it to change.
    fn holder<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, Option<Holder>>;

    /// Extends the lease by [`LEASE_TTL`] or more while it stands. `false`: it stands no more.
    fn renew<'a>(&'a self, slot: &'a Slot, token: Token) -> StoreFuture<'a, bool>;

    /// Stores the entry and ends the lease, in one step, if the lease still stands; an entry that names tags of its own,
    /// only if `any` still stands as well.
    fn commit<'a>(
        &'a self,
        slot: &'a Slot,
        grant: Grant,
        entry: &'a Arc<Entry>,
    ) -> StoreFuture<'a, CommitOutcome>;

    /// Ends the lease without an entry, if it still stands. With `mark` the mark takes its place, for that long, and with
    /// [`Mark::HitForMiss`] the entry that was there goes as well, all in one step.
    fn release<'a>(
        &'a self,
        slot: &'a Slot,
        token: Token,
        mark: Option<(Mark, Duration)>,
    ) -> StoreFuture<'a, ()>;

    /// Has the mark stand for `ttl` from now on, if it stands.
    fn extend_mark<'a>(&'a self, slot: &'a Slot, mark: Mark, ttl: Duration) -> StoreFuture<'a, ()>;

    /// Stores an entry that is no run's and names no tags, in place of what was read there, and ends the lease that stands, in
    /// one step. `false`: entry or tags are no longer those that were read, so read again.
    fn write<'a>(&'a self, slot: &'a Slot, request: WriteRequest) -> StoreFuture<'a, bool>;

    /// Removes entries together with their leases.
    fn evict<'a>(&'a self, keys: &'a [Arc<str>]) -> StoreFuture<'a, ()>;

    /// Removes the generations of tags, in this order, and with them every entry and every fill under way that bears one.
    fn invalidate_tags<'a>(&'a self, tags: &'a [Arc<str>]) -> StoreFuture<'a, ()>;

    /// Removes some of the entries whose keys begin with the prefix and `:` or `@`, and that were born before a time;
    /// returns from where to go on, `None` when that was all. For entries that were retired then: they would leave by
    /// themselves, at the end of their lives. Records that are not the store's own stay, whatever their names.
    fn purge<'a>(&'a self, _prefix: &'a str, _before: Timestamp, _from: u64) -> StoreFuture<'a, Option<u64>> {
        Box::pin(ready(Ok(None)))
    }

    /// Answers with the store's own time, if it has one. The guard's probe.
    fn ping(&self) -> StoreFuture<'_, Option<Timestamp>>;
}

/// What [`Store::read`] found in a slot.
#[derive(Debug)]
pub struct ReadOutcome {
    /// The entry, if there is one that may be served.
    pub lookup: Lookup,
    /// What else it saw, for a lease to be asked for.
    pub snapshot: Snapshot,
}

/// What a read saw. A lease is granted only where that is still so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What stands in the entry's place, servable or not.
    pub head: Head,
    /// The generations of the slot's tags, in order; `None` for a tag that has none yet.
    pub generations: Vec<Option<Generation>>,
    /// The generation of the slot's `any`.
    pub tag_epoch: Option<Generation>,
}

impl Snapshot {
    /// The digest of the slot's generations, once every tag has one.
    pub fn digest(&self, slot: &Slot) -> Option<Digest> {
        let known: Option<Vec<_>> = self.generations.iter().copied().collect();
        known.map(|known| slot.digest(known))
    }
}

/// Whether there is an entry.
#[derive(Debug)]
pub enum Lookup {
    /// One whose generations all stand.
    Entry(Arc<Entry>),
    /// None that may be served.
    Missing,
    /// One in the wire form of a newer version: it must be left alone.
    Newer,
}

/// What [`Store::lease`] needs to know.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// Names the fill that asks. After a call that failed or was dropped it must not be used again: the store may
    /// still be giving back what that call was granted.
    pub token: Token,
    /// As read: where the head or a generation is another by now, the answer is [`LeaseOutcome::Conflict`], or a commit that
    /// nobody finds.
    pub snapshot: Snapshot,
    /// The holder that may be replaced: a mark that is out of date, or a fill of an older generation.
    pub replaces: Option<Holder>,
}

/// What [`Store::write`] stores.
#[derive(Debug, Clone)]
pub struct WriteRequest {
    /// Tells this content of the slot from every other.
    pub token: Token,
    /// As read: where the head is another by now nothing is stored, and where a generation is, nobody finds the entry.
    pub snapshot: Snapshot,
    /// What to store.
    pub entry: Arc<Entry>,
}

/// What [`Store::lease`] answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// The asker fills the slot.
    Granted(Grant),
    /// Entry or generations are no longer those that were read: read again.
    Conflict,
    /// Somebody else fills it, or a mark stands there.
    Held(Holder),
}

/// What stands in the place of a slot's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A fill.
    Fill(Grant),
    /// A mark.
    Mark(Mark),
    /// Something that this version cannot read.
    Unknown(Vec<u8>),
}

/// Why a slot is not to be filled for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The answer cannot be stored: requests run for themselves and do not queue.
    HitForMiss,
    /// The handler failed while there was a stale entry to serve: it is not tried again yet.
    FailureBackoff,
}

/// What [`Store::commit`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The entry is there.
    Stored,
    /// The lease stood no more: evicted, expired or taken over. Nothing was stored.
    Fenced,
}

#[cfg(test)]
#[cfg(shuttle)]
pub(crate) mod fixtures;
