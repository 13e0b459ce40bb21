//! `CacheLayer`: routers cached by path and query.

mod two_caches;

mod evictions;
mod keys;
mod hit_for_miss;
mod namespaces;
mod paths;
mod path_evictions;
mod responses;
mod services;
mod sharing;

use std::time::Duration;

use axum::{
    Router,
    extract::{OriginalUri, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::{Policy, layer::CacheLayer, policy::ClientMaxAge};

use crate::support::{
    self,
    app::{App, Bench, Runs},
};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Answers every path with the number of the call.
async fn page(OriginalUri(uri): OriginalUri, State(runs): State<Runs>) -> Response {
    let run = runs.increment();
    match uri.path() {
        "/missing" => StatusCode::NOT_FOUND.into_response(),
        "/cookie" => ([("set-cookie", "a=b")], "yours").into_response(),
        path => format!("{path}, run {run}").into_response(),
    }
}

fn pages() -> Router {
    Router::new().fallback(get(page)).with_state(Runs::default())
}

fn app(bench: &Bench, layer: CacheLayer) -> App {
    bench.app(pages().layer(layer))
}

#[tokio::test]
async fn responses_are_cached_by_their_paths() {
    for bench in Bench::every().await {
        let app = app(&bench, CacheLayer::new().expire(MINUTE));
        let first = app.get("/a").await;
        bench.settled().await;
        assert_eq!((first.x_cache(), first.text()), (Some("Miss"), "/a, run 1"));
        let second = app.get("/a").await;
        assert_eq!((second.x_cache(), second.text()), (Some("Hit"), "/a, run 1"));
        assert_eq!(second.header("cache-control"), Some("private, no-cache"));
        assert!(second.header("etag").is_some());
        assert_eq!(app.get("/b").await.text(), "/b, run 2");
        bench.clock.advance(MINUTE);
        assert_eq!(app.get("/a").await.text(), "/a, run 3");
        for path in ["/missing", "/cookie"] {
            for _ in 0..2 {
                assert_eq!(app.get(path).await.x_cache(), Some("Miss"), "{path}");
            }
        }
    }
}

/// The first matching rule applies.
#[tokio::test]
async fn each_route_has_its_own_ttl() {
    let bench = Bench::memory_with(|builder| builder.client_max_age(ClientMaxAge::Remaining)).await;
    let layer = CacheLayer::new()
        .public()
        .rule("/products/new", Policy::new().expire(Duration::from_secs(1)))
        .rule("/products/{id}", Policy::new().expire(Duration::from_secs(30)))
        .rule("/files/{*path}", Policy::new().expire(Duration::from_secs(300)))
        .rule("/products/{id}", Policy::new().expire(Duration::from_secs(1000)));
    let app = app(&bench, layer.clone());
    for (path, cache_control) in [
        ("/products/new", Some("public, max-age=1")),
        ("/products/7", Some("public, max-age=30")),
        ("/files/a/b", Some("public, max-age=300")),
        ("/products", None),
        ("/products/7/reviews", None),
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.header("cache-control"), cache_control, "{path}");
        assert_eq!(answer.x_cache().is_some(), cache_control.is_some(), "{path}");
    }
    let with_default = bench.app(pages().layer(layer.expire(MINUTE)));
    assert_eq!(
        with_default.get("/products").await.header("cache-control"),
        Some("public, max-age=60")
    );
    let stats = bench.cache.stats();
    assert_eq!(stats.handlers["/products/{id}"].misses, 1);
    assert_eq!(stats.handlers["*"].misses, 1);
}

#[tokio::test]
async fn only_and_exclude_go_by_segments() {
    let bench = Bench::memory().await;
    let layer = CacheLayer::new()
        .only(["/q", "/users/{id}"])
        .exclude(["/q/secret"]);
    let app = app(&bench, layer);
    for (path, cached) in [
        ("/q", true),
        ("/q/1", true),
        ("/q-archive", false),
        ("/q/secret", false),
        ("/q/secret/1", false),
        ("/q/secrets", true),
        ("/users/7", true),
        ("/users/7/posts", false),
        ("/", false),
    ] {
        assert_eq!(app.get(path).await.x_cache().is_some(), cached, "{path}");
    }
}

#[tokio::test]
async fn stale_pages_are_served_during_a_refresh() {
    for bench in Bench::every().await {
        let policy = Policy::new().expire(MINUTE).stale_while_revalidate(MINUTE);
        let app = app(&bench, CacheLayer::new().policy(policy));
        app.get("/a").await;
        bench.settled().await;
        bench.clock.advance(MINUTE);
        let stale = app.get("/a").await;
        assert_eq!((stale.x_cache(), stale.text()), (Some("Stale"), "/a, run 1"));
        support::app::eventually("it is not renewed", async || {
            app.get("/a").await.text() == "/a, run 2"
        })
        .await;
    }
}

/// P1 and P9: the service answers whatever the state of the cache.
#[tokio::test]
async fn p1_and_p9_without_redis_or_a_cache_the_service_answers() {
    let mut bench = Bench::redis().await;
    let app = app(&bench, CacheLayer::new());
    bench.redis.take().unwrap().kill();
    for run in 1..4 {
        let answer = app.get("/a").await;
        assert_eq!(
            (answer.status, answer.text()),
            (StatusCode::OK, &*format!("/a, run {run}"))
        );
    }
    let plain = App(pages().layer(CacheLayer::new()));
    for run in 1..3 {
        let answer = plain.get("/a").await;
        assert_eq!(
            (answer.x_cache(), answer.text()),
            (None, &*format!("/a, run {run}"))
        );
    }
}

#[tokio::test]
async fn p4_concurrent_requests_run_the_handler_once() {
    for bench in Bench::every().await {
        let app = app(&bench, CacheLayer::new());
        let asked = futures_util::future::join_all((0..100).map(|_| app.get("/a"))).await;
        assert!(asked.iter().all(|answer| answer.text() == "/a, run 1"));
    }
}
