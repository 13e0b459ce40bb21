//! The Redis store: entries shared by all replicas that use the same server.
//!
//! ```text
//! entry      {prefix}:{key}           the wire format; TTL: as long as it may be served
//! lease      {<the entry's key>}:lease
//!              a fill                 "L", token, digest, tag epoch; TTL 60 s; the lease is held for the first 5 s
//!              hit-for-miss           "P"; TTL 5 s
//!              failure backoff        "F"; TTL 30 s
//! tag        {prefix}:#<tag>          its generation; TTL: longer than that of its entries
//! tag epoch  {prefix}:#any            its generation; TTL 1 day
//! ```
//!
//! Every record may vanish at any time (TTL, eviction by the server, a restart). That causes a miss, and never a wrong
//! response.

mod url;
mod error;
mod reply;
mod connection;
mod scripts;
mod ttl;
mod lease_record;
mod new_generations;
mod oversized;
mod read;
mod lease;
mod write;
mod purge;

use std::{fmt, sync::Arc, time::Duration};

use redis::{Cmd, Pipeline, pipe};

use self::{connection::SharedConnection, oversized::Oversized, url::DisplayUrl};
use super::{
    CommitOutcome, Grant, Holder, LeaseOutcome, LeaseRequest, Mark, ReadOutcome, Slot, Store, StoreError,
    StoreFuture, Token, WriteRequest,
};
use crate::{Error, clock::Timestamp, entry::Entry};

/// A store in Redis.
///
/// It connects when it is first [pinged](Store::ping), and again at the next ping after the connection broke. Every other
/// call without a connection fails at once. The store does nothing in the background: its owner pings it, about each
/// second.
///
/// # Cancel safety
///
/// Every call may be dropped at any await point; what it has sent may still take effect. Dropping a
/// [`lease`](Store::lease) before its answer arrives sends a [`release`](Store::release), so its token must not be used
/// again.
// Repeated from the module, for the label in the documentation of `handler-cache`.
#[cfg(feature = "redis")]
pub struct RedisStore {
    connection: SharedConnection,
    oversized: Oversized,
    url: DisplayUrl,
}

impl RedisStore {
    /// A store at `redis://[user:password@]host[:port][/database]`, or
    /// `redis+unix:///path/to/socket[?db=0&user=name&pass=password]`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The URL is neither of these, or asks for TLS (`rediss://`). The text names what is expected and never holds the
    /// password.
    ///
    /// # Examples
    ///
    /// ```
    /// use handler_cache::store::RedisStore;
    ///
    /// let store = RedisStore::open("redis://:secret@127.0.0.1:6379/1")?;
    /// assert_eq!(format!("{store:?}"), "redis://127.0.0.1:6379/1");
    /// # Ok::<(), handler_cache::Error>(())
    /// ```
    pub fn open(url: &str) -> Result<Self, Error> {
        let (client, url) = url::client(url)?;
        Ok(Self {
            connection: SharedConnection::new(client),
            oversized: Oversized::default(),
            url,
        })
    }

    /// Sends commands that must all succeed.
    async fn call_all_ok(&self, commands: Pipeline) -> Result<(), StoreError> {
        let connection = self.connection.current()?;
        reply::all_ok(self.connection.call_all(&connection, commands).await?)
    }

    /// Sends a command that replies 1 or 0.
    async fn call_flag(&self, command: Cmd) -> Result<bool, StoreError> {
        reply::flag(self.connection.call(command).await?)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.url, f)
    }
}

impl Store for RedisStore {
    fn read<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, ReadOutcome> {
        Box::pin(self.read_slot(slot))
    }

    fn lease<'a>(&'a self, slot: &'a Slot, request: &'a LeaseRequest) -> StoreFuture<'a, LeaseOutcome> {
        Box::pin(self.lease_slot(slot, request))
    }

    fn holder<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, Option<Holder>> {
        Box::pin(self.lease_holder(slot))
    }

    fn renew<'a>(&'a self, slot: &'a Slot, token: Token) -> StoreFuture<'a, bool> {
        Box::pin(self.renew_lease(slot, token))
    }

    fn commit<'a>(
        &'a self,
        slot: &'a Slot,
        grant: Grant,
        entry: &'a Arc<Entry>,
    ) -> StoreFuture<'a, CommitOutcome> {
        Box::pin(self.commit_entry(slot, grant, entry))
    }

    fn release<'a>(
        &'a self,
        slot: &'a Slot,
        token: Token,
        mark: Option<(Mark, Duration)>,
    ) -> StoreFuture<'a, ()> {
        Box::pin(self.release_lease(slot, token, mark))
    }

    fn extend_mark<'a>(&'a self, slot: &'a Slot, mark: Mark, ttl: Duration) -> StoreFuture<'a, ()> {
        Box::pin(self.set_mark_ttl(slot, mark, ttl))
    }

    fn write<'a>(&'a self, slot: &'a Slot, request: WriteRequest) -> StoreFuture<'a, bool> {
        Box::pin(self.write_entry(slot, request))
    }

    fn evict<'a>(&'a self, keys: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        // One command removes both records, and it is neither a transaction nor a script, which a full server rejects.
        let mut commands = pipe();
        for key in keys {
            commands.cmd("UNLINK").arg(&**key).arg(lease_record::key(key));
        }
        Box::pin(self.call_all_ok(commands))
    }

    fn invalidate_tags<'a>(&'a self, tags: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        let mut commands = pipe();
        for tag in tags {
            commands.cmd("DEL").arg(&**tag);
        }
        Box::pin(self.call_all_ok(commands))
    }

    fn purge<'a>(&'a self, prefix: &'a str, before: Timestamp, cursor: u64) -> StoreFuture<'a, Option<u64>> {
        Box::pin(self.purge_step(prefix, before, cursor))
    }

    fn ping(&self) -> StoreFuture<'_, Option<Timestamp>> {
        Box::pin(async {
            let (seconds, micros): (u64, u64) = reply::parse(self.connection.probe().await?)?;
            let millis = seconds.saturating_mul(1000).saturating_add(micros / 1000);
            Ok(Some(Timestamp::from_millis(millis)))
        })
    }
}
