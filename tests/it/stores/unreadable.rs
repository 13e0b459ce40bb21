//! Records that are missing, truncated or not ours cost a miss, and the next fill replaces them.

use handler_cache::store::Holder;

use super::*;

#[tokio::test]
async fn p8_garbage_under_the_key_is_replaced() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    for garbage in ["", "x", "garbage that is longer than the head of an entry"] {
        server.command(["SET", &slot.key, garbage]);
        fill(&store, &slot, "healed").await;
        assert!(server.pttl(&slot.key) > 0);
    }
}

#[tokio::test]
async fn p8_wrong_type_under_the_key_is_replaced() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    server.command(["RPUSH", &slot.key, "a list"]);
    fill(&store, &slot, "healed").await;
}

#[tokio::test]
async fn p8_garbage_and_wrong_types_under_tags_are_replaced() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    server.command(["RPUSH", &slot.tags[0], "a list"]);
    server.command(["SET", &slot.tags[1], "not sixteen bytes long"]);
    fill(&store, &slot, "healed").await;
    server.command(["DEL", &slot.tags[1]]);
    server.command(["HSET", &slot.tags[1], "a", "hash"]);
    fill(&store, &slot, "healed again").await;
}

#[tokio::test]
async fn p8_garbage_and_wrong_types_under_the_lease_can_be_replaced() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    let lease = lease_of(&slot);
    for list in [false, true] {
        if list {
            server.command(["RPUSH", &lease, "a list"]);
        } else {
            server.command(["SET", &lease, "LATER-VERSION"]);
        }
        let holder = store.holder(&slot).await.expect("holder answers");
        let asked = ask(&store, &slot).await;
        let held = store.lease(&slot, &asked).await.expect("lease answers");
        let LeaseOutcome::Held(unknown @ Holder::Unknown(_)) = held else {
            panic!("expected something unknown, got {held:?}");
        };
        assert_eq!(holder.as_ref(), Some(&unknown));
        assert!(!store.renew(&slot, asked.token).await.expect("renew answers"));
        store
            .release(&slot, asked.token, None)
            .await
            .expect("release answers");

        let again = LeaseRequest {
            replaces: Some(unknown),
            ..ask(&store, &slot).await
        };
        let LeaseOutcome::Granted(granted) = store.lease(&slot, &again).await.expect("lease answers") else {
            panic!("what was named is replaced");
        };
        let committed = store.commit(&slot, granted, &entry("healed", HOUR)).await;
        assert_eq!(committed.expect("commit answers"), CommitOutcome::Stored);
        store
            .evict(&[Arc::clone(&slot.key)])
            .await
            .expect("evict answers");
    }
}

#[tokio::test]
async fn p8_truncated_entry_is_replaced() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    fill(&store, &slot, "a body of some length").await;
    let whole = server.get(&slot.key).expect("it was stored");
    for length in [1, 5, 20, 21, 22, 57, 80, whole.len() - 1] {
        server.command([b"SET", slot.key.as_bytes(), &whole[..length]]);
        fill(&store, &slot, "a body of some length").await;
    }
}

#[tokio::test]
async fn p8_entry_of_a_later_version_is_neither_served_nor_overwritten() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    let before = ask(&store, &slot).await;
    fill(&store, &slot, "of this version").await;
    server.command([&b"SETRANGE"[..], slot.key.as_bytes(), b"4", b"\xff"]);
    let later = server.get(&slot.key);

    let read = store.read(&slot).await.expect("read answers");
    assert!(matches!(read.lookup, Lookup::Newer), "{read:?}");
    let leased = store.lease(&slot, &before).await.expect("lease answers");
    assert_eq!(leased, LeaseOutcome::Conflict, "a lease on what was there before");
    assert_eq!(server.get(&slot.key), later);

    store
        .evict(&[Arc::clone(&slot.key)])
        .await
        .expect("evict answers");
    fill(&store, &slot, "evicted, so ours again").await;
}

#[tokio::test]
async fn p8_losing_any_record_costs_a_miss_only() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    for lost in [&slot.key, &slot.tags[0], &slot.tags[1]] {
        fill(&store, &slot, "lost").await;
        server.command(["DEL", lost]);
        assert_eq!(found(&store, &slot).await, None, "{lost}");
    }
    fill(&store, &slot, "at the end").await;

    // The lease, while somebody fills.
    store
        .evict(&[Arc::clone(&slot.key)])
        .await
        .expect("evict answers");
    let first = grant(&store, &slot).await;
    server.command(["DEL", &lease_of(&slot)]);
    assert!(!store.renew(&slot, first.token).await.expect("renew answers"));
    let committed = store.commit(&slot, first, &entry("leaseless", HOUR)).await;
    assert_eq!(committed.expect("commit answers"), CommitOutcome::Fenced);
    fill(&store, &slot, "by the next").await;
}
