//! An evicted entry is never found again, even if its slot was being filled.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{
    checks,
    fixture::{Fixture, HOUR},
};
use crate::{slot::Head, store::CommitOutcome};

checks![
    evicted_entry_is_missing,
    evicting_what_does_not_exist_succeeds,
    many_keys_are_evicted_at_once,
    p3_eviction_fences_the_running_fill,
    p3_eviction_allows_the_next_fill_at_once,
];

async fn evicted_entry_is_missing(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let sibling = fixture.sibling(&slot);
    fixture.fill(&slot, "evicted").await;
    let kept = fixture.fill(&sibling, "kept").await;
    fixture.evict(&slot).await;
    let head = fixture.assert_missing(&slot).await.head;
    assert_eq!(head, Head::default());
    assert!(fixture.there.peek(&slot.key).is_none());
    assert_eq!(fixture.found(&sibling).await, Some(kept));
}

async fn evicting_what_does_not_exist_succeeds(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    fixture.evict(&slot).await;
    fixture.here.evict(&[]).await.expect("no keys");
    fixture.invalidate_tag(&slot, 0).await;
    fixture.here.invalidate_tags(&[]).await.expect("no tags");
}

async fn many_keys_are_evicted_at_once(fixture: &Fixture) {
    let slots: Vec<_> = (0..50).map(|_| fixture.slot(["root"])).collect();
    join_all(slots.iter().map(|slot| fixture.fill(slot, "one of many"))).await;
    let keys: Vec<_> = slots.iter().map(|slot| Arc::clone(&slot.key)).collect();
    fixture.there.evict(&keys).await.expect("evict answers");
    for slot in &slots {
        fixture.assert_missing(slot).await;
    }
}

async fn p3_eviction_fences_the_running_fill(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    fixture.evict(&slot).await;
    let entry = fixture.entry("read before the eviction", HOUR);
    assert_eq!(fixture.commit(&slot, grant, &entry).await, CommitOutcome::Fenced);
    fixture.assert_missing(&slot).await;
    assert!(!fixture.renew(&slot, grant.token).await);
}

async fn p3_eviction_allows_the_next_fill_at_once(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let old = fixture.grant(&slot).await;
    fixture.evict(&slot).await;
    let new = fixture.grant(&slot).await;
    let late = fixture.entry("late", HOUR);
    assert_eq!(fixture.commit(&slot, old, &late).await, CommitOutcome::Fenced);
    let entry = fixture.entry("current", HOUR);
    assert_eq!(fixture.commit(&slot, new, &entry).await, CommitOutcome::Stored);
    assert_eq!(fixture.found(&slot).await, Some(entry));
}
