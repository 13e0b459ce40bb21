//! An entry is found as it was stored, until it expires.

use std::{sync::Arc, time::Duration};

use super::{
    Time, checks,
    fixture::{Fixture, HOUR},
};
use crate::{
    entry::{Entry, samples},
    slot::{Fingerprint, Head, Slot},
    store::{CommitOutcome, Lookup, Snapshot},
};

checks![
    unknown_slot_is_missing,
    entry_is_found_as_it_was_stored,
    entry_without_tags_is_found,
    large_body_is_found,
    both_handles_have_one_store,
    entry_with_tags_in_another_order_is_missing,
    p2_entry_of_another_owner_is_missing,
    entry_expires,
    entry_is_found_as_long_as_it_is_fresh,
];

async fn unknown_slot_is_missing(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    let Snapshot {
        head, generations, ..
    } = fixture.assert_missing(&slot).await;
    assert_eq!(head, Head::default());
    assert_eq!(generations, [None, None]);
    assert_eq!(fixture.holder(&slot).await, None);
    assert!(fixture.here.peek(&slot.key).is_none());
}

async fn entry_is_found_as_it_was_stored(fixture: &Fixture) {
    let fresh = Duration::from_millis(3_600_001);
    for entry in samples::unusual(fresh, fixture.now()) {
        let slot = fixture.slot(["root", "handler", "option"]);
        let entry = fixture.fill_with(&slot, Arc::new(entry)).await;
        let found = fixture.found(&slot).await.expect("the entry was stored");
        assert_eq!(found, entry);
        let lines = |entry: &Entry| entry.headers.iter().collect::<Vec<_>>();
        assert_eq!(lines(&found), lines(&entry), "the order of the headers");
        if let Some(peeked) = fixture.here.peek(&slot.key) {
            assert_eq!(peeked, entry);
        }
        assert_eq!(
            fixture.holder(&slot).await,
            None,
            "the commit has ended the lease"
        );
    }
}

async fn entry_without_tags_is_found(fixture: &Fixture) {
    let slot = fixture.slot([]);
    let entry = fixture.fill(&slot, "untagged").await;
    assert_eq!(fixture.found(&slot).await, Some(entry));
}

async fn large_body_is_found(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let entry = fixture.fill(&slot, &"0123456789abcdef".repeat(16 * 1024)).await;
    assert_eq!(fixture.found(&slot).await, Some(entry));
}

async fn both_handles_have_one_store(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let entry = fixture.fill(&slot, "stored here").await;
    match fixture.there.read(&slot).await.expect("read answers").lookup {
        Lookup::Entry(found) => assert_eq!(found, entry),
        other => panic!("`open` must return handles of one store, but the other handle reads {other:?}"),
    }
}

async fn entry_with_tags_in_another_order_is_missing(fixture: &Fixture) {
    let slot = fixture.slot(["one", "two"]);
    fixture.fill(&slot, "ordered").await;
    let reversed = Slot {
        tags: slot.tags.iter().rev().cloned().collect(),
        ..slot.clone()
    };
    fixture.assert_missing(&reversed).await;
}

async fn p2_entry_of_another_owner_is_missing(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    fixture.fill(&slot, "mine").await;
    let others = Slot {
        owner: Fingerprint([8; 16]),
        ..slot.clone()
    };
    fixture.assert_missing(&others).await;
}

async fn entry_expires(fixture: &Fixture) {
    let ttl = Duration::from_millis(300);
    let slot = fixture.slot(["root"]);
    let entry = fixture.entry("short", ttl);
    let grant = fixture.grant(&slot).await;
    assert_eq!(fixture.commit(&slot, grant, &entry).await, CommitOutcome::Stored);
    fixture
        .assert_expires(ttl, async || fixture.found(&slot).await.is_none())
        .await;
    let next = fixture.fill(&slot, "next").await;
    assert_eq!(
        fixture.found(&slot).await,
        Some(next),
        "the slot can be filled again"
    );
}

async fn entry_is_found_as_long_as_it_is_fresh(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    let entry = fixture.fill(&slot, "an hour").await;
    // By the real clock this would take an hour.
    if let Time::Manual(clock) = &fixture.time {
        clock.advance(HOUR - Duration::from_secs(1));
    }
    assert_eq!(fixture.found(&slot).await, Some(entry));
}
