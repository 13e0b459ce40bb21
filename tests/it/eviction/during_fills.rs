//! P3: an eviction that returned `Ok` is final for the fills that were in progress.

use std::time::Instant;

use axum::{
    Router,
    extract::{Path, State},
    http::Method,
    routing::{MethodFilter, on},
};
use handler_cache::{Cache, cache};

use crate::{
    handlers::gated::{page, pages},
    support::{
        RedisServer,
        app::{App, Bench, PATIENCE},
        gate::{Gate, ask, settle},
        link::{Link, LinkState},
    },
};

#[tokio::test]
async fn p3_fill_that_began_before_an_eviction_does_not_come_back() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(pages(&gate));
        let early = ask(&app, "/pages/1");
        gate.entered().await;
        bench.cache.evict(page::key(Path(1))).await.unwrap();
        gate.let_through(2);
        assert_eq!(
            early.await.unwrap().text(),
            "page 1, run 1",
            "a request from before the eviction gets the response of its fill"
        );
        let late = app.get("/pages/1").await;
        assert_eq!((late.x_cache(), late.text()), (Some("Miss"), "page 1, run 2"));
        assert_eq!(app.get("/pages/1").await.text(), "page 1, run 2");
    }
}

#[tokio::test]
async fn p3_request_after_an_eviction_does_not_join_a_flight_from_before() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(pages(&gate));
        let early = ask(&app, "/pages/1");
        gate.entered().await;
        bench.cache.evict(page::key(Path(1))).await.unwrap();
        let late = ask(&app, "/pages/1");
        // A second fill begins while the first is still in progress.
        gate.entered().await;
        gate.let_through(2);
        assert_eq!(early.await.unwrap().text(), "page 1, run 1");
        assert_eq!(late.await.unwrap().text(), "page 1, run 2");
        assert_eq!(
            app.get("/pages/1").await.text(),
            "page 1, run 2",
            "the later one is stored"
        );
    }
}

#[tokio::test]
async fn p3_waiters_from_before_an_eviction_get_the_fill_they_wait_for() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(pages(&gate));
    let leader = ask(&app, "/pages/1");
    gate.entered().await;
    let waiter = ask(&app, "/pages/1");
    settle().await;
    bench.cache.evict(page::key(Path(1))).await.unwrap();
    gate.let_through(1);
    assert_eq!(leader.await.unwrap().text(), "page 1, run 1");
    assert_eq!(waiter.await.unwrap().text(), "page 1, run 1");
}

#[tokio::test]
async fn eviction_leaves_other_arguments_alone() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(pages(&gate));
        gate.let_through(2);
        app.get("/pages/1").await;
        app.get("/pages/10").await;
        bench.cache.evict(page::key(Path(1))).await.unwrap();
        assert_eq!(app.get("/pages/10").await.x_cache(), Some("Hit"));
    }
}

/// `vary` and `methods` give one argument list several entries.
#[cache(expire = 60, vary = ["accept-language"], methods = [GET, POST])]
async fn greeting(Path(id): Path<u32>, State(gate): State<Gate>) -> String {
    format!("greeting {id}, run {}", gate.pass().await)
}

#[tokio::test]
async fn p3_eviction_reaches_every_variant_and_the_fills_of_each() {
    for bench in Bench::every_with(|builder| builder.version("7")).await {
        let gate = Gate::new();
        let methods = MethodFilter::GET.or(MethodFilter::POST);
        let app = bench.app(
            Router::new()
                .route("/{id}", on(methods, greeting))
                .with_state(gate.clone()),
        );
        gate.let_through(3);
        let asks = [(Method::GET, "de"), (Method::GET, "nl"), (Method::POST, "de")];
        for (method, language) in &asks {
            let answer = app
                .send(method.clone(), "/1", [("accept-language", language)], "")
                .await;
            assert_eq!(
                answer.x_cache(),
                Some("Miss"),
                "each variant has an entry of its own"
            );
            gate.entered().await;
        }
        let early = ask(&app, "/1");
        gate.entered().await;
        bench.cache.evict(greeting::key(Path(1))).await.unwrap();
        gate.let_through(5);
        assert_eq!(early.await.unwrap().text(), "greeting 1, run 4");
        assert_eq!(
            app.get("/1").await.text(),
            "greeting 1, run 5",
            "the fill that was under way is fenced"
        );
        for (method, language) in &asks {
            let answer = app
                .send(method.clone(), "/1", [("accept-language", language)], "")
                .await;
            assert_eq!(answer.x_cache(), Some("Miss"), "{method} {language}");
        }
    }
}

#[tokio::test]
async fn p3_eviction_that_failed_in_redis_holds_in_this_process_and_is_retried() {
    let bench = Bench::on(RedisServer::start()).await;
    let gate = Gate::new();
    let app = bench.app(pages(&gate));
    gate.let_through(100_000);
    app.get("/pages/1").await;
    bench.settled().await;
    assert_eq!(app.get("/pages/1").await.text(), "page 1, run 1");

    bench.server().freeze();
    let error = bench.cache.evict(page::key(Path(1))).await.unwrap_err();
    assert!(error.is_store(), "{error}");
    assert!(
        bench.cache.shutdown().await.unwrap_err().is_store(),
        "it is still to be done"
    );
    bench.server().thaw();

    // The entry is still in Redis, but is not served; the retried eviction makes room for another.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = app.get("/pages/1").await;
        assert_ne!(answer.text(), "page 1, run 1");
        if answer.x_cache() == Some("Hit") {
            break;
        }
        assert!(Instant::now() < deadline, "the eviction is not retried");
    }
    bench.cache.shutdown().await.unwrap();
    assert_eq!(app.get("/pages/1").await.x_cache(), Some("Hit"));
}

/// Each eviction has two names, and there is room for ten thousand.
#[tokio::test]
async fn p6_too_many_evictions_that_failed_in_redis_become_one_of_everything() {
    let server = RedisServer::start();
    let link = Link::to(&server).start().await;
    let builder = Cache::builder().prefix("test").url(link.url());
    let cache = builder.build().await.unwrap();
    let gate = Gate::new();
    let app = App(pages(&gate).layer(cache.attach()));
    gate.let_through(100_000);
    app.get("/pages/1").await;
    cache.shutdown().await.unwrap();
    assert_eq!(app.get("/pages/1").await.text(), "page 1, run 1");

    link.set_state(LinkState::Cut);
    for id in 2..5002 {
        cache.evict(page::key(Path(id))).await.unwrap_err();
    }
    assert_eq!(cache.stats().rejected.evictions, 0);
    cache.evict(page::key(Path(5002))).await.unwrap_err();
    assert_eq!(cache.stats().rejected.evictions, 1);

    link.set_state(LinkState::Open);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = app.get("/pages/1").await;
        assert_ne!(answer.text(), "page 1, run 1", "all of it is taken for evicted");
        if answer.x_cache() == Some("Hit") {
            break;
        }
        assert!(Instant::now() < deadline, "the evictions are not retried");
    }
}

#[tokio::test]
async fn shutdown_waits_until_fills_are_stored_in_redis() {
    let bench = Bench::redis().await;
    let gate = Gate::new();
    let app = bench.app(pages(&gate));
    let leader = ask(&app, "/pages/1");
    gate.entered().await;
    let cache = bench.cache.clone();
    let shutdown = tokio::spawn(async move { cache.shutdown().await });
    settle().await;
    assert!(!shutdown.is_finished());
    gate.let_through(1);
    shutdown.await.unwrap().unwrap();
    leader.await.unwrap();
    assert!(bench.server().exists("test:it::handlers::gated::page(id=1)"));
}
