//! What every check works with: two handles of the store, unique slots, and the calls that all of them need.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::Time;
use crate::{
    clock::{Clock, Timestamp},
    entry::{Entry, samples},
    slot::{Fingerprint, Grant, Slot, Token},
    store::{CommitOutcome, Holder, LeaseOutcome, LeaseRequest, Lookup, Mark, ReadOutcome, Snapshot, Store},
};

/// Longer than any check takes.
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// How much later than its TTL a record may expire on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

const POLL_INTERVAL: Duration = Duration::from_millis(10);

pub(super) struct Fixture {
    /// The store, as this replica sees it.
    pub(super) here: Arc<dyn Store>,
    /// The same store, as another replica sees it.
    pub(super) there: Arc<dyn Store>,
    pub(super) time: Time,
    /// The name of the check.
    pub(super) check: &'static str,
}

/// Slots, entries and time.
impl Fixture {
    /// An unused slot with unused tags.
    pub(super) fn slot<const N: usize>(&self, tags: [&str; N]) -> Slot {
        let id = unique_id();
        Slot {
            key: format!("contract:{}(id={id})", self.check).into(),
            tags: tags.map(|tag| Arc::from(format!("contract:#{tag}-{id}"))).into(),
            tag_epoch: format!("contract:#any-{id}").into(),
            owner: Fingerprint([7; 16]),
        }
    }

    /// Another unused slot with the tags of `slot`.
    pub(super) fn sibling(&self, slot: &Slot) -> Slot {
        Slot {
            tags: Arc::clone(&slot.tags),
            ..self.slot([])
        }
    }

    /// An unused tag for a response to name.
    pub(super) fn response_tag(&self) -> Arc<str> {
        format!("contract:#response-{}", unique_id()).into()
    }

    pub(super) fn now(&self) -> Timestamp {
        match &self.time {
            Time::Real => Clock::system().now(),
            Time::Manual(clock) => clock.clock().now(),
        }
    }

    /// An entry that is identified by its body.
    pub(super) fn entry(&self, body: &str, fresh: Duration) -> Arc<Entry> {
        Arc::new(samples::text(body, fresh, self.now()))
    }

    /// An entry whose response named these tags.
    pub(super) fn tagged_entry<const N: usize>(&self, body: &str, tags: [&Arc<str>; N]) -> Arc<Entry> {
        Arc::new(Entry {
            tags: tags.map(Arc::clone).into(),
            ..samples::text(body, HOUR, self.now())
        })
    }

    /// Lets `ttl` pass. Then `has_expired` must return true, by a manual clock at once.
    pub(super) async fn assert_expires(&self, ttl: Duration, has_expired: impl AsyncFn() -> bool) {
        if let Time::Manual(clock) = &self.time {
            clock.advance(ttl);
            assert!(has_expired().await, "a record outlives its TTL of {ttl:?}");
            return;
        }
        let started = Instant::now();
        while !has_expired().await {
            assert!(
                started.elapsed() < ttl + PATIENCE,
                "a record outlives its TTL of {ttl:?}"
            );
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

/// Calls of the store that must succeed.
impl Fixture {
    pub(super) async fn read(&self, slot: &Slot) -> ReadOutcome {
        self.here.read(slot).await.expect("read answers")
    }

    /// The entry, if there is one.
    pub(super) async fn found(&self, slot: &Slot) -> Option<Arc<Entry>> {
        match self.read(slot).await.lookup {
            Lookup::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    /// The snapshot of a slot without an entry.
    pub(super) async fn assert_missing(&self, slot: &Slot) -> Snapshot {
        let read = self.read(slot).await;
        assert!(
            matches!(read.lookup, Lookup::Missing),
            "expected no entry, found {read:?}"
        );
        read.snapshot
    }

    /// The request of a fill that has just read the slot.
    pub(super) async fn lease_request(&self, slot: &Slot) -> LeaseRequest {
        LeaseRequest {
            token: Token::new(),
            snapshot: self.assert_missing(slot).await,
            replaces: None,
        }
    }

    pub(super) async fn lease(&self, slot: &Slot, request: &LeaseRequest) -> LeaseOutcome {
        self.here.lease(slot, request).await.expect("lease answers")
    }

    /// Reads the slot and takes its lease.
    pub(super) async fn grant(&self, slot: &Slot) -> Grant {
        let request = self.lease_request(slot).await;
        match self.lease(slot, &request).await {
            LeaseOutcome::Granted(grant) => {
                assert_eq!(
                    grant.token, request.token,
                    "the grant has the token of the request"
                );
                grant
            }
            other => panic!("expected the lease, got {other:?}"),
        }
    }

    /// The holder, as another replica sees it.
    pub(super) async fn holder(&self, slot: &Slot) -> Option<Holder> {
        self.there.holder(slot).await.expect("holder answers")
    }

    pub(super) async fn renew(&self, slot: &Slot, token: Token) -> bool {
        self.here.renew(slot, token).await.expect("renew answers")
    }

    pub(super) async fn commit(&self, slot: &Slot, grant: Grant, entry: &Arc<Entry>) -> CommitOutcome {
        self.here
            .commit(slot, grant, entry)
            .await
            .expect("commit answers")
    }

    pub(super) async fn release(&self, slot: &Slot, token: Token, mark: Option<(Mark, Duration)>) {
        self.here
            .release(slot, token, mark)
            .await
            .expect("release answers");
    }

    /// Stores an entry as a miss does.
    pub(super) async fn fill(&self, slot: &Slot, body: &str) -> Arc<Entry> {
        self.fill_with(slot, self.entry(body, HOUR)).await
    }

    pub(super) async fn fill_with(&self, slot: &Slot, entry: Arc<Entry>) -> Arc<Entry> {
        let grant = self.grant(slot).await;
        assert_eq!(self.commit(slot, grant, &entry).await, CommitOutcome::Stored);
        entry
    }

    /// Evicts the slot from another replica.
    pub(super) async fn evict(&self, slot: &Slot) {
        self.there
            .evict(&[Arc::clone(&slot.key)])
            .await
            .expect("evict answers");
    }

    /// Invalidates one of the slot's tags from another replica.
    pub(super) async fn invalidate_tag(&self, slot: &Slot, tag: usize) {
        self.invalidate(&[Arc::clone(&slot.tags[tag])]).await;
    }

    /// Invalidates a tag that a response may have named, as the engine does: after the tag epoch.
    pub(super) async fn invalidate_response_tag(&self, slot: &Slot, tag: &Arc<str>) {
        self.invalidate(&[Arc::clone(&slot.tag_epoch), Arc::clone(tag)])
            .await;
    }

    async fn invalidate(&self, tags: &[Arc<str>]) {
        self.there
            .invalidate_tags(tags)
            .await
            .expect("invalidate_tags answers");
    }
}

fn unique_id() -> String {
    Fingerprint(Token::new().0).hex()
}
