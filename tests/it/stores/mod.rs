//! The contract of `Store`, checked on Redis.

mod connection;
mod records;
mod unreadable;
mod purge;
mod round_trips;

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use handler_cache::{
    clock::Timestamp,
    store::{
        CommitOutcome, Entry, Grant, LeaseOutcome, LeaseRequest, Lookup, RedisStore, Slot, Store, Token,
        contract::{self, Time},
    },
};

use crate::support::{
    Options, RedisServer,
    app::{PATIENCE, eventually},
};

const HOUR: Duration = Duration::from_secs(3600);

async fn connect(url: &str) -> RedisStore {
    let store = RedisStore::open(url).expect("the URL is good");
    store.ping().await.expect("the server answers");
    store
}

fn slot() -> Slot {
    Slot {
        key: "shop:products(id=42)".into(),
        tags: ["shop:#root".into(), "shop:#products".into()].into(),
        tag_epoch: "shop:#any".into(),
        owner: handler_cache::store::Fingerprint([7; 16]),
    }
}

fn lease_of(slot: &Slot) -> String {
    format!("{{{}}}:lease", slot.key)
}

fn entry(body: &str, fresh: Duration) -> Arc<Entry> {
    let headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain")),
        (header::ETAG, HeaderValue::from_static("W/\"1\"")),
    ]);
    let born = Timestamp::from_millis(1_767_225_600_000);
    let mut entry = Entry::new(StatusCode::OK, headers, body.to_owned().into(), born);
    entry.fresh = fresh;
    Arc::new(entry)
}

/// The lease request of a request that reads the slot now.
async fn ask(store: &dyn Store, slot: &Slot) -> LeaseRequest {
    let read = store.read(slot).await.expect("read answers");
    assert!(
        matches!(read.lookup, Lookup::Missing),
        "expected nothing, read {read:?}"
    );
    LeaseRequest {
        token: Token::new(),
        snapshot: read.snapshot,
        replaces: None,
    }
}

async fn grant(store: &dyn Store, slot: &Slot) -> Grant {
    let ask = ask(store, slot).await;
    match store.lease(slot, &ask).await.expect("lease answers") {
        LeaseOutcome::Granted(grant) => grant,
        other => panic!("expected the lease, got {other:?}"),
    }
}

/// Misses, stores, and hits.
async fn fill(store: &dyn Store, slot: &Slot, body: &str) {
    let grant = grant(store, slot).await;
    let committed = store.commit(slot, grant, &entry(body, HOUR)).await;
    assert_eq!(committed.expect("commit answers"), CommitOutcome::Stored);
    assert_eq!(found(store, slot).await.as_deref(), Some(body.as_bytes()));
}

/// The body of the entry that a request gets.
async fn found(store: &dyn Store, slot: &Slot) -> Option<Vec<u8>> {
    match store.read(slot).await.expect("read answers").lookup {
        Lookup::Entry(entry) => Some(entry.body.to_vec()),
        _ => None,
    }
}

async fn keeps_the_contract(url: &str) {
    let open = || -> Arc<dyn Store> { Arc::new(RedisStore::open(url).expect("the URL is good")) };
    contract::verify(open, Time::Real).await;
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let server = RedisServer::start();
    keeps_the_contract(&server.url()).await;
}

#[tokio::test]
async fn redis_keeps_the_contract_with_a_password_and_another_database() {
    let server = RedisServer::with(Options::default().password("pa55:word"));
    keeps_the_contract(&server.database(3)).await;
    assert_eq!(
        server.command(["DBSIZE"]),
        redis::Value::Int(0),
        "database 0 was not touched"
    );
}

#[tokio::test]
async fn redis_keeps_the_contract_over_a_socket() {
    let server = RedisServer::with(Options::default().password("pa55word"));
    keeps_the_contract(&server.socket_url()).await;
}
