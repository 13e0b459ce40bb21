//! What is logged, how often, and that it holds no secrets.

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    extract::{FromRequestParts, Path},
    http::request::Parts,
    routing::get,
};
use handler_cache::{Cache, ValueKey, cache};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::{
    handlers::gated,
    support::{
        RedisServer,
        app::{App, Bench, eventually},
        gate::{Gate, ask},
        log::Log,
    },
};

#[cache(expire = 60, vary = ["authorization", "x-api-key"], max_body = 100_000)]
async fn account() -> Bytes {
    Bytes::from(vec![b'x'; 50_000])
}

#[tokio::test]
async fn secrets_in_keys_are_not_logged() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    // Room for it, and none.
    for size in [10_000_000, 20_000] {
        let bench = Bench::memory_with(|builder| builder.memory_size(size)).await;
        let app = bench.app(Router::new().route("/", get(account)));
        for _ in 0..2 {
            app.get_with("/", [("authorization", "Bearer-s3cret"), ("x-api-key", "s3cret")])
                .await;
        }
    }
    let text = log.text();
    for event in ["KEY_ADDED_TO_CACHE", "KEY_FOUND_IN_CACHE", "FAILED_TO_CACHE_KEY"] {
        assert!(text.contains(event), "{text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn an_entry_too_heavy_for_memory_is_warned_of_once_and_passed_for_a_while() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    let bench = Bench::memory_with(|builder| builder.memory_size(20_000)).await;
    let app = bench.app(Router::new().route("/", get(account)));
    for _ in 0..10 {
        assert_eq!(app.get("/").await.body.len(), 50_000);
    }
    let text = log.text();
    assert_eq!(text.matches("FAILED_TO_CACHE_KEY").count(), 1, "{text}");
    assert_eq!(bench.cache.stats().rejected.entries, 1);
}

/// Different instances of one generic handler.
#[cache(expire = 60, name = "generic", ignore = [_of])]
async fn generic<T: Send + Sync + 'static>(Path(id): Path<u32>, _of: Of<T>) -> String {
    id.to_string()
}

struct Of<T>(std::marker::PhantomData<fn() -> T>);

impl<S: Sync, T> FromRequestParts<S> for Of<T> {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(std::marker::PhantomData))
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_warned_of_once_not_at_each_request() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    let bench = Bench::memory().await;
    let router = Router::new()
        .route("/a/{id}", get(generic::<u8>))
        .route("/b/{id}", get(generic::<u16>));
    let app = bench.app(router);
    app.get("/a/1").await;
    for _ in 0..10 {
        assert_eq!(app.get("/b/1").await.text(), "1");
    }
    let text = log.text();
    assert_eq!(text.matches("HANDLER_NAME_TAKEN").count(), 1, "{text}");
}

#[cache(expire = 60)]
async fn plain() -> &'static str {
    "plain"
}

/// RFC 9211 section 2.4: `stored` is sent only for a stored response.
#[tokio::test]
async fn cache_status_does_not_say_stored_while_redis_is_down() {
    let mut server = RedisServer::start();
    server.kill();
    let builder = Cache::builder().prefix("test").url(server.url());
    let cache = builder.cache_status(true).build().await.unwrap();
    let app = App(Router::new().route("/", get(plain)).layer(cache.attach()));
    assert_eq!(app.get("/").await.header("cache-status"), Some("test; fwd=miss"));
}

/// An operator who begins to watch the log sees it too. The paused clock moves only when all wait.
#[tokio::test(start_paused = true)]
async fn redis_that_stays_unavailable_is_logged_once_a_minute() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    let mut server = RedisServer::start();
    server.kill();
    let bench = Bench::on(server).await;
    assert!(bench.cache.stats().store_unavailable);
    assert!(bench.cache.evict_tag("any").await.is_err());
    assert_eq!(
        bench.cache.stats().evictions_retrying,
        2,
        "the tag, and that some tag is"
    );
    tokio::time::sleep(Duration::from_secs(150)).await;
    let text = log.text();
    assert_eq!(text.matches("CONNECT_FAIL").count(), 1, "{text}");
    assert_eq!(text.matches("STORE_UNAVAILABLE").count(), 2, "{text}");
}

#[tokio::test]
async fn evictions_that_failed_and_succeeded_later_are_counted_alike() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    let mut server = RedisServer::start();
    server.kill();
    let mut bench = Bench::on(server).await;
    assert!(bench.cache.evict_tag("any").await.is_err());
    let key = ValueKey::<u8>::new("it", &());
    assert!(bench.cache.evict(&key).await.is_err());
    assert_eq!(counted(&log, "FAILED_TO_EVICT"), 2, "{}", log.text());
    bench.redis.as_mut().unwrap().restart();
    eventually("they are not retried", async || {
        bench.cache.stats().evictions_retrying == 0
    })
    .await;
    assert_eq!(counted(&log, "EVICTED_LATE"), 2, "{}", log.text());
}

/// The sum of the field `count` of these events.
fn counted(log: &Log, event: &str) -> u32 {
    let text = log.text();
    let lines = text.lines().filter(|line| line.contains(event));
    let counts = lines.filter_map(|line| {
        line.split_once(" count=")?
            .1
            .split(' ')
            .next()?
            .parse::<u32>()
            .ok()
    });
    counts.sum()
}

#[tokio::test(start_paused = true)]
async fn shutdown_logs_fills_that_it_did_not_wait_for() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(gated::pages(&gate));
    let client = ask(&app, "/pages/1");
    gate.entered().await;
    bench.cache.shutdown().await.unwrap();
    assert_eq!(log.text().matches("SHUTDOWN").count(), 1, "{}", log.text());
    gate.let_through(1);
    client.await.unwrap();
    bench.cache.shutdown().await.unwrap();
    assert_eq!(log.text().matches("SHUTDOWN").count(), 1);
}

#[tokio::test]
async fn spans_show_where_a_request_on_redis_spends_its_time() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber_with(FmtSpan::NEW));
    let bench = Bench::redis().await;
    let gate = Gate::new();
    let app = bench.app(gated::pages(&gate));
    let leader = ask(&app, "/pages/1");
    gate.entered().await;
    let waiter = ask(&app, "/pages/1");
    while !log.text().contains(":wait{") {
        tokio::task::yield_now().await;
    }
    gate.let_through(1);
    leader.await.unwrap();
    waiter.await.unwrap();
    bench.settled().await;
    let text = log.text();
    let key = r#"{key="test:it::handlers::gated::page(id=1)"}"#;
    for (span, count) in [
        ("lookup", 2),
        ("lookup{KEY}:wait", 1),
        ("fill", 1),
        ("fill{KEY}:commit", 1),
    ] {
        let span = format!(" {}{key}: handler_cache: new", span.replace("{KEY}", key));
        assert_eq!(text.matches(&span).count(), count, "{span} in {text}");
    }
}
