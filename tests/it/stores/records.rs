//! Records in Redis: TTLs, lapsed leases, full servers and missing permissions.

use handler_cache::store::{HIT_FOR_MISS_TTL, Holder, Mark};
use redis::Value;

use super::*;

#[tokio::test]
async fn every_record_has_an_end_and_tags_outlive_their_entries() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();

    let granted = grant(&store, &slot).await;
    assert!((55_001..=60_000).contains(&server.pttl(&lease_of(&slot))));
    for tag in slot.tags.iter().chain([&slot.tag_epoch]) {
        assert!(server.pttl(tag) > 60_000, "a fill may take a minute");
    }

    let long = entry("long", Duration::from_secs(86_400));
    let committed = store.commit(&slot, granted, &long).await.expect("commit answers");
    assert_eq!(committed, CommitOutcome::Stored);
    let ttl = server.pttl(&slot.key);
    assert!((86_300_000..=86_400_000).contains(&ttl), "{ttl}");
    for tag in &*slot.tags {
        assert!(server.pttl(tag) > ttl, "{tag}");
    }
    assert_eq!(
        server.command(["DBSIZE"]),
        Value::Int(4),
        "entry, tags and `any`, no lease"
    );

    // A shorter entry does not shorten what its tags have to last for the longer one.
    let beside = Slot {
        key: "shop:products(id=43)".into(),
        ..slot.clone()
    };
    fill(&store, &beside, "an hour").await;
    assert!(server.pttl(&slot.tags[0]) > server.pttl(&slot.key));
}

/// An hour after entries of 80 ms there were records of all their tags.
#[tokio::test]
async fn p6_tags_end_soon_after_their_entries() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    let own: Arc<str> = "shop:#named by the answer".into();
    let named = |fresh| {
        let entry = entry("page", fresh);
        Arc::new(Entry {
            tags: vec![Arc::clone(&own)],
            ..Entry::clone(&entry)
        })
    };
    let stored = async |entry: Arc<Entry>| {
        let granted = grant(&store, &slot).await;
        let committed = store.commit(&slot, granted, &entry).await;
        assert_eq!(committed.expect("commit answers"), CommitOutcome::Stored);
        let evicted = store.evict(&[Arc::clone(&slot.key)]).await;
        evicted.expect("evict answers");
        server.pttl(&own)
    };
    let left = stored(named(Duration::from_millis(800))).await;
    assert!((800..=5_800).contains(&left), "{left}");
    for tag in &*slot.tags {
        let left = server.pttl(tag);
        assert!((60_000..=120_800).contains(&left), "{tag}: {left}");
    }
    // It lasts for the longest of its entries.
    let left = stored(named(Duration::from_secs(60))).await;
    assert!((60_000..=65_000).contains(&left), "{left}");
    let left = stored(named(Duration::from_millis(800))).await;
    assert!((60_000..=65_000).contains(&left), "{left}");
}

#[tokio::test]
async fn ttls_at_their_limits_are_stored_with_an_end() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    for fresh in [Duration::MAX, Duration::from_secs(365 * 86_400)] {
        let granted = grant(&store, &slot).await;
        let committed = store.commit(&slot, granted, &entry("for ever", fresh)).await;
        assert_eq!(committed.expect("commit answers"), CommitOutcome::Stored);
        assert!(server.pttl(&slot.key) > 360 * 86_400_000);
        store
            .evict(&[Arc::clone(&slot.key)])
            .await
            .expect("evict answers");
    }
    let granted = grant(&store, &slot).await;
    let committed = store.commit(&slot, granted, &entry("gone", Duration::ZERO)).await;
    assert_eq!(committed.expect("commit answers"), CommitOutcome::Stored);
}

#[tokio::test]
async fn renewing_resets_the_ttl_of_the_lease() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    let granted = grant(&store, &slot).await;
    server.command(["PEXPIRE", &lease_of(&slot), "60000"]);
    assert!(store.renew(&slot, granted.token).await.expect("renew answers"));
    assert!((55_001..=60_000).contains(&server.pttl(&lease_of(&slot))));
}

/// As when the process was suspended for longer than the TTL of a lease.
#[tokio::test]
async fn p3_a_lapsed_lease_that_nobody_took_commits_unless_it_was_evicted() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    for evicted in [false, true] {
        let granted = grant(&store, &slot).await;
        server.command(["PEXPIRE", &lease_of(&slot), "50000"]);
        assert_eq!(store.holder(&slot).await.expect("holder answers"), None);
        assert!(!store.renew(&slot, granted.token).await.expect("renew answers"));
        if evicted {
            store
                .evict(&[Arc::clone(&slot.key)])
                .await
                .expect("evict answers");
        }
        let committed = store.commit(&slot, granted, &entry("late", HOUR)).await;
        let expected = if evicted {
            CommitOutcome::Fenced
        } else {
            CommitOutcome::Stored
        };
        assert_eq!(committed.expect("commit answers"), expected);
        store
            .evict(&[Arc::clone(&slot.key)])
            .await
            .expect("evict answers");
    }
    // Taken over, it is another's.
    let first = grant(&store, &slot).await;
    server.command(["PEXPIRE", &lease_of(&slot), "50000"]);
    let second = grant(&store, &slot).await;
    let late = store.commit(&slot, first, &entry("late", HOUR)).await;
    assert_eq!(late.expect("commit answers"), CommitOutcome::Fenced);
    let committed = store.commit(&slot, second, &entry("in time", HOUR)).await;
    assert_eq!(committed.expect("commit answers"), CommitOutcome::Stored);
}

#[tokio::test]
async fn p3_tag_lost_during_a_fill_does_not_bring_the_fill_back() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    let granted = grant(&store, &slot).await;
    server.command(["DEL", &slot.tags[1]]);
    let committed = store.commit(&slot, granted, &entry("late", HOUR)).await;
    assert_eq!(committed.expect("commit answers"), CommitOutcome::Stored);
    assert_eq!(found(&store, &slot).await, None);
    fill(&store, &slot, "under the new generation").await;
}

#[tokio::test]
async fn a_lost_script_cache_costs_no_error() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    fill(&store, &slot, "before").await;
    server.command(["SCRIPT", "FLUSH"]);
    store
        .evict(&[Arc::clone(&slot.key)])
        .await
        .expect("evict answers");
    let granted = grant(&store, &slot).await;
    server.command(["SCRIPT", "FLUSH"]);
    let committed = store.commit(&slot, granted, &entry("after", HOUR)).await;
    assert_eq!(committed.expect("commit answers"), CommitOutcome::Stored);
}

#[tokio::test]
async fn p1_full_server_rejects_entries_and_still_evicts() {
    let options = Options::default().arguments(["--maxmemory-policy", "noeviction"]);
    let server = RedisServer::with(options);
    let store = connect(&server.url()).await;
    let (slot, other) = (
        slot(),
        Slot {
            key: "shop:products(id=43)".into(),
            ..slot()
        },
    );
    fill(&store, &slot, "there already").await;
    let granted = grant(&store, &other).await;
    server.fill_up();

    let error = store.commit(&other, granted, &entry("no room", HOUR)).await;
    let error = error.expect_err("the server is full");
    assert!(!error.is_unavailable(), "the server is well: {error:?}");
    assert_eq!(
        found(&store, &slot).await.as_deref(),
        Some(&b"there already"[..]),
        "reads go on"
    );
    assert!(store.renew(&other, granted.token).await.expect("renew answers"));
    store
        .release(&other, granted.token, None)
        .await
        .expect("release answers");
    assert_eq!(store.holder(&other).await.expect("holder answers"), None);
    let error = store.lease(&other, &ask(&store, &other).await).await;
    assert!(!error.expect_err("the server is full").is_unavailable());

    store
        .evict(&[Arc::clone(&slot.key)])
        .await
        .expect("eviction needs no memory");
    assert!(!server.exists(&slot.key));
    store
        .invalidate_tags(&slot.tags)
        .await
        .expect("nor does retiring");
    assert!(!server.exists(&slot.tags[0]));

    server.command(["CONFIG", "SET", "maxmemory", "0"]);
    fill(&store, &slot, "room again").await;
}

#[tokio::test]
async fn p1_release_with_a_marker_frees_the_slot_on_a_full_server() {
    let server = RedisServer::with(Options::default().arguments(["--maxmemory-policy", "noeviction"]));
    let store = connect(&server.url()).await;
    let slot = slot();
    let granted = grant(&store, &slot).await;
    server.fill_up();
    // The server decides whether there is room for the marker once the lease is deleted.
    if let Err(error) = store
        .release(&slot, granted.token, Some((Mark::HitForMiss, HIT_FOR_MISS_TTL)))
        .await
    {
        assert!(!error.is_unavailable(), "{error:?}");
    }
    let holder = store.holder(&slot).await.expect("holder answers");
    assert!(
        matches!(holder, None | Some(Holder::Mark(Mark::HitForMiss))),
        "{holder:?}"
    );
}

#[tokio::test]
async fn missing_permission_is_a_rejection() {
    let server = RedisServer::start();
    server.command([
        "ACL",
        "SETUSER",
        "reader",
        "on",
        ">pa55word",
        "~*",
        "+@connection",
        "+mget",
        "+time",
    ]);
    let url = format!("redis://reader:pa55word@127.0.0.1:{}", server.port());
    let store = connect(&url).await;
    let slot = slot();
    let asked = ask(&store, &slot).await;
    let error = store.lease(&slot, &asked).await.expect_err("no EVAL for readers");
    assert!(!error.is_unavailable(), "{error:?}");
    let error = store.evict(&[Arc::clone(&slot.key)]).await;
    assert!(!error.expect_err("no UNLINK for readers").is_unavailable());
    assert_eq!(found(&store, &slot).await, None, "the connection is still there");
}
