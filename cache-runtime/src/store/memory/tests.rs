//! The contract, and what is particular to memory: how much it holds, and what a sweep drops.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{MemoryStore, size::TAG_OVERHEAD};
use crate::{
    ManualClock,
    clock::Timestamp,
    entry::Entry,
    store::{
        CommitOutcome, Fingerprint, LeaseOutcome, LeaseRequest, Slot, Store, StoreError, Token,
        contract::{self, Time},
    },
};

const NOON: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn memory(capacity: u64) -> (Arc<MemoryStore>, ManualClock) {
    let clock = ManualClock::at(NOON);
    (Arc::new(MemoryStore::new(capacity, 1024, clock.clock())), clock)
}

fn slot(key: &str) -> Slot {
    Slot {
        key: key.into(),
        tags: [Arc::from("tag")].into(),
        tag_epoch: Arc::from("any"),
        owner: Fingerprint([7; 16]),
    }
}

fn entry(size: usize) -> Arc<Entry> {
    let body = Bytes::from(vec![b'x'; size]);
    Arc::new(Entry {
        fresh: Duration::from_secs(60),
        ..Entry::new(StatusCode::OK, HeaderMap::new(), body, NOON)
    })
}

fn fill(store: &MemoryStore, slot: &Slot, entry: &Arc<Entry>) -> Result<CommitOutcome, StoreError> {
    let request = LeaseRequest {
        token: Token::new(),
        snapshot: store.read_now(slot).snapshot,
        replaces: None,
    };
    match store.lease_now(slot, &request) {
        LeaseOutcome::Granted(grant) => store.commit_now(slot, grant, entry),
        other => panic!("expected the lease, got {other:?}"),
    }
}

#[tokio::test]
async fn keeps_the_contract_of_a_store() {
    let (store, clock) = memory(64 * 1024 * 1024);
    contract::verify(|| Arc::clone(&store) as Arc<dyn Store>, Time::Manual(clock)).await;
}

#[test]
fn p6_never_holds_more_than_its_capacity() {
    let capacity = 256 * 1024;
    let (store, _) = memory(capacity);
    for number in 0..2_000 {
        let committed = fill(&store, &slot(&format!("key{number}")), &entry(1000));
        assert_eq!(committed.unwrap(), CommitOutcome::Stored);
        assert!(store.weight() <= capacity);
    }
    assert!(store.weight() > capacity / 2, "most of the capacity is used");
}

#[test]
fn p6_entry_that_no_shard_can_take_is_rejected() {
    let (store, _) = memory(8 * 1024);
    let outcome = fill(&store, &slot("heavy"), &entry(16 * 1024));
    assert!(!outcome.unwrap_err().is_unavailable());
    assert!(store.peek("heavy").is_none());
    assert_eq!(
        fill(&store, &slot("light"), &entry(100)).unwrap(),
        CommitOutcome::Stored
    );
}

#[tokio::test]
async fn sweep_drops_expired_and_invalidated_entries() {
    let (store, clock) = memory(1024 * 1024);
    fill(&store, &slot("invalidated"), &entry(100)).unwrap();
    store.tags.invalidate(&[Arc::from("tag")]);
    fill(&store, &slot("expired"), &entry(100)).unwrap();
    store.sweep().await;
    assert_eq!(store.entries.len(), 1);
    clock.advance(Duration::from_secs(60));
    store.sweep().await;
    assert_eq!((store.entries.len(), store.weight()), (0, 0));
}

/// A list may have a tag for each of its items. The number of tags is bounded by the entries that have them.
#[test]
fn p6_tags_of_dropped_entries_are_dropped() {
    const MAX_TAGS: usize = 300;
    let capacity = 256 * 1024;
    let (store, _) = memory(capacity);
    for number in 0..6_000_usize {
        let tags = 1 + number % MAX_TAGS;
        let entry = Arc::new(Entry {
            tags: (0..tags)
                .map(|tag| Arc::from(format!("thing:{number}:{tag}")))
                .collect(),
            ..Entry::clone(&entry(100))
        });
        let _ = fill(&store, &slot(&format!("list{number}")), &entry);
    }
    store.tags.sweep().for_each(drop);
    let held = store.tags.count();
    // The tags that entries are weighed with, and the tags of one response for each of the 64 shards of leases.
    let most = capacity as usize / TAG_OVERHEAD + 64 * MAX_TAGS;
    assert!(
        held <= most,
        "{held} tags are held for {} bytes of {} entries",
        store.weight(),
        store.len()
    );
}

#[tokio::test]
async fn p6_terms_of_dropped_entries_are_dropped() {
    let (store, clock) = memory(1024 * 1024);
    for owner in 0..100 {
        let slot = Slot {
            owner: Fingerprint([owner; 16]),
            tags: [Arc::from(format!("tag{owner}"))].into(),
            ..slot("key")
        };
        fill(&store, &slot, &entry(100)).unwrap();
    }
    clock.advance(Duration::from_secs(60));
    // The terms hold the tags, so they are swept first.
    store.sweep().await;
    assert_eq!(store.tags.count(), 0);
}
