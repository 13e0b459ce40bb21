//! An entry that the application writes replaces that of a running fill, and is evicted like any other.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use super::{
    checks,
    fixture::{Fixture, HOUR},
};
use crate::{
    entry::Entry,
    slot::{Slot, Token},
    store::{CommitOutcome, Snapshot, WriteRequest},
};

checks![
    written_entry_is_found,
    write_ends_the_lease,
    written_entry_is_evicted_by_key_and_tags,
    p3_write_under_an_invalidated_tag_is_not_found,
    write_after_tags_got_generations_conflicts,
    late_write_does_not_replace_a_newer_entry,
    concurrent_writes_leave_one_of_their_entries,
    written_entry_expires,
];

async fn try_write(fixture: &Fixture, slot: &Slot, snapshot: Snapshot, entry: &Arc<Entry>) -> bool {
    let request = WriteRequest {
        token: Token::new(),
        snapshot,
        entry: Arc::clone(entry),
    };
    fixture.here.write(slot, request).await.expect("write answers")
}

/// Writes as the engine does: reads again after a conflict.
async fn write(fixture: &Fixture, slot: &Slot, body: &str) -> Arc<Entry> {
    let entry = fixture.entry(body, HOUR);
    while !try_write(fixture, slot, fixture.read(slot).await.snapshot, &entry).await {}
    entry
}

async fn written_entry_is_found(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    let first = write(fixture, &slot, "first").await;
    assert_eq!(fixture.found(&slot).await, Some(first));
    let head = fixture.read(&slot).await.snapshot.head;
    let second = write(fixture, &slot, "second").await;
    assert_eq!(fixture.found(&slot).await, Some(second));
    assert_ne!(
        fixture.read(&slot).await.snapshot.head,
        head,
        "each write has its own head"
    );
}

async fn write_ends_the_lease(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    let written = write(fixture, &slot, "written").await;
    assert_eq!(fixture.holder(&slot).await, None);
    let filled = fixture.entry("filled", HOUR);
    assert_eq!(fixture.commit(&slot, grant, &filled).await, CommitOutcome::Fenced);
    assert_eq!(fixture.found(&slot).await, Some(written));
}

async fn written_entry_is_evicted_by_key_and_tags(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    write(fixture, &slot, "evicted").await;
    fixture.evict(&slot).await;
    fixture.assert_missing(&slot).await;
    for tag in 0..2 {
        write(fixture, &slot, "invalidated").await;
        fixture.invalidate_tag(&slot, tag).await;
        fixture.assert_missing(&slot).await;
    }
    let sibling = fixture.sibling(&slot);
    let kept = write(fixture, &slot, "kept").await;
    write(fixture, &sibling, "evicted").await;
    fixture.evict(&sibling).await;
    assert_eq!(fixture.found(&slot).await, Some(kept));
}

async fn p3_write_under_an_invalidated_tag_is_not_found(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    fixture.fill(&slot, "gives the tag a generation").await;
    let snapshot = fixture.read(&slot).await.snapshot;
    fixture.invalidate_tag(&slot, 0).await;
    let entry = fixture.entry("late", HOUR);
    try_write(fixture, &slot, snapshot, &entry).await;
    fixture.assert_missing(&slot).await;
}

async fn write_after_tags_got_generations_conflicts(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let snapshot = fixture.assert_missing(&slot).await;
    fixture
        .fill(&fixture.sibling(&slot), "gives the tag a generation")
        .await;
    let entry = fixture.entry("written", HOUR);
    assert!(!try_write(fixture, &slot, snapshot, &entry).await);
    let written = write(fixture, &slot, "written").await;
    assert_eq!(fixture.found(&slot).await, Some(written));
}

/// A write may be delayed until long after its caller has given up.
async fn late_write_does_not_replace_a_newer_entry(fixture: &Fixture) {
    let slot = fixture.slot(["root", "arguments"]);
    fixture.fill(&slot, "gives the tags generations").await;
    fixture.evict(&slot).await;
    let late = fixture.entry("late", HOUR);
    let snapshot = fixture.assert_missing(&slot).await;
    let newer = write(fixture, &slot, "newer").await;
    assert!(!try_write(fixture, &slot, snapshot, &late).await);
    assert_eq!(fixture.found(&slot).await, Some(newer));
}

async fn concurrent_writes_leave_one_of_their_entries(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let bodies: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    let entries = join_all(bodies.iter().map(|body| write(fixture, &slot, body))).await;
    let found = fixture.found(&slot).await.expect("one of the entries is stored");
    assert!(entries.contains(&found), "{found:?}");
}

async fn written_entry_expires(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let ttl = Duration::from_secs(1);
    let entry = fixture.entry("short", ttl);
    while !try_write(fixture, &slot, fixture.read(&slot).await.snapshot, &entry).await {}
    fixture
        .assert_expires(ttl, async || fixture.found(&slot).await.is_none())
        .await;
}
