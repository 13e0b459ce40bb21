//! The connection to Redis: how it is made and replaced, and that no reply reaches another request.

use std::{error::Error, time::Instant};

use futures_util::future::join_all;
use handler_cache::store::{Generation, Snapshot};
use tokio::time::timeout;

use super::*;

/// An error with its sources, as a log shows it.
fn error_text(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(source) = next {
        text += &format!(" {source} {source:?}");
        next = source.source();
    }
    text
}

#[tokio::test]
async fn p1_without_a_connection_every_call_fails_at_once() {
    let server = RedisServer::start();
    let store = RedisStore::open(&server.url()).expect("the URL is good");
    let slot = slot();
    let token = Token::new();
    let grant = Grant {
        token,
        digest: slot.digest([]),
        tag_epoch: Generation::new(),
    };
    let asked = LeaseRequest {
        token,
        snapshot: Snapshot {
            head: Default::default(),
            generations: vec![None, None],
            tag_epoch: None,
        },
        replaces: None,
    };
    let keys = [Arc::clone(&slot.key)];
    let nobody_connects = async {
        let errors = [
            store.read(&slot).await.err(),
            store.lease(&slot, &asked).await.err(),
            store.holder(&slot).await.err(),
            store.renew(&slot, token).await.err(),
            store.commit(&slot, grant, &entry("", HOUR)).await.err(),
            store.release(&slot, token, None).await.err(),
            store.evict(&keys).await.err(),
            store.invalidate_tags(&slot.tags).await.err(),
        ];
        for error in errors {
            assert!(error.expect("there is no connection").is_unavailable());
        }
    };
    // Ready without a single wait.
    assert!(futures_util::FutureExt::now_or_never(nobody_connects).is_some());
    store.ping().await.expect("the ping connects");
    fill(&store, &slot, "connected").await;
}

#[tokio::test]
async fn ping_returns_the_time_of_the_server() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let time = store
        .ping()
        .await
        .expect("the server answers")
        .expect("Redis has a clock");
    let here = std::time::SystemTime::now();
    let apart = match here.duration_since(time.to_system_time()) {
        Ok(behind) => behind,
        Err(ahead) => ahead.duration(),
    };
    assert!(apart < PATIENCE, "{apart:?}");
}

#[tokio::test]
async fn p1_crashed_server_is_unavailable_until_a_ping_finds_it_again() {
    let mut server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    fill(&store, &slot, "before the crash").await;
    server.kill();
    for _ in 0..3 {
        assert!(store.read(&slot).await.expect_err("it is gone").is_unavailable());
        assert!(store.ping().await.expect_err("it is gone").is_unavailable());
    }
    server.restart();
    assert!(
        store
            .read(&slot)
            .await
            .expect_err("only a ping connects")
            .is_unavailable()
    );
    store.ping().await.expect("it is back");
    fill(&store, &slot, "after the crash").await;
}

#[tokio::test]
async fn p1_frozen_server_is_given_up_by_the_ping_and_found_again() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    fill(&store, &slot, "kept").await;
    server.freeze();
    let short = Duration::from_millis(20);
    assert!(
        timeout(short, store.read(&slot)).await.is_err(),
        "the caller's budget ends the call"
    );
    let begun = Instant::now();
    assert!(store.ping().await.expect_err("it is frozen").is_unavailable());
    assert!(begun.elapsed() < PATIENCE, "the ping ends by itself");
    assert!(store.read(&slot).await.expect_err("given up").is_unavailable());
    server.thaw();
    store.ping().await.expect("it goes on");
    assert_eq!(found(&store, &slot).await.as_deref(), Some(&b"kept"[..]));
}

#[tokio::test]
async fn calls_that_were_dropped_do_not_confuse_the_next_ones() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slots: Vec<_> = (0..20)
        .map(|number| Slot {
            key: format!("shop:products(id={number})").into(),
            ..slot()
        })
        .collect();
    for (number, slot) in slots.iter().enumerate() {
        fill(&store, slot, &format!("product {number}")).await;
    }
    server.freeze();
    let short = Duration::from_millis(20);
    // More than the driver's queue takes, so that some are dropped before they are sent.
    let dropped = (0..200).map(|number| timeout(short, store.read(&slots[number % slots.len()])));
    assert!(join_all(dropped).await.iter().all(Result::is_err));
    server.thaw();
    for (number, slot) in slots.iter().enumerate() {
        let body = format!("product {number}");
        assert_eq!(found(&store, slot).await.as_deref(), Some(body.as_bytes()));
    }
}

#[tokio::test]
async fn p4_lease_of_a_cancelled_request_is_released() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    let asked = ask(&store, &slot).await;
    server.freeze();
    let short = Duration::from_millis(20);
    assert!(timeout(short, store.lease(&slot, &asked)).await.is_err());
    server.thaw();
    // It was granted: the tags were named. Long before its TTL it is free again.
    let begun = Instant::now();
    eventually("the lease was never granted", async || {
        server.exists(&slot.tags[0])
    })
    .await;
    eventually("the lease was not given back", async || {
        store.holder(&slot).await.expect("holder answers").is_none()
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(4), "it lapsed instead");
    fill(&store, &slot, "by the next").await;
}

#[tokio::test]
async fn server_that_became_a_replica_is_left_for_another_and_read_meanwhile() {
    let server = RedisServer::start();
    let store = connect(&server.url()).await;
    let slot = slot();
    fill(&store, &slot, "while it was the master").await;
    server.command(["REPLICAOF", "127.0.0.1", "1"]);

    // A new connection may lead to the new master.
    let refused = store.evict(&[Arc::clone(&slot.key)]).await;
    assert!(!refused.expect_err("a replica takes no writes").is_unavailable());
    let dropped = store.read(&slot).await.expect_err("the connection was dropped");
    assert!(dropped.is_unavailable());

    // It did not. From now on the connection stays, since its reads succeed.
    store.ping().await.expect("it answers");
    let other = Slot {
        key: "shop:products(id=43)".into(),
        ..slot.clone()
    };
    for _ in 0..3 {
        // From within a script, too.
        let asked = ask(&store, &other).await;
        let refused = store.lease(&other, &asked).await;
        assert!(!refused.expect_err("no writes").is_unavailable());
        assert_eq!(
            found(&store, &slot).await.as_deref(),
            Some(&b"while it was the master"[..])
        );
    }
    server.command(["REPLICAOF", "NO", "ONE"]);
    fill(&store, &other, "as the master again").await;
}

#[tokio::test]
async fn no_error_and_no_debug_text_holds_the_password() {
    let server = RedisServer::with(Options::default().password("the-right-one"));
    for url in [
        format!("redis://:s3cret@127.0.0.1:{}", server.port()),
        format!("redis://ann:s3cret@127.0.0.1:{}/2", server.port()),
        server.socket_url().replace("the-right-one", "s3cret"),
        "redis://:s3cret@127.0.0.1:1".into(),
        "redis+unix:///there/is/no/socket?pass=s3cret".into(),
    ] {
        let store = RedisStore::open(&url).expect("the URL is good");
        assert!(!format!("{store:?} {store:#?}").contains("s3cret"));
        let error = store
            .ping()
            .await
            .expect_err("the password is wrong, or nobody there");
        assert!(error.is_unavailable());
        let text = error_text(&error);
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn p1_a_record_that_breaks_the_connection_is_not_sent_again_for_a_while() {
    let server = RedisServer::with(Options::default().arguments(["--proto-max-bulk-len", "1mb"]));
    let store = connect(&server.url()).await;
    let large = "x".repeat(3 * 1024 * 1024);
    let slots = ["shop:large()", "shop:small()"].map(|key| Slot {
        key: key.into(),
        ..slot()
    });
    let granted = grant(&store, &slots[0]).await;
    let broken = store.commit(&slots[0], granted, &entry(&large, HOUR)).await;
    assert!(broken.expect_err("the server hangs up").is_unavailable());
    store.ping().await.expect("it connects again");
    for _ in 0..2 {
        let refused = store.commit(&slots[0], granted, &entry(&large, HOUR)).await;
        let error = refused.expect_err("it is not sent");
        assert!(!error.is_unavailable());
        assert!(
            error_text(&error).contains("proto-max-bulk-len"),
            "{}",
            error_text(&error)
        );
    }
    // The connection stays open, and smaller ones are accepted.
    fill(&store, &slots[1], "small").await;
}
