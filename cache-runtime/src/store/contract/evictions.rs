//! What was evicted or retired never comes back, whoever was filling it.

use super::*;
use crate::slot::Head;

checks![
    evicted_entry_is_missing,
    evicting_nothing_is_no_error,
    many_keys_are_evicted_at_once,
    p3_eviction_fences_the_fill_under_way,
    p3_eviction_lets_the_next_fill_begin_at_once,
    retired_tag_takes_its_entries_along,
    retired_entry_is_replaced,
    p3_fill_under_a_retired_tag_is_not_found,
    p3_lease_on_retired_generations_stores_nothing_that_is_found,
    entry_goes_with_a_tag_of_its_own,
    p3_fill_that_a_retired_tag_may_concern_is_fenced,
    fill_without_tags_of_its_own_is_not_concerned,
];

async fn evicted_entry_is_missing(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let beside = bench.beside(&slot);
    bench.fill(&slot, "evicted").await;
    let kept = bench.fill(&beside, "kept").await;
    bench.evict(&slot).await.expect("evict answers");
    let head = bench.missing(&slot).await.head;
    assert_eq!(head, Head::default());
    assert!(bench.there.peek(&slot.key).is_none());
    assert_eq!(bench.found(&beside).await, Some(kept));
}

async fn evicting_nothing_is_no_error(bench: &Bench) {
    let slot = bench.slot(["root"]);
    bench.evict(&slot).await.expect("a key that is not there");
    bench.here.evict(&[]).await.expect("no keys");
    bench.invalidate_tag(&slot, 0).await;
    bench.here.invalidate_tags(&[]).await.expect("no tags");
}

async fn many_keys_are_evicted_at_once(bench: &Bench) {
    let slots: Vec<_> = (0..50).map(|_| bench.slot(["root"])).collect();
    join_all(slots.iter().map(|slot| bench.fill(slot, "one of many"))).await;
    let keys: Vec<_> = slots.iter().map(|slot| Arc::clone(&slot.key)).collect();
    bench.there.evict(&keys).await.expect("evict answers");
    for slot in &slots {
        bench.missing(slot).await;
    }
}

async fn p3_eviction_fences_the_fill_under_way(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    bench.evict(&slot).await.expect("evict answers");
    let entry = bench.entry("read before the eviction", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, grant, &entry).await, CommitOutcome::Fenced);
    bench.missing(&slot).await;
    assert!(!bench.here.renew(&slot, grant.token).await.expect("renew answers"));
}

async fn p3_eviction_lets_the_next_fill_begin_at_once(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let old = bench.grant(&slot).await;
    bench.evict(&slot).await.expect("evict answers");
    let new = bench.grant(&slot).await;
    let late = bench.entry("late", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, old, &late).await, CommitOutcome::Fenced);
    let entry = bench.entry("current", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, new, &entry).await, CommitOutcome::Stored);
    assert_eq!(bench.found(&slot).await, Some(entry));
}

async fn retired_tag_takes_its_entries_along(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    let beside = bench.beside(&slot);
    let under_root = Slot {
        tags: [Arc::clone(&slot.tags[0])].into(),
        ..bench.slot([])
    };
    for slot in [&slot, &beside] {
        bench.fill(slot, "retired").await;
    }
    let kept = bench.fill(&under_root, "kept").await;
    bench.invalidate_tag(&slot, 1).await;
    for slot in [&slot, &beside] {
        let generations = bench.missing(slot).await.generations;
        assert!(generations[0].is_some());
        assert_eq!(generations[1], None, "a retired tag has no generation");
        assert!(bench.here.peek(&slot.key).is_none());
    }
    assert_eq!(bench.found(&under_root).await, Some(kept));
}

async fn retired_entry_is_replaced(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    for round in 0..3 {
        let entry = bench.fill(&slot, &format!("round {round}")).await;
        assert_eq!(bench.found(&slot).await, Some(entry));
        bench.invalidate_tag(&slot, round % 2).await;
        bench.missing(&slot).await;
    }
}

async fn p3_fill_under_a_retired_tag_is_not_found(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    let grant = bench.grant(&slot).await;
    bench.invalidate_tag(&slot, 1).await;
    let late = bench.entry("read before the tag was retired", Duration::from_secs(3600));
    bench.commit(&slot, grant, &late).await;
    bench.missing(&slot).await;
    // The tag lives again under another generation, and still the late entry stays out.
    bench.fill(&bench.beside(&slot), "names the tag anew").await;
    let generations = bench.missing(&slot).await.generations;
    assert!(generations.iter().all(Option::is_some));
}

async fn p3_lease_on_retired_generations_stores_nothing_that_is_found(bench: &Bench) {
    let slot = bench.slot(["root"]);
    bench.fill(&bench.beside(&slot), "names the tag").await;
    let request = bench.request(&slot).await;
    bench.invalidate_tag(&slot, 0).await;
    if let LeaseOutcome::Granted(grant) = bench.lease(&slot, &request).await {
        let late = bench.entry("read before the tag was retired", Duration::from_secs(3600));
        bench.commit(&slot, grant, &late).await;
    }
    bench.missing(&slot).await;
}

async fn entry_goes_with_a_tag_of_its_own(bench: &Bench) {
    let (slot, beside) = (bench.slot(["root"]), bench.slot(["root"]));
    let (retired, kept) = (bench.own_tag(), bench.own_tag());
    let first = bench.fill_tagged(&slot, [&retired, &kept]).await;
    let second = bench.fill_tagged(&beside, [&kept]).await;
    assert_eq!(bench.found(&slot).await, Some(first));
    bench.invalidate_own(&slot, &retired).await;
    bench.missing(&slot).await;
    assert_eq!(bench.found(&beside).await, Some(second));
}

async fn p3_fill_that_a_retired_tag_may_concern_is_fenced(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let tag = bench.own_tag();
    // Before anybody knows that the answer will bear the tag, and before the tag was ever named.
    let grant = bench.grant(&slot).await;
    bench.invalidate_own(&slot, &tag).await;
    let late = bench.tagged("read before the tag was retired", [&tag]);
    assert_eq!(bench.commit(&slot, grant, &late).await, CommitOutcome::Fenced);
    bench.missing(&slot).await;
}

async fn fill_without_tags_of_its_own_is_not_concerned(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    bench.invalidate_own(&slot, &bench.own_tag()).await;
    let entry = bench.entry("untagged", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, grant, &entry).await, CommitOutcome::Stored);
    assert_eq!(bench.found(&slot).await, Some(entry));
}
