//! An entry with an invalidated tag is never found again, even if its slot was being filled.

use std::sync::Arc;

use super::{
    checks,
    fixture::{Fixture, HOUR},
};
use crate::{
    slot::Slot,
    store::{CommitOutcome, LeaseOutcome},
};

checks![
    invalidated_tag_removes_its_entries,
    invalidated_entry_is_replaced,
    p3_fill_under_an_invalidated_tag_is_not_found,
    p3_lease_on_invalidated_generations_stores_nothing_that_is_found,
    invalidated_tag_of_a_response_removes_its_entry,
    p3_fill_that_may_have_an_invalidated_tag_is_fenced,
    fill_without_response_tags_is_not_fenced,
];

async fn invalidated_tag_removes_its_entries(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    let sibling = fixture.sibling(&slot);
    let under_root = Slot {
        tags: [Arc::clone(&slot.tags[0])].into(),
        ..fixture.slot([])
    };
    for slot in [&slot, &sibling] {
        fixture.fill(slot, "invalidated").await;
    }
    let kept = fixture.fill(&under_root, "kept").await;
    fixture.invalidate_tag(&slot, 1).await;
    for slot in [&slot, &sibling] {
        let generations = fixture.assert_missing(slot).await.generations;
        assert!(generations[0].is_some());
        assert_eq!(generations[1], None, "an invalidated tag has no generation");
        assert!(fixture.here.peek(&slot.key).is_none());
    }
    assert_eq!(fixture.found(&under_root).await, Some(kept));
}

async fn invalidated_entry_is_replaced(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    for round in 0..3 {
        let entry = fixture.fill(&slot, &format!("round {round}")).await;
        assert_eq!(fixture.found(&slot).await, Some(entry));
        fixture.invalidate_tag(&slot, round % 2).await;
        fixture.assert_missing(&slot).await;
    }
}

async fn p3_fill_under_an_invalidated_tag_is_not_found(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    let grant = fixture.grant(&slot).await;
    fixture.invalidate_tag(&slot, 1).await;
    let late = fixture.entry("read before the invalidation", HOUR);
    fixture.commit(&slot, grant, &late).await;
    fixture.assert_missing(&slot).await;
    // The tag has a new generation, and the late entry is still not found.
    fixture
        .fill(&fixture.sibling(&slot), "gives the tag a generation")
        .await;
    let generations = fixture.assert_missing(&slot).await.generations;
    assert!(generations.iter().all(Option::is_some));
}

async fn p3_lease_on_invalidated_generations_stores_nothing_that_is_found(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    fixture
        .fill(&fixture.sibling(&slot), "gives the tag a generation")
        .await;
    let request = fixture.lease_request(&slot).await;
    fixture.invalidate_tag(&slot, 0).await;
    if let LeaseOutcome::Granted(grant) = fixture.lease(&slot, &request).await {
        let late = fixture.entry("read before the invalidation", HOUR);
        fixture.commit(&slot, grant, &late).await;
    }
    fixture.assert_missing(&slot).await;
}

async fn invalidated_tag_of_a_response_removes_its_entry(fixture: &Fixture) {
    let (slot, sibling) = (fixture.slot(["root"]), fixture.slot(["root"]));
    let (invalidated, kept) = (fixture.response_tag(), fixture.response_tag());
    let first = fixture
        .fill_with(&slot, fixture.tagged_entry("tagged", [&invalidated, &kept]))
        .await;
    let second = fixture
        .fill_with(&sibling, fixture.tagged_entry("tagged", [&kept]))
        .await;
    assert_eq!(fixture.found(&slot).await, Some(first));
    fixture.invalidate_response_tag(&slot, &invalidated).await;
    fixture.assert_missing(&slot).await;
    assert_eq!(fixture.found(&sibling).await, Some(second));
}

async fn p3_fill_that_may_have_an_invalidated_tag_is_fenced(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let tag = fixture.response_tag();
    // Nobody knows yet that the response will have the tag, and the tag has no generation.
    let grant = fixture.grant(&slot).await;
    fixture.invalidate_response_tag(&slot, &tag).await;
    let late = fixture.tagged_entry("read before the invalidation", [&tag]);
    assert_eq!(fixture.commit(&slot, grant, &late).await, CommitOutcome::Fenced);
    fixture.assert_missing(&slot).await;
}

async fn fill_without_response_tags_is_not_fenced(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    fixture
        .invalidate_response_tag(&slot, &fixture.response_tag())
        .await;
    let entry = fixture.entry("untagged", HOUR);
    assert_eq!(fixture.commit(&slot, grant, &entry).await, CommitOutcome::Stored);
    assert_eq!(fixture.found(&slot).await, Some(entry));
}
