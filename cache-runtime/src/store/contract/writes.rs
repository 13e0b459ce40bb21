//! What the application writes takes the slot from whoever fills it, and is evicted like all else.

use super::*;
use crate::store::WriteRequest;

checks![
    written_entry_is_found,
    write_ends_the_lease_that_stands,
    written_entry_goes_with_key_and_tags,
    p3_write_under_a_retired_tag_is_not_found,
    write_on_tags_named_since_reads_again,
    late_write_does_not_replace_a_newer_one,
    writes_that_meet_leave_one_of_their_entries,
    written_entry_expires,
];

async fn put(bench: &Bench, slot: &Slot, seen: Snapshot, entry: &Arc<Entry>) -> bool {
    let put = WriteRequest {
        token: Token::new(),
        snapshot: seen,
        entry: Arc::clone(entry),
    };
    bench.here.write(slot, put).await.expect("put answers")
}

/// As the engine does.
async fn write(bench: &Bench, slot: &Slot, body: &str) -> Arc<Entry> {
    let entry = bench.entry(body, Duration::from_secs(3600));
    while !put(bench, slot, bench.read(slot).await.snapshot, &entry).await {}
    entry
}

async fn written_entry_is_found(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    let first = write(bench, &slot, "first").await;
    assert_eq!(bench.found(&slot).await, Some(first));
    let head = bench.read(&slot).await.snapshot.head;
    let second = write(bench, &slot, "second").await;
    assert_eq!(bench.found(&slot).await, Some(second));
    assert_ne!(
        bench.read(&slot).await.snapshot.head,
        head,
        "each write is another content"
    );
}

async fn write_ends_the_lease_that_stands(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    let written = write(bench, &slot, "written").await;
    assert_eq!(bench.holder(&slot).await, None);
    let filled = bench.entry("filled", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, grant, &filled).await, CommitOutcome::Fenced);
    assert_eq!(bench.found(&slot).await, Some(written));
}

async fn written_entry_goes_with_key_and_tags(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    write(bench, &slot, "evicted").await;
    bench.evict(&slot).await.expect("evict answers");
    bench.missing(&slot).await;
    for tag in 0..2 {
        write(bench, &slot, "retired").await;
        bench.invalidate_tag(&slot, tag).await;
        bench.missing(&slot).await;
    }
    let beside = bench.beside(&slot);
    let kept = write(bench, &slot, "kept").await;
    write(bench, &beside, "evicted").await;
    bench.evict(&beside).await.expect("evict answers");
    assert_eq!(bench.found(&slot).await, Some(kept));
}

async fn p3_write_under_a_retired_tag_is_not_found(bench: &Bench) {
    let slot = bench.slot(["root"]);
    bench.fill(&slot, "names the tag").await;
    let seen = bench.read(&slot).await.snapshot;
    bench.invalidate_tag(&slot, 0).await;
    let entry = bench.entry("late", Duration::from_secs(3600));
    put(bench, &slot, seen, &entry).await;
    bench.missing(&slot).await;
}

async fn write_on_tags_named_since_reads_again(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let seen = bench.missing(&slot).await;
    bench.fill(&bench.beside(&slot), "names the tag").await;
    let entry = bench.entry("written", Duration::from_secs(3600));
    assert!(!put(bench, &slot, seen, &entry).await);
    let written = write(bench, &slot, "written").await;
    assert_eq!(bench.found(&slot).await, Some(written));
}

/// It may be on its way for long, and its caller be gone.
async fn late_write_does_not_replace_a_newer_one(bench: &Bench) {
    let slot = bench.slot(["root", "arguments"]);
    bench.fill(&slot, "names the tags").await;
    bench.evict(&slot).await.expect("evict answers");
    let late = bench.entry("late", Duration::from_secs(3600));
    let seen = bench.missing(&slot).await;
    let newer = write(bench, &slot, "newer").await;
    assert!(!put(bench, &slot, seen, &late).await);
    assert_eq!(bench.found(&slot).await, Some(newer));
}

async fn writes_that_meet_leave_one_of_their_entries(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let bodies: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    let entries = join_all(bodies.iter().map(|body| write(bench, &slot, body))).await;
    let found = bench.found(&slot).await.expect("one of them is there");
    assert!(entries.contains(&found), "{found:?}");
}

async fn written_entry_expires(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let life = Duration::from_secs(1);
    let entry = bench.entry("short", life);
    while !put(bench, &slot, bench.read(&slot).await.snapshot, &entry).await {}
    let gone = async || bench.found(&slot).await.is_none();
    bench.after(life, "a written entry outlives its time", gone).await;
}
