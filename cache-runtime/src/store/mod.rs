//! Stores keep entries: the [`Store`] trait, its contract, and the stores that come with the library.
//!
//! Applications seldom need this module: `Cache::init` opens the store that its URL names. To write a store of your own,
//! implement [`Store`] and run the `contract` (feature `test-util`) against it.

mod error;
mod read;
mod lease;
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "test-util")]
pub mod contract;
mod resilience;

use std::{
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub(crate) use self::resilience::{Budget, Guard};
pub use self::{
    error::StoreError,
    lease::{
        CommitOutcome, HIT_FOR_MISS_TTL, Holder, LEASE_TTL, LeaseOutcome, LeaseRequest, Mark, WriteRequest,
    },
    memory::MemoryStore,
    read::{Lookup, ReadOutcome, Snapshot},
};
use crate::clock::Timestamp;
pub use crate::{
    entry::{Entry, HeaderLines},
    slot::{Digest, Fingerprint, Generation, Grant, Head, Slot, Token},
};

/// The future of a call of a [`Store`].
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store for entries, which several processes may share.
///
/// Each entry has a [`Slot`]: its key, and the tags that can invalidate it. Beside the entry a slot has at most one lease,
/// held by the fill that is to store the next entry, or a [`Mark`] in place of the lease.
///
/// Every implementation guarantees, and the contract kit (`contract`, feature `test-util`) tests:
///
/// - An entry is found only while every tag of its slot has the generation that it had when the lease was granted.
/// - A slot has at most one lease, and only its token commits, renews or releases it.
/// - `evict` removes entry and lease in one step, so a fill that was granted its lease before is fenced.
/// - Losing a record of any kind causes a miss, and never a wrong response.
///
/// # Errors
///
/// A call fails with an error that [is unavailable](StoreError::is_unavailable) if the store cannot be reached, and with
/// another one if the store rejected this call alone. The cache then serves the request without the store.
///
/// # Cancel safety
///
/// Every future may be dropped at any await point. What it has sent by then may still take effect.
///
/// # Examples
///
/// A read, a lease and a commit are what a miss consists of:
///
/// ```
/// use std::sync::Arc;
/// use handler_cache::store::{
///     CommitOutcome, Entry, LeaseOutcome, LeaseRequest, Lookup, Slot, Store, StoreError, Token,
/// };
///
/// # #[allow(dead_code)]
/// async fn fill(store: &dyn Store, slot: &Slot, entry: Arc<Entry>) -> Result<(), StoreError> {
///     let read = store.read(slot).await?;
///     if let Lookup::Entry(_) = read.lookup {
///         return Ok(());
///     }
///     let request = LeaseRequest {
///         token: Token::new(),
///         snapshot: read.snapshot,
///         replaces: None,
///     };
///     if let LeaseOutcome::Granted(grant) = store.lease(slot, &request).await? {
///         let outcome = store.commit(slot, grant, &entry).await?;
///         assert!(matches!(outcome, CommitOutcome::Stored | CommitOutcome::Fenced));
///     }
///     Ok(())
/// }
/// ```
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// The entry, if it is in this process's memory. Never blocks; stores outside this process return `None`.
    ///
    /// Like [`read`](Self::read), but neither the slot's owner nor the entry's TTL is checked.
    fn peek(&self, _key: &str) -> Option<Arc<Entry>> {
        None
    }

    /// Reads the entry and the generations of the slot's tags. A record that cannot be decoded is missing.
    fn read<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, ReadOutcome>;

    /// Requests the lease. Tags without a generation are given one. Every request needs a token of its own.
    fn lease<'a>(&'a self, slot: &'a Slot, request: &'a LeaseRequest) -> StoreFuture<'a, LeaseOutcome>;

    /// The holder of the slot's lease. Requests that wait for a fill in another process poll it.
    fn holder<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, Option<Holder>>;

    /// Renews the lease for [`LEASE_TTL`] or more. `false` if the token no longer has it.
    fn renew<'a>(&'a self, slot: &'a Slot, token: Token) -> StoreFuture<'a, bool>;

    /// Stores the entry and ends the lease, in one step, if the token still has the lease. If the entry has tags that the
    /// response named, the slot's tag epoch must not have changed either.
    fn commit<'a>(
        &'a self,
        slot: &'a Slot,
        grant: Grant,
        entry: &'a Arc<Entry>,
    ) -> StoreFuture<'a, CommitOutcome>;

    /// Ends the lease without an entry, if the token still has it. `mark` takes the place of the lease for the given TTL;
    /// [`Mark::HitForMiss`] also removes the entry. All in one step.
    fn release<'a>(
        &'a self,
        slot: &'a Slot,
        token: Token,
        mark: Option<(Mark, Duration)>,
    ) -> StoreFuture<'a, ()>;

    /// Sets the TTL of the mark, if the slot has it.
    fn extend_mark<'a>(&'a self, slot: &'a Slot, mark: Mark, ttl: Duration) -> StoreFuture<'a, ()>;

    /// Stores an entry without a lease, and without tags that a response named, and ends the lease, in one step. `false`
    /// if the slot has changed since it was read: read it again.
    fn write<'a>(&'a self, slot: &'a Slot, request: WriteRequest) -> StoreFuture<'a, bool>;

    /// Removes entries and their leases.
    fn evict<'a>(&'a self, keys: &'a [Arc<str>]) -> StoreFuture<'a, ()>;

    /// Removes the generations of tags, in this order. That invalidates every entry that has one of them, and fences
    /// every fill that was granted its lease before.
    fn invalidate_tags<'a>(&'a self, tags: &'a [Arc<str>]) -> StoreFuture<'a, ()>;

    /// Removes some of the entries whose keys begin with `prefix` and `:` or `@` and that were created before `before`.
    /// Returns the cursor of the next call, `None` when all were visited.
    ///
    /// Frees the memory of entries that have been invalidated before their TTL does. Records that the cache did not write
    /// are left alone, whatever their names.
    fn purge<'a>(
        &'a self,
        _prefix: &'a str,
        _before: Timestamp,
        _cursor: u64,
    ) -> StoreFuture<'a, Option<u64>> {
        Box::pin(ready(Ok(None)))
    }

    /// Probes the store, which returns its own time, if it has a clock. Connects it if it is not connected.
    fn ping(&self) -> StoreFuture<'_, Option<Timestamp>>;
}

#[cfg(test)]
#[cfg(shuttle)]
pub(crate) mod fixtures;
