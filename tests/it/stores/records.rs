//! What may happen to the records in Redis, and what they may be instead of ours: all of it a miss at worst.

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
    let life = server.pttl(&slot.key);
    assert!((86_300_000..=86_400_000).contains(&life), "{life}");
    for tag in &*slot.tags {
        assert!(server.pttl(tag) > life, "{tag}");
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
async fn lives_at_the_edges_are_stored_with_an_end() {
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
async fn renewing_gives_the_lease_its_whole_time_again() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    let granted = grant(&store, &slot).await;
    server.command(["PEXPIRE", &lease_of(&slot), "60000"]);
    assert!(store.renew(&slot, granted.token).await.expect("renew answers"));
    assert!((55_001..=60_000).contains(&server.pttl(&lease_of(&slot))));
}

/// As when the process was stopped for longer than a lease stands.
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
async fn p1_full_server_refuses_entries_and_still_evicts() {
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
async fn p1_release_with_a_mark_frees_the_slot_on_a_full_server() {
    let server = RedisServer::with(Options::default().arguments(["--maxmemory-policy", "noeviction"]));
    let store = connect(&server.url()).await;
    let slot = slot();
    let granted = grant(&store, &slot).await;
    server.fill_up();
    // Whether there is room for the mark once the lease is gone, is for the server to say.
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
async fn missing_permission_is_a_refusal() {
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

/// The first millisecond of a time to come: whatever was stored was born before it.
const LATER: Timestamp = Timestamp::from_millis(u64::MAX / 2);

async fn purge(store: &dyn Store, before: Timestamp) {
    let mut from = Some(0);
    while let Some(at) = from {
        from = store.purge("shop", before, at).await.expect("purge answers");
    }
}

#[tokio::test]
async fn p10_purge_leaves_every_record_that_is_no_entry() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    fill(&store, &slot, "ours").await;
    let entry = server.get(&slot.key).expect("it was stored");
    let as_long = vec![b'x'; entry.len()];
    let records: [&[&[u8]]; 12] = [
        &[b"SET", b"shop:session:42", b"a text"],
        &[b"SET", b"shop:empty", b""],
        &[b"SET", b"shop:visits", b"7"],
        &[b"SET", b"shop:as-long-as-an-entry", &as_long],
        &[b"SET", b"shop:magic-alone", &entry[..5]],
        &[b"SET", b"shop@7:release", b"an application's"],
        &[b"SET", b"shop:sessions(id=1)", b"named as an entry is"],
        &[b"HSET", b"shop:cart:42", b"shirt", b"2"],
        &[b"RPUSH", b"shop:jobs", b"one"],
        &[b"SADD", b"shop:users", b"ann"],
        &[b"ZADD", b"shop:scores", b"1", b"ann"],
        &[b"XADD", b"shop:events", b"*", b"a", b"b"],
    ];
    let mut connection = server.connect().expect("the server answers");
    for words in records {
        let mut command = redis::Cmd::new();
        words.iter().for_each(|word| _ = command.arg(word));
        let _: Value = command.query(&mut connection).expect("the record is written");
    }
    let held = grant(
        &store,
        &Slot {
            key: "shop:held(id=1)".into(),
            ..slot.clone()
        },
    )
    .await;
    let before = server.command(["DBSIZE"]);

    purge(&store, LATER).await;

    assert!(!server.exists(&slot.key), "the entry goes");
    for words in records {
        let key = str::from_utf8(words[1]).expect("names are text");
        assert!(server.exists(key), "{key} is not ours");
        let left = server.pttl(key);
        assert_eq!(left, -1, "{key} has no end, as it had none");
    }
    for tag in &*slot.tags {
        assert!(server.exists(tag), "{tag} is left to its TTL");
    }
    assert!(
        server.exists("{shop:held(id=1)}:lease"),
        "{held:?} is left to its TTL"
    );
    let Value::Int(before) = before else {
        panic!("DBSIZE is a number")
    };
    assert_eq!(server.command(["DBSIZE"]), Value::Int(before - 1));
}

#[tokio::test]
async fn purge_takes_entries_of_this_version_and_older_ones_born_before() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    fill(&store, &slot, "ours").await;
    let ours = server.get(&slot.key).expect("it was stored");
    let of_version = |version: u8| {
        let mut entry = ours.clone();
        entry[4] = version;
        entry
    };
    let (older, newer) = ("shop:products(id=1)", "shop:products(id=2)");
    server.command([&b"SET"[..], older.as_bytes(), &of_version(1)]);
    server.command([&b"SET"[..], newer.as_bytes(), &of_version(u8::MAX)]);

    let born = Timestamp::from_millis(1_767_225_600_000);
    purge(&store, born).await;
    assert!(server.exists(&slot.key), "it was born in this millisecond");
    purge(&store, born + Duration::from_millis(1)).await;
    assert!(!server.exists(&slot.key));
    assert!(!server.exists(older));
    assert!(server.exists(newer), "only a newer release knows what is in it");
}
