//! Purging removes evicted entries, and no other record.

use redis::Value;

use super::*;

/// A time in the future: every stored entry was created before it.
const LATER: Timestamp = Timestamp::from_millis(u64::MAX / 2);

async fn purge(store: &dyn Store, before: Timestamp) {
    let mut from = Some(0);
    while let Some(at) = from {
        from = store.purge("shop", before, at).await.expect("purge answers");
    }
}

#[tokio::test]
async fn p10_purge_leaves_all_records_except_entries() {
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
