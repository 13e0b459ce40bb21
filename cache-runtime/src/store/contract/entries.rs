//! What is stored comes back as it was, for as long as it was to live.

use super::*;
use crate::slot::Head;

checks![
    unknown_slot_is_missing,
    entry_comes_back_as_it_was_stored,
    entry_without_tags_is_kept,
    large_body_comes_back,
    both_handles_see_one_store,
    entry_of_another_order_of_tags_is_missing,
    p2_entry_of_another_owner_is_missing,
    entry_expires,
    entry_lives_as_long_as_it_is_fresh,
];

async fn unknown_slot_is_missing(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    let Snapshot {
        head, generations, ..
    } = bench.missing(&slot).await;
    assert_eq!(head, Head::default());
    assert_eq!(generations, [None, None]);
    assert_eq!(bench.holder(&slot).await, None);
    assert!(bench.here.peek(&slot.key).is_none());
}

async fn entry_comes_back_as_it_was_stored(bench: &Bench) {
    let mut headers = HeaderMap::new();
    headers.append("link", HeaderValue::from_static("</a>; rel=next"));
    headers.append("etag", HeaderValue::from_static("W/\"1\""));
    headers.append("link", HeaderValue::from_static("</b>; rel=prev"));
    headers.append("x-empty", HeaderValue::from_static(""));
    let opaque = HeaderValue::from_bytes(b"\xe4\xf6").expect("a header may hold such bytes");
    headers.append("x-opaque", opaque);
    for (status, body) in [
        (StatusCode::OK, &b"\0\xff\r\n not text"[..]),
        (StatusCode::NO_CONTENT, b""),
        (StatusCode::NOT_FOUND, b"{}"),
    ] {
        let slot = bench.slot(["root", "handler", "option"]);
        let entry = Arc::new(Entry {
            fresh: Duration::from_millis(3_600_001),
            ..Entry::new(status, headers.clone(), Bytes::copy_from_slice(body), bench.now())
        });
        let grant = bench.grant(&slot).await;
        assert_eq!(bench.commit(&slot, grant, &entry).await, CommitOutcome::Stored);
        let found = bench.found(&slot).await.expect("it was stored");
        assert_eq!(found, entry);
        let lines = |entry: &Entry| entry.headers.iter().collect::<Vec<_>>();
        assert_eq!(lines(&found), lines(&entry), "the order of the headers");
        if let Some(peeked) = bench.here.peek(&slot.key) {
            assert_eq!(peeked, entry);
        }
        assert_eq!(bench.holder(&slot).await, None, "the commit ended the lease");
    }
}

async fn entry_without_tags_is_kept(bench: &Bench) {
    let slot = bench.slot([]);
    let entry = bench.fill(&slot, "untagged").await;
    assert_eq!(bench.found(&slot).await, Some(entry));
}

async fn large_body_comes_back(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let entry = bench.fill(&slot, &"0123456789abcdef".repeat(16 * 1024)).await;
    assert_eq!(bench.found(&slot).await, Some(entry));
}

async fn both_handles_see_one_store(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let entry = bench.fill(&slot, "seen from here").await;
    match bench.there.read(&slot).await.expect("read answers").lookup {
        Lookup::Entry(found) => assert_eq!(found, entry),
        other => panic!("`open` must give handles on one store, but the other one reads {other:?}"),
    }
}

async fn entry_of_another_order_of_tags_is_missing(bench: &Bench) {
    let slot = bench.slot(["one", "two"]);
    bench.fill(&slot, "ordered").await;
    let turned = Slot {
        tags: slot.tags.iter().rev().cloned().collect(),
        ..slot.clone()
    };
    bench.missing(&turned).await;
}

async fn p2_entry_of_another_owner_is_missing(bench: &Bench) {
    let slot = bench.slot(["root"]);
    bench.fill(&slot, "mine").await;
    let others = Slot {
        owner: Fingerprint([8; 16]),
        ..slot.clone()
    };
    bench.missing(&others).await;
}

async fn entry_expires(bench: &Bench) {
    let life = Duration::from_millis(300);
    let slot = bench.slot(["root"]);
    let entry = bench.entry("short", life);
    let grant = bench.grant(&slot).await;
    assert_eq!(bench.commit(&slot, grant, &entry).await, CommitOutcome::Stored);
    bench
        .after(life, "the entry outlives its time", async || {
            bench.found(&slot).await.is_none()
        })
        .await;
    let again = bench.fill(&slot, "again").await;
    assert_eq!(
        bench.found(&slot).await,
        Some(again),
        "the slot can be filled again"
    );
}

async fn entry_lives_as_long_as_it_is_fresh(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    let entry = bench.fill(&slot, "an hour").await;
    // What real time would have to pass is not waited for.
    if let Time::Manual(clock) = &bench.time {
        clock.advance(Duration::from_secs(3599));
    }
    assert_eq!(bench.found(&slot).await, Some(entry));
}
