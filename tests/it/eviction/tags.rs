//! Eviction by tags of the attribute and of the response.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::{Cache, Expire, NoStore, Tags, cache};

use crate::support::{
    RedisServer,
    app::{App, Bench, PATIENCE, eventually},
    gate::{Gate, ask, settle},
    link::Link,
};

#[cache(expire = 60, tags = ["products", format!("product:{id}")])]
async fn product(Path(id): Path<u32>, State(gate): State<Gate>) -> String {
    format!("product {id}, run {}", gate.pass().await)
}

#[cache(expire = 60, tags = ["products"])]
async fn list(State(gate): State<Gate>) -> String {
    format!("list, run {}", gate.pass().await)
}

/// The author is known only once the article was read.
#[cache(expire = 60)]
async fn article(Path(id): Path<u32>, State(gate): State<Gate>) -> impl IntoResponse {
    let run = gate.pass().await;
    let author = if id < 10 { "ann" } else { "ben" };
    (
        Tags([format!("author:{author}")]),
        Tags(["articles"]),
        format!("article {id}, run {run}"),
    )
}

fn routes(gate: &Gate) -> Router {
    Router::new()
        .route("/products/{id}", get(product))
        .route("/products", get(list))
        .route("/articles/{id}", get(article))
        .with_state(gate.clone())
}

async fn x_caches<const N: usize>(app: &App, paths: [&str; N]) -> [String; N] {
    let mut x_caches = Vec::new();
    for path in paths {
        let answer = app.get(path).await;
        x_caches.push(answer.x_cache().unwrap_or("none").to_owned());
    }
    x_caches.try_into().expect("one for each")
}

#[tokio::test]
async fn p3_evicted_tag_takes_its_entries_and_no_others() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(routes(&gate));
        gate.let_through(100);
        let paths = [
            "/products/1",
            "/products/2",
            "/products",
            "/articles/1",
            "/articles/11",
        ];
        assert_eq!(x_caches(&app, paths).await, ["Miss"; 5]);
        assert_eq!(x_caches(&app, paths).await, ["Hit"; 5]);
        for (tag, expected) in [
            ("product:1", ["Miss", "Hit", "Hit", "Hit", "Hit"]),
            ("products", ["Miss", "Miss", "Miss", "Hit", "Hit"]),
            ("author:ann", ["Hit", "Hit", "Hit", "Miss", "Hit"]),
            ("articles", ["Hit", "Hit", "Hit", "Miss", "Miss"]),
            ("product", ["Hit"; 5]),
            ("any", ["Hit"; 5]),
            ("root", ["Hit"; 5]),
        ] {
            bench.settled().await;
            bench.cache.evict_tag(tag).await.unwrap();
            assert_eq!(x_caches(&app, paths).await, expected, "{tag}");
        }
    }
}

#[tokio::test]
async fn p3_fill_whose_response_has_an_evicted_tag_is_not_stored() {
    for bench in Bench::every().await {
        for (path, tag) in [("/articles/1", "author:ann"), ("/products/1", "product:1")] {
            let gate = Gate::new();
            let app = bench.app(routes(&gate));
            let early = ask(&app, path);
            gate.entered().await;
            bench.cache.evict_tag(tag).await.unwrap();
            gate.let_through(2);
            assert!(early.await.unwrap().text().ends_with("run 1"));
            let late = app.get(path).await;
            assert_eq!(
                (late.x_cache(), late.text().ends_with("run 2")),
                (Some("Miss"), true),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn p3_request_after_an_evicted_tag_does_not_get_an_earlier_fill() {
    for bench in Bench::every().await {
        for (path, tag) in [("/articles/2", "author:ann"), ("/products/2", "product:2")] {
            let gate = Gate::new();
            let app = bench.app(routes(&gate));
            let early = ask(&app, path);
            gate.entered().await;
            bench.cache.evict_tag(tag).await.unwrap();
            let late = ask(&app, path);
            settle().await;
            gate.let_through(3);
            assert!(early.await.unwrap().text().ends_with("run 1"));
            assert!(late.await.unwrap().text().ends_with("run 2"), "{path}");
        }
    }
}

/// While the fenced fill releases its lease, the waiter does not count it as a second failed fill, which would make it run
/// the handler without storing the response.
#[tokio::test]
async fn p4_request_waits_once_for_a_fill_that_an_eviction_fenced_in_redis() {
    let server = RedisServer::start();
    let link = Link::to(&server).start().await;
    let builder = Cache::builder().prefix("test").url(link.url());
    let cache = builder.store_budget(PATIENCE).build().await.unwrap();
    let gate = Gate::new();
    let app = App(routes(&gate).layer(cache.attach()));
    let early = ask(&app, "/articles/1");
    gate.entered().await;
    cache.evict_tag("something else").await.unwrap();
    let late = ask(&app, "/articles/1");
    // The server shows it that the lease is held.
    eventually("the lease is not requested", async || server.calls("eval") >= 5).await;
    link.delay(Duration::from_millis(50));
    gate.let_through(3);
    assert!(early.await.unwrap().text().ends_with("run 1"));
    assert!(late.await.unwrap().text().ends_with("run 2"));
    cache.shutdown().await.unwrap();
    let after = app.get("/articles/1").await;
    assert_eq!(
        (after.x_cache(), after.text().ends_with("run 2")),
        (Some("Hit"), true)
    );
}

#[tokio::test]
async fn p3_tag_evicted_on_one_replica_is_gone_on_another() {
    let first = Bench::on(RedisServer::start()).await;
    let other = Cache::builder()
        .prefix("test")
        .url(first.server().url())
        .clock(&first.clock);
    let other = other.build().await.unwrap();
    let gate = Gate::new();
    let here = first.app(routes(&gate));
    gate.let_through(2);
    here.get("/articles/1").await;
    first.settled().await;
    assert_eq!(here.get("/articles/1").await.x_cache(), Some("Hit"));
    other.evict_tag("author:ann").await.unwrap();
    assert_eq!(here.get("/articles/1").await.x_cache(), Some("Miss"));
}

#[tokio::test]
async fn p8_tag_record_that_redis_lost_costs_a_miss() {
    let bench = Bench::redis().await;
    let gate = Gate::new();
    let app = bench.app(routes(&gate));
    gate.let_through(10);
    for record in ["test:#t:author:ann", "test:#t:articles", "test:#root"] {
        app.get("/articles/1").await;
        bench.settled().await;
        assert_eq!(app.get("/articles/1").await.x_cache(), Some("Hit"));
        bench.server().command(["DEL", record]);
        assert_eq!(app.get("/articles/1").await.x_cache(), Some("Miss"), "{record}");
        bench.settled().await;
    }
}

static EVALUATED: AtomicUsize = AtomicUsize::new(0);

fn counted(id: &u32) -> String {
    EVALUATED.fetch_add(1, Ordering::SeqCst);
    format!("counted:{id}")
}

#[cache(expire = 60, tags = [counted(id)])]
async fn lazily_tagged(Path(id): Path<u32>) -> String {
    format!("page {id}")
}

#[tokio::test]
async fn tags_are_not_evaluated_on_a_hit_in_memory() {
    let bench = Bench::memory().await;
    let app = bench.app(Router::new().route("/{id}", get(lazily_tagged)));
    for _ in 0..5 {
        app.get("/1").await;
    }
    assert_eq!(EVALUATED.load(Ordering::SeqCst), 1);
    bench.cache.evict_tag("counted:1").await.unwrap();
    assert_eq!(app.get("/1").await.x_cache(), Some("Miss"));
}

/// Each response sets other response parts, through the types that handlers use.
#[cache(expire = 60, client_max_age = "remaining")]
async fn steered(Path(how): Path<String>) -> Result<Response, (NoStore, StatusCode)> {
    let body = Json(how.clone());
    match &*how {
        "shorter" => Ok((Expire(Duration::from_secs(5)), body).into_response()),
        "longer" => Ok((
            StatusCode::OK,
            Expire(Duration::from_secs(500)),
            [("x-own", "1")],
            body,
        )
            .into_response()),
        "dead" => Ok((Expire(Duration::ZERO), body).into_response()),
        "unstored" => Ok((NoStore, [("x-own", "1")], body).into_response()),
        "shortened" => {
            let own = [("cache-control", "max-age=3")];
            Ok((Expire(Duration::from_secs(500)), own, body).into_response())
        }
        _ => Err((NoStore, StatusCode::SERVICE_UNAVAILABLE)),
    }
}

#[tokio::test]
async fn response_parts_reach_the_cache_and_not_the_client() {
    for bench in Bench::every().await {
        let app = bench.app(Router::new().route("/{how}", get(steered)));
        for (path, x_cache, cache_control) in [
            ("/shorter", "Hit", Some("private, max-age=5")),
            ("/longer", "Hit", Some("private, max-age=500")),
            ("/dead", "Miss", Some("private, no-cache")),
            ("/unstored", "Miss", Some("private, no-cache")),
            ("/shortened", "Hit", Some("max-age=3")),
            ("/failing", "Miss", Some("private, no-cache")),
        ] {
            let first = app.get(path).await;
            assert_eq!(
                (first.x_cache(), first.header("cache-control")),
                (Some("Miss"), cache_control),
                "{path}"
            );
            bench.settled().await;
            let second = app.get(path).await;
            assert_eq!(second.x_cache(), Some(x_cache), "{path}");
            assert_eq!((second.status, &second.body), (first.status, &first.body));
            let known = [
                "age",
                "cache-control",
                "content-length",
                "content-type",
                "etag",
                "expires",
                "x-cache",
                "x-own",
            ];
            for name in first.headers.keys().chain(second.headers.keys()) {
                assert!(known.contains(&name.as_str()), "{path} shows {name}");
            }
        }
        let own = app.get("/longer").await;
        assert_eq!(own.header("x-own"), Some("1"));
    }
}

#[tokio::test]
async fn waiters_get_the_ttl_that_the_response_set() {
    let bench = Bench::memory().await;
    let app = bench.app(Router::new().route("/{how}", get(steered)));
    app.get("/shorter").await;
    bench.clock.advance(Duration::from_secs(5));
    assert_eq!(app.get("/shorter").await.x_cache(), Some("Miss"));
    app.get("/longer").await;
    bench.clock.advance(Duration::from_secs(499));
    assert_eq!(app.get("/longer").await.x_cache(), Some("Hit"));
}
