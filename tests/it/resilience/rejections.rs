//! Coalescing while the store rejects calls or does not answer.

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, State},
    http::{Method, StatusCode},
    routing::{delete, get},
};
use futures_util::future::join_all;
use handler_cache::{Cache, cache, cache_evict, clock::ManualClock};
use redis::Value;
use tokio::time::{Instant, timeout};

use crate::{
    handlers::gated,
    support::{
        RedisServer,
        app::{App, PATIENCE, START, eventually},
        gate::{Gate, ask, settle},
        link::{Link, LinkState},
    },
};

async fn replica(url: &str, gate: &Gate) -> (Cache, App) {
    let builder = Cache::builder().prefix("test").url(url);
    // A request that joined the wrong fill would be seen waiting for it.
    let builder = builder.store_budget(PATIENCE).coalesce_timeout(10 * PATIENCE);
    let cache = builder.build().await.expect("the settings are good");
    let app = App(gated::pages(gate).layer(cache.attach()));
    (cache, app)
}

/// Waits until this many requests were denied a lease.
async fn refused(cache: &Cache, requests: u64) {
    let are_refused = async || cache.stats().rejected.entries == requests;
    eventually("a request is not refused", are_refused).await;
    settle().await;
}

fn full() -> RedisServer {
    let server = RedisServer::start();
    server.command(["CONFIG", "SET", "maxmemory", "1"]);
    server
}

/// An eviction since the first fill began would be unknown, so they share the next fill.
#[tokio::test]
async fn p4_requests_share_fills_while_the_store_rejects() {
    let server = full();
    let gate = Gate::new();
    let (cache, app) = replica(&server.url(), &gate).await;
    let mut clients = vec![ask(&app, "/pages/1")];
    gate.entered().await;
    clients.extend((0..20).map(|_| ask(&app, "/pages/1")));
    refused(&cache, 21).await;
    gate.let_through(100);
    for answer in join_all(clients).await {
        assert_eq!(answer.unwrap().status, StatusCode::OK);
    }
    assert_eq!(gate.runs.total(), 2);
}

#[tokio::test]
async fn p3_fill_from_before_an_eviction_elsewhere_is_not_joined_while_the_store_rejects() {
    let server = full();
    let gate = Gate::new();
    let (cache, app) = replica(&server.url(), &gate).await;
    let (there, _) = replica(&server.url(), &gate).await;
    let early = ask(&app, "/pages/1");
    gate.entered().await;
    there
        .evict(gated::page::key(Path(1)))
        .await
        .expect("a full server evicts");
    let late = ask(&app, "/pages/1");
    refused(&cache, 2).await;
    gate.let_through(2);
    assert_eq!(early.await.unwrap().text(), "page 1, run 1");
    assert_eq!(late.await.unwrap().text(), "page 1, run 2");
}

#[tokio::test]
async fn p3_fill_from_before_a_failed_eviction_is_not_joined_while_the_store_is_down() {
    for eviction in ["key", "handler", "tag"] {
        let gate = Gate::new();
        let (cache, app) = replica("redis://127.0.0.1:1", &gate).await;
        let early = ask(&app, "/pages/1");
        gate.entered().await;
        match eviction {
            "key" => drop(cache.evict(gated::page::key(Path(1))).await.unwrap_err()),
            "tag" => drop(
                cache
                    .evict_tag("its response may have this tag")
                    .await
                    .unwrap_err(),
            ),
            _ => drop(app.send(Method::DELETE, "/pages", [], "").await),
        }
        let late = ask(&app, "/pages/1");
        let runs = timeout(PATIENCE, gate.entered()).await;
        assert!(
            runs.is_ok(),
            "{eviction}: the request waits for a fill from before the eviction"
        );
        gate.let_through(2);
        assert_eq!(early.await.unwrap().text(), "page 1, run 1", "{eviction}");
        assert_eq!(late.await.unwrap().text(), "page 1, run 2", "{eviction}");
    }
}

/// The paused clock moves only when all wait, so the measured time is deliberate waiting.
#[tokio::test]
async fn p1_silent_store_costs_a_budget_each_until_the_breaker_opens_and_then_nothing() {
    let server = RedisServer::start();
    let budget = Duration::from_millis(100);
    let builder = Cache::builder().prefix("test").url(server.url());
    let cache = builder.store_budget(budget).build().await.unwrap();
    let gate = Gate::new();
    gate.let_through(100);
    let app = App(gated::pages(&gate).layer(cache.attach()));
    server.freeze();
    tokio::time::pause();
    let mut waits = Vec::new();
    for id in 0..8 {
        let begun = Instant::now();
        assert_eq!(app.get(&format!("/pages/{id}")).await.status, StatusCode::OK);
        waits.push(begun.elapsed());
    }
    assert!(waits[0] >= budget && waits[0] < 2 * budget, "{waits:?}");
    assert!(waits.iter().all(|wait| *wait < 2 * budget), "{waits:?}");
    assert_eq!(waits[5..], [Duration::ZERO; 3], "{waits:?}");
    assert!(cache.stats().store_unavailable);
}

fn no_tag() -> String {
    panic!("no tag")
}

#[cache(expire = 60, tags = [no_tag()])]
async fn tags_panic() -> &'static str {
    "answered"
}

#[cache_evict(tag = no_tag())]
async fn evict_panics() -> &'static str {
    "done"
}

#[tokio::test]
async fn p1_tags_that_panic_fail_no_request() {
    let cache = Cache::builder().build().await.unwrap();
    let routes = Router::new()
        .route("/", get(tags_panic))
        .route("/", delete(evict_panics));
    let app = App(routes.layer(cache.attach()));
    for _ in 0..2 {
        let answer = app.get("/").await;
        assert_eq!((answer.x_cache(), answer.text()), (None, "answered"));
    }
    assert_eq!(app.send(Method::DELETE, "/", [], "").await.text(), "done");
}

/// A fill that read the tag epoch before the tag's eviction would store what it should remove.
#[tokio::test]
async fn p3_any_is_retired_before_the_tag() {
    let server = RedisServer::start();
    let link = Link::to(&server).start().await;
    let gate = Gate::new();
    let (cache, _) = replica(&link.url(), &gate).await;
    server.command(["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
    cache.evict_tag("at-once").await.unwrap();
    link.set_state(LinkState::Cut);
    cache.evict_tag("later").await.unwrap_err();
    link.set_state(LinkState::Open);
    eventually("the eviction is not retried", async || {
        cache.stats().evictions_retrying == 0
    })
    .await;
    let Value::Array(log) = server.command(["SLOWLOG", "GET", "1000"]) else {
        panic!("the log is a list");
    };
    // The latest comes first.
    let log = format!("{:?}", log.into_iter().rev().collect::<Vec<_>>());
    for tag in ["at-once", "later"] {
        let own = log.find(&format!("test:#t:{tag}")).expect("it was deleted");
        assert!(log[..own].contains("test:#any"), "{log}");
    }
}

#[tokio::test]
async fn retried_evictions_are_sent_in_parts() {
    let server = RedisServer::start();
    let link = Link::to(&server).start().await;
    let gate = Gate::new();
    let (cache, _) = replica(&link.url(), &gate).await;
    link.set_state(LinkState::Cut);
    for id in 0..1200 {
        cache.evict(gated::page::key(Path(id))).await.unwrap_err();
    }
    assert_eq!(cache.stats().evictions_retrying, 2400);
    link.set_state(LinkState::Open);
    eventually("the evictions are not retried", async || {
        cache.stats().evictions_retrying == 0
    })
    .await;
    assert_eq!(server.calls("unlink"), 1200);
}

#[cache(expire = 1, stale_if_slow = "20ms", stale_if_error = "1h")]
async fn slow(State(gate): State<Gate>) -> String {
    format!("run {}", gate.pass().await)
}

/// The later requests find the fill of the first in progress, and a stale entry.
#[tokio::test]
async fn stale_entry_is_served_to_waiters_of_a_slow_fill_while_the_store_rejects() {
    let server = RedisServer::start();
    let clock = ManualClock::at(START);
    let builder = Cache::builder().prefix("test").url(server.url()).clock(&clock);
    let cache = builder.store_budget(PATIENCE).build().await.unwrap();
    let gate = Gate::new();
    let app = App(Router::new()
        .route("/", get(slow))
        .with_state(gate.clone())
        .layer(cache.attach()));
    gate.let_through(1);
    app.get("/").await;
    cache.shutdown().await.unwrap();
    clock.advance(Duration::from_secs(60));
    server.command(["CONFIG", "SET", "maxmemory", "1"]);
    for _ in 0..3 {
        let answer = timeout(PATIENCE / 4, app.get("/"))
            .await
            .expect("the waiter does not wait for the fill");
        assert_eq!((answer.x_cache(), answer.text()), (Some("Stale"), "run 1"));
    }
    gate.let_through(10);
}

#[tokio::test]
async fn p3_eviction_of_a_handler_that_was_cancelled_outlives_the_cache() {
    let server = RedisServer::start();
    let gate = Gate::new();
    let (there, there_app) = replica(&server.url(), &gate).await;
    gate.let_through(1);
    there_app.get("/pages/1").await;
    there.shutdown().await.unwrap();
    let (cache, _) = replica(&server.url(), &gate).await;
    let router = Router::new()
        .route("/", delete(evicts_and_waits))
        .with_state(gate.clone());
    let app = App(router.layer(cache.attach()));
    gate.entered().await;
    let change = tokio::spawn(async move { app.send(Method::DELETE, "/", [], "").await });
    gate.entered().await;
    drop(cache);
    change.abort();
    gate.let_through(10);
    let evicted = async || !server.exists("test:it::handlers::gated::page(id=1)");
    eventually("it is not evicted", evicted).await;
}

#[cache_evict(gated::page(Path(1)))]
async fn evicts_and_waits(State(gate): State<Gate>) -> String {
    gate.pass().await.to_string()
}
