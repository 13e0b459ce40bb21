//! The contract every [`Store`] keeps, as tests that any implementation can run.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use handler_cache::store::{Store, contract::{self, Time}};
//!
//! # async fn example(open: impl Fn() -> Arc<dyn Store>) {
//! // `open` gives one more handle on the same store, as each replica has its own.
//! contract::verify(open, Time::Real).await;
//! # }
//! ```

mod entries;
mod evictions;
mod leases;
mod writes;

use std::{
    fmt::Write,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{FutureExt, future::join_all};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{
    CommitOutcome, Fingerprint, Grant, Holder, LeaseOutcome, LeaseRequest, Lookup, ReadOutcome, Slot,
    Snapshot, Store, StoreError, Token,
};
use crate::{
    ManualClock,
    clock::{Clock, Timestamp},
    entry::Entry,
};

/// How much longer than due a store may take, on a busy machine, until something has expired.
const PATIENCE: Duration = Duration::from_secs(20);

/// The time that a store under test lives in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Time {
    /// It passes by itself. The checks use short lives and look again until what must expire has.
    Real,
    /// The store tells the time from this clock, and nothing is waited for.
    Manual(ManualClock),
}

/// Runs every check against one store.
///
/// `open` gives a handle on it each time it is called; the checks act through two of them, as two replicas do. All
/// keys and tags are new ones, so the store may hold other entries.
///
/// # Panics
///
/// The store breaks its contract: with the names of all checks that failed.
pub async fn verify(open: impl Fn() -> Arc<dyn Store>, time: Time) {
    let (here, there) = (open(), open());
    for store in [&here, &there] {
        store
            .ping()
            .await
            .expect("a ping connects the store, and it answers");
    }
    let run = async |(name, check): &Check| {
        let bench = Bench {
            here: Arc::clone(&here),
            there: Arc::clone(&there),
            time: time.clone(),
            name,
        };
        let passed = AssertUnwindSafe(check(&bench)).catch_unwind().await;
        passed.err().map(|_| *name)
    };
    let checks = [entries::CHECKS, leases::CHECKS, evictions::CHECKS, writes::CHECKS].concat();
    let outcomes = match time {
        // They wait for seconds to pass: together, then.
        Time::Real => join_all(checks.iter().map(run)).await,
        // One moves the clock of all: one after another.
        Time::Manual(_) => {
            let mut outcomes = Vec::new();
            for check in &checks {
                outcomes.push(run(check).await);
            }
            outcomes
        }
    };
    let failed: Vec<_> = outcomes.into_iter().flatten().collect();
    assert!(
        failed.is_empty(),
        "{here:?} breaks the contract of a store: {failed:?}"
    );
}

type Check = (
    &'static str,
    for<'a> fn(&'a Bench) -> Pin<Box<dyn Future<Output = ()> + 'a>>,
);

macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        /// By name.
        pub(super) const CHECKS: &[super::Check] = &[
            $((stringify!($name), |bench| Box::pin($name(bench)))),*
        ];
    };
}
use checks;

/// What a check works with.
struct Bench {
    here: Arc<dyn Store>,
    there: Arc<dyn Store>,
    time: Time,
    name: &'static str,
}

impl Bench {
    /// A slot that nobody has used, and so are its tags.
    fn slot<const N: usize>(&self, tags: [&str; N]) -> Slot {
        let id = self.id();
        Slot {
            key: format!("contract:{}(id={id})", self.name).into(),
            tags: tags.map(|tag| Arc::from(format!("contract:#{tag}-{id}"))).into(),
            tag_epoch: format!("contract:#any-{id}").into(),
            owner: Fingerprint([7; 16]),
        }
    }

    /// Another slot with the same tags.
    fn beside(&self, slot: &Slot) -> Slot {
        Slot {
            tags: Arc::clone(&slot.tags),
            ..self.slot([])
        }
    }

    fn id(&self) -> String {
        Token::new().0.iter().fold(String::new(), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        })
    }

    fn now(&self) -> Timestamp {
        match &self.time {
            Time::Real => Clock::system().now(),
            Time::Manual(clock) => clock.clock().now(),
        }
    }

    /// An entry that is told from others by its body.
    fn entry(&self, body: &str, fresh: Duration) -> Arc<Entry> {
        let mut headers = HeaderMap::new();
        headers.append("content-type", HeaderValue::from_static("text/plain"));
        Arc::new(Entry {
            fresh,
            ..Entry::new(
                StatusCode::OK,
                headers,
                Bytes::copy_from_slice(body.as_bytes()),
                self.now(),
            )
        })
    }

    /// Lets a life of this length pass; then the condition has to hold, and does by itself.
    async fn after(&self, life: Duration, what: &str, holds: impl AsyncFn() -> bool) {
        let begun = Instant::now();
        if let Time::Manual(clock) = &self.time {
            clock.advance(life);
            assert!(holds().await, "{what}");
            return;
        }
        while !holds().await {
            assert!(begun.elapsed() < life + PATIENCE, "{what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn read(&self, slot: &Slot) -> ReadOutcome {
        self.here.read(slot).await.expect("read answers")
    }

    async fn found(&self, slot: &Slot) -> Option<Arc<Entry>> {
        match self.read(slot).await.lookup {
            Lookup::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    async fn missing(&self, slot: &Slot) -> Snapshot {
        let read = self.read(slot).await;
        assert!(
            matches!(read.lookup, Lookup::Missing),
            "expected nothing in the slot, found {read:?}"
        );
        read.snapshot
    }

    /// What a request asks that read the slot just now.
    async fn request(&self, slot: &Slot) -> LeaseRequest {
        LeaseRequest {
            token: Token::new(),
            snapshot: self.missing(slot).await,
            replaces: None,
        }
    }

    async fn lease(&self, slot: &Slot, request: &LeaseRequest) -> LeaseOutcome {
        self.here.lease(slot, request).await.expect("lease answers")
    }

    async fn grant(&self, slot: &Slot) -> Grant {
        let request = self.request(slot).await;
        match self.lease(slot, &request).await {
            LeaseOutcome::Granted(grant) => {
                assert_eq!(grant.token, request.token, "the grant bears the asker's token");
                grant
            }
            other => panic!("expected the lease, got {other:?}"),
        }
    }

    async fn commit(&self, slot: &Slot, grant: Grant, entry: &Arc<Entry>) -> CommitOutcome {
        self.here
            .commit(slot, grant, entry)
            .await
            .expect("commit answers")
    }

    /// Stores an entry as a request that misses does.
    async fn fill(&self, slot: &Slot, body: &str) -> Arc<Entry> {
        let entry = self.entry(body, Duration::from_secs(3600));
        let grant = self.grant(slot).await;
        assert_eq!(self.commit(slot, grant, &entry).await, CommitOutcome::Stored);
        entry
    }

    /// A tag that an entry names itself.
    fn own_tag(&self) -> Arc<str> {
        format!("contract:#own-{}", self.id()).into()
    }

    fn tagged<const N: usize>(&self, body: &str, tags: [&Arc<str>; N]) -> Arc<Entry> {
        let entry = self.entry(body, Duration::from_secs(3600));
        Arc::new(Entry {
            tags: tags.map(Arc::clone).into(),
            ..Arc::unwrap_or_clone(entry)
        })
    }

    async fn fill_tagged<const N: usize>(&self, slot: &Slot, tags: [&Arc<str>; N]) -> Arc<Entry> {
        let entry = self.tagged("tagged", tags);
        let grant = self.grant(slot).await;
        assert_eq!(self.commit(slot, grant, &entry).await, CommitOutcome::Stored);
        entry
    }

    /// Retires a tag as the engine does: after `any`.
    async fn invalidate_own(&self, slot: &Slot, tag: &Arc<str>) {
        let tags = [Arc::clone(&slot.tag_epoch), Arc::clone(tag)];
        self.there.invalidate_tags(&tags).await.expect("retire answers");
    }

    async fn holder(&self, slot: &Slot) -> Option<Holder> {
        self.there.holder(slot).await.expect("holder answers")
    }

    async fn evict(&self, slot: &Slot) -> Result<(), StoreError> {
        self.there.evict(&[Arc::clone(&slot.key)]).await
    }

    async fn invalidate_tag(&self, slot: &Slot, tag: usize) {
        let tags = [Arc::clone(&slot.tags[tag])];
        self.there.invalidate_tags(&tags).await.expect("retire answers");
    }
}
