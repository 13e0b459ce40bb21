//! Responses that waiters do not share, and headers of responses on a Redis server with another clock.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use handler_cache::{Cache, cache};
use http_body::{Frame, SizeHint};
use httpdate::{fmt_http_date, parse_http_date};

use crate::support::{
    RedisServer,
    app::{App, Bench, PATIENCE, Runs},
    gate::{Gate, ask, settle},
    link::Link,
};

/// The handler decides who may see the page.
#[cache(expire = 60, ignore = [headers])]
async fn guarded(State(gate): State<Gate>, headers: HeaderMap) -> Result<&'static str, StatusCode> {
    gate.pass().await;
    match headers.get(header::AUTHORIZATION) {
        Some(login) if login == "Bearer boss" => Ok("the page"),
        _ => Err(StatusCode::FORBIDDEN),
    }
}

#[tokio::test]
async fn p5_refusal_of_one_client_is_not_given_to_another() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(Router::new().route("/", get(guarded)).with_state(gate.clone()));
    let ask_as = |login: &'static str| {
        let app = app.clone();
        tokio::spawn(async move { app.get_with("/", [("authorization", login)]).await })
    };
    let leader = ask_as("Bearer mallory");
    gate.entered().await;
    let waiter = ask_as("Bearer boss");
    settle().await;
    gate.let_through(2);
    assert_eq!(leader.await.unwrap().status, StatusCode::FORBIDDEN);
    let waiter = waiter.await.unwrap();
    assert_eq!((waiter.status, waiter.text()), (StatusCode::OK, "the page"));
}

#[cache(expire = 60)]
async fn fails(State(gate): State<Gate>) -> impl IntoResponse {
    gate.pass().await;
    let headers = [
        ("connection", "close, x-hop"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("x-end", "1"),
    ];
    (StatusCode::BAD_GATEWAY, headers, "no")
}

#[tokio::test]
async fn shared_failure_has_no_hop_by_hop_headers() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(Router::new().route("/", get(fails)).with_state(gate.clone()));
    let leader = ask(&app, "/");
    gate.entered().await;
    let waiter = ask(&app, "/");
    settle().await;
    gate.let_through(2);
    leader.await.unwrap();
    let waiter = waiter.await.unwrap();
    assert_eq!(gate.runs.total(), 1);
    assert_eq!(
        (waiter.status, waiter.header("x-end")),
        (StatusCode::BAD_GATEWAY, Some("1"))
    );
    for name in ["connection", "x-hop", "keep-alive"] {
        assert_eq!(waiter.header(name), None, "{name}");
    }
}

/// Answers conditional requests itself, as many do.
#[cache(expire = 60, ignore = [headers])]
async fn conditional(State(runs): State<Runs>, headers: HeaderMap) -> Response {
    let run = runs.increment();
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tag| tag == "\"v1\"")
    {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, "\"v1\"")], format!("run {run}")).into_response()
}

#[tokio::test]
async fn conditional_request_does_not_keep_others_from_the_cache() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = bench.app(
            Router::new()
                .route("/", get(conditional))
                .with_state(runs.clone()),
        );
        let unchanged = app.get_with("/", [("if-none-match", "\"v1\"")]).await;
        assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
        bench.settled().await;
        for _ in 0..3 {
            assert_eq!(app.get("/").await.text(), "run 2");
            bench.settled().await;
        }
        assert_eq!(runs.total(), 2);
    }
}

#[cache(expire = 60, key = text[..3].to_owned())]
async fn sliced(Path(text): Path<String>) -> String {
    text
}

#[tokio::test]
async fn p1_key_that_panics_is_a_bypass() {
    let bench = Bench::memory().await;
    let app = bench.app(Router::new().route("/{text}", get(sliced)));
    for _ in 0..2 {
        let answer = app.get("/ab").await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "ab"));
        assert_ne!(answer.x_cache(), Some("Hit"));
    }
}

#[cache(expire = 60, name = "plain", client_max_age = "remaining")]
async fn plain() -> &'static str {
    "plain"
}

/// RFC 9111 section 5.2.1.7, with an entry of a later release that this one cannot read.
#[tokio::test]
async fn only_if_cached_never_runs_the_handler_for_a_newer_redis_entry() {
    let bench = Bench::redis().await;
    let app = bench.app(Router::new().route("/", get(plain)));
    let newer = b"\xf5hce\x09aaaaaaaaaaaaaaaaaaaaaaaaaaa".as_slice();
    bench
        .server()
        .command([b"SET".as_slice(), b"test:plain()", newer]);
    let answer = app.get_with("/", [("cache-control", "only-if-cached")]).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(app.get("/").await.text(), "plain");
    assert_eq!(bench.server().get("test:plain()").as_deref(), Some(newer));
}

/// For a layer outside.
#[derive(Clone)]
struct Audited;

#[cache(expire = 60)]
async fn audited() -> impl IntoResponse {
    (Extension(Audited), "audited")
}

#[tokio::test]
async fn miss_keeps_the_extensions_of_the_handlers_response() {
    let bench = Bench::memory().await;
    let app = bench.app(Router::new().route("/", get(audited)));
    let response = app.open("/").await;
    assert!(response.extensions().get::<Audited>().is_some());
}

struct Hintless;

impl http_body::Body for Hintless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        panic!("it does not know")
    }
}

#[cache(expire = 60)]
async fn hintless() -> Response {
    Response::new(Body::new(Hintless))
}

#[tokio::test]
async fn p1_panic_in_size_hint_reaches_the_request_and_ends_the_lease() {
    for bench in Bench::every().await {
        let app = bench.app(Router::new().route("/", get(hintless)));
        for _ in 0..2 {
            assert!(ask(&app, "/").await.is_err_and(|error| error.is_panic()));
            bench.settled().await;
        }
    }
}

const LIFE: Duration = Duration::from_secs(30);

/// Writes `Expires` by its machine's clock, as handlers do.
#[cache(expire = "1 day", name = "expiring")]
async fn expiring() -> impl IntoResponse {
    [(header::EXPIRES, fmt_http_date(SystemTime::now() + LIFE))]
}

#[tokio::test]
async fn expires_follows_this_machines_clock_whatever_redis_has() {
    for ahead in [7200, -7200] {
        let server = RedisServer::start();
        let link = Link::to(&server).ahead(ahead).start().await;
        let builder = Cache::builder().prefix("test").url(link.url());
        let cache = builder.store_budget(PATIENCE).build().await.unwrap();
        let router = Router::new()
            .route("/expiring", get(expiring))
            .route("/plain", get(plain));
        let app = App(router.layer(cache.attach()));

        app.get("/expiring").await;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !server.exists("test:expiring()") {
            assert!(
                tokio::time::Instant::now() < deadline,
                "{ahead} s ahead: refused as dead"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let left = server.pttl("test:expiring()");
        assert!((1..=30_000).contains(&left), "{ahead} s ahead: {left} ms");

        let answer = app.get("/plain").await;
        let expires = parse_http_date(answer.header("expires").expect("the header is sent")).unwrap();
        let now = SystemTime::now();
        let minutes = Duration::from_secs(120);
        assert!(
            now - minutes < expires && expires < now + minutes,
            "{ahead} s ahead: {expires:?}"
        );
    }
}
