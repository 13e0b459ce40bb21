//! Responses to malformed or conditional requests leave no marker and remove no entry.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::future::join_all;
use handler_cache::{Policy, cache, layer::CacheLayer};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::support::{
    app::{App, Bench, Runs},
    gate::{Gate, ask, settle},
};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// Answers with this status; only a 200 is stored.
#[derive(Clone)]
struct Origin {
    status: Arc<AtomicU16>,
}

impl Origin {
    fn answer(&self) -> Response {
        let status = self.status.load(Ordering::SeqCst);
        let control = if status == 1200 { "max-age=60" } else { "no-store" };
        let status = StatusCode::from_u16(status % 1000).unwrap();
        (status, [(header::CACHE_CONTROL, control)]).into_response()
    }

    /// Something to store.
    fn is_well(&self) {
        self.status.store(1200, Ordering::SeqCst);
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn every(&self) -> [(&'static str, Router); 3] {
        let plain = || Router::new().fallback(get(uncached)).with_state(self.clone());
        let layer = CacheLayer::new().policy(Policy::new().expire(MINUTE).stale_if_error(HOUR));
        [
            (
                "attribute",
                Router::new().fallback(get(cached)).with_state(self.clone()),
            ),
            ("layer", plain().layer(layer.clone())),
            ("http", plain().layer(layer.http())),
        ]
    }
}

async fn uncached(State(origin): State<Origin>) -> Response {
    origin.answer()
}

#[cache(expire = 60, stale_if_error = "1h")]
async fn cached(uri: Uri, State(origin): State<Origin>) -> Response {
    let _ = uri;
    origin.answer()
}

/// Whether such a response, which is not stored, is about the resource.
fn is_about_the_resource(status: u16) -> bool {
    matches!(status, 200..=205 | 207..=303 | 305..=399 | 404 | 410)
}

#[tokio::test]
async fn only_responses_about_the_resource_leave_a_marker_and_remove_entries() {
    let origin = Origin {
        status: Arc::default(),
    };
    for (by, router) in origin.every() {
        let bench = Bench::memory().await;
        let app = bench.app(router);
        for status in 100..600 {
            let is_meant = is_about_the_resource(status);
            // On a miss: is the next answer stored?
            let path = format!("/missed/{status}");
            origin.answers(status);
            assert_eq!(app.get(&path).await.status.as_u16(), status, "{by}");
            origin.is_well();
            assert_eq!(app.get(&path).await.x_cache(), Some("Miss"), "{by} {status}");
            let then = if is_meant { "Miss" } else { "Hit" };
            assert_eq!(app.get(&path).await.x_cache(), Some(then), "{by} {status}");

            // In place of a page that still serves while the handler fails: is that kept?
            let path = format!("/kept/{status}");
            app.get(&path).await;
            bench.clock.advance(MINUTE);
            origin.answers(status);
            let answer = app.get(&path).await;
            if status >= 500 {
                assert_eq!(answer.x_cache(), Some("Stale"), "{by} {status}");
            } else {
                assert_eq!(answer.status.as_u16(), status, "{by}");
            }
            origin.answers(500);
            let then = if is_meant { "Miss" } else { "Stale" };
            assert_eq!(app.get(&path).await.x_cache(), Some(then), "{by} {status}");
        }
    }
}

/// Only requests with this header succeed.
async fn picky(State(gate): State<Gate>, request: Request) -> Response {
    let run = gate.pass().await;
    match request.headers().contains_key("x-odd") {
        true => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response(),
        false => format!("run {run}").into_response(),
    }
}

#[tokio::test]
async fn p4_waiters_of_an_odd_request_share_the_next_fill() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let router = Router::new().route("/", get(picky)).with_state(gate.clone());
        let app = bench.app(router.layer(CacheLayer::new()));
        let odd = app.clone();
        let odd = tokio::spawn(async move { odd.get_with("/", [("x-odd", "1")]).await });
        gate.entered().await;
        let waiters: Vec<_> = (0..20).map(|_| ask(&app, "/")).collect();
        settle().await;
        gate.let_through(100);
        assert_eq!(
            odd.await.unwrap().status,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        );
        for answer in join_all(waiters).await {
            assert_eq!(answer.unwrap().text(), "run 2");
        }
        assert_eq!(gate.runs.total(), 2);
    }
}

/// Also where the response must not be shared: an error of the service itself, and a response for credentials.
#[tokio::test]
async fn a_failure_backs_off_for_retry_after_for_every_client() {
    for retry_after in [HOUR, Duration::MAX] {
        for bench in Bench::every_with(|builder| builder.failure_backoff(retry_after)).await {
            let runs = Runs::default();
            let counting = runs.clone();
            let service = service_fn(move |request: Request| {
                let run = counting.increment();
                let login = request.headers().contains_key("authorization");
                std::future::ready(match (run, login) {
                    (1 | 2, _) => Ok(([("cache-control", "public")], "page").into_response()),
                    (_, true) => Ok(StatusCode::BAD_GATEWAY.into_response()),
                    (_, false) => Err("away"),
                })
            });
            let policy = Policy::new().expire(MINUTE).stale_if_error(HOUR);
            let layer = CacheLayer::with_cache(&bench.cache).policy(policy);
            let service = ServiceBuilder::new().layer(layer).service(service);
            let ask = async |login: bool| {
                let mut request = Request::get("/").body(axum::body::Body::empty()).unwrap();
                if login {
                    request
                        .headers_mut()
                        .insert("authorization", "Bearer alice".parse().unwrap());
                }
                let response = service.clone().oneshot(request).await.unwrap();
                bench.settled().await;
                response.headers()["x-cache"].to_str().unwrap().to_owned()
            };
            for login in [false, true] {
                assert_eq!(ask(login).await, "Miss");
            }
            bench.clock.advance(MINUTE);
            for login in [false, true] {
                for _ in 0..5 {
                    assert_eq!(ask(login).await, "Stale");
                }
            }
            assert_eq!(runs.total(), 4, "each failed once");
        }
    }
}

/// Redis takes no TTL of zero: the lease would stay.
#[tokio::test]
async fn without_retry_after_a_failing_handler_is_tried_each_time() {
    for bench in Bench::every_with(|builder| builder.failure_backoff(Duration::ZERO)).await {
        let origin = Origin {
            status: Arc::default(),
        };
        let [(_, router), ..] = origin.every();
        let app: App = bench.app(router);
        origin.is_well();
        app.get("/").await;
        bench.settled().await;
        bench.clock.advance(MINUTE);
        origin.answers(500);
        for failed in 1..=3 {
            assert_eq!(app.get("/").await.x_cache(), Some("Stale"));
            bench.settled().await;
            assert_eq!(bench.cache.stats().total.failed_fills, failed);
        }
    }
}

/// Answers conditional requests itself.
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
