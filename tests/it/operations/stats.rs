//! Statistics of a cache.

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::{Cache, cache, stats::Counters};

use crate::support::{
    RedisServer,
    app::{App, Bench, Runs},
};

#[cache(expire = 60, stale_while_revalidate = 60)]
async fn page(Path(what): Path<String>, State(runs): State<Runs>) -> Response {
    let run = runs.increment();
    match &*what {
        "fails" => StatusCode::BAD_GATEWAY.into_response(),
        "panics" => panic!("run {run}"),
        "cookie" => [(header::SET_COOKIE, "session=1")].into_response(),
        _ => format!("run {run}").into_response(),
    }
}

#[cache(expire = 60)]
async fn other() -> &'static str {
    "other"
}

fn app(bench: &Bench) -> App {
    let router = Router::new()
        .route("/other", get(other))
        .route("/{what}", get(page).post(|| async {}));
    bench.app(router.with_state(Runs::default()))
}

fn of_page(cache: &Cache) -> Counters {
    let stats = cache.stats();
    let mut named = stats
        .handlers
        .iter()
        .filter(|(name, _)| name.ends_with("stats::page"));
    named.next().expect("it was asked for").1.clone()
}

#[tokio::test]
async fn requests_and_runs_are_counted_by_handler() {
    for bench in Bench::every().await {
        let app = app(&bench);
        assert_eq!(bench.cache.stats().handlers.len(), 0);
        for _ in 0..3 {
            app.get("/one").await;
            bench.settled().await;
        }
        app.get_with("/one", [("cache-control", "no-cache")]).await;
        app.get_with("/two", [("cache-control", "only-if-cached")]).await;
        app.get("/fails").await;
        app.get("/cookie").await;
        app.get("/other").await;
        bench.settled().await;
        bench.clock.advance(Duration::from_secs(90));
        assert_eq!(app.get("/one").await.x_cache(), Some("Stale"));
        bench.cache.shutdown().await.unwrap();
        bench
            .cache
            .evict(page::key(Path("one".to_owned())))
            .await
            .unwrap();
        bench.cache.evict_tag("nobody's").await.unwrap();

        let counts = of_page(&bench.cache);
        assert_eq!(
            (counts.hits, counts.stale_hits, counts.misses, counts.bypasses),
            (2, 1, 4, 1),
            "{bench:?}"
        );
        assert_eq!(
            (counts.fills, counts.failed_fills),
            (4, 1),
            "one behind the stale response"
        );
        assert_eq!((counts.stored, counts.stored_bytes), (2, 10));
        let not_stored = [("set-cookie", 1), ("status", 1)];
        assert!(
            counts
                .not_stored
                .iter()
                .map(|(reason, count)| (*reason, *count))
                .eq(not_stored)
        );
        assert_eq!(counts.evictions, 1);
        assert_eq!(counts.hit_ratio(), Some(3.0 / 7.0));
        assert_eq!(counts.store_time > Duration::ZERO, bench.redis.is_some());

        let total = bench.cache.stats().total;
        assert_eq!((total.misses, total.stored, total.evictions), (5, 3, 2));
        assert_eq!(Counters::default().hit_ratio(), None);
    }
}

#[tokio::test]
async fn panic_is_counted_as_a_failed_run() {
    let bench = Bench::memory().await;
    let app = app(&bench);
    let asked = tokio::spawn(async move { app.get("/panics").await });
    assert!(asked.await.unwrap_err().is_panic());
    let counts = of_page(&bench.cache);
    assert_eq!((counts.fills, counts.failed_fills), (1, 1));
}

#[tokio::test]
async fn run_without_redis_is_not_stored_for_want_of_a_lease() {
    let mut server = RedisServer::start();
    server.kill();
    let bench = Bench::on(server).await;
    let app = app(&bench);
    app.get("/one").await;
    app.send(Method::POST, "/one", [], "").await;
    let counts = of_page(&bench.cache);
    assert_eq!((counts.misses, counts.fills, counts.stored), (1, 1, 0));
    assert_eq!(counts.not_stored["no lease"], 1);
    assert_eq!(counts.bypasses, 0, "what is not cached is not the cache's");
}
