//! A hit in memory allocates no more often than plain axum.

#![allow(clippy::unwrap_used, reason = "the requests are well-formed")]

use allocation_counter::{AllocationInfo, measure};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    http::{HeaderName, HeaderValue, Request, header},
    response::IntoResponse,
    routing::get,
};
use handler_cache::cache;
use http_body_util::BodyExt;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

#[path = "support/mod.rs"]
mod support;

use support::app::Bench;

/// How many bytes a large hit may allocate more than a small one: the digits of a length, not a body.
const MARGIN: u64 = 64;

/// How many requests precede the measured one, so that header templates are prepared.
const OFTEN: usize = 8;

const KIB: usize = 1024;
static SMALL: [u8; KIB] = [b'x'; KIB];
static LARGE: [u8; 64 * KIB] = [b'x'; 64 * KIB];

const JSON: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

async fn plain(Path(_id): Path<u64>) -> impl IntoResponse {
    (JSON, Bytes::from_static(&SMALL))
}

#[cache(expire = "1h")]
async fn small(Path(id): Path<u64>) -> impl IntoResponse {
    let _ = id;
    (JSON, Bytes::from_static(&SMALL))
}

#[cache(expire = "1h")]
async fn large(Path(id): Path<u64>) -> impl IntoResponse {
    let _ = id;
    (JSON, Bytes::from_static(&LARGE))
}

/// A router on a thread where nothing else runs.
struct Alone {
    runtime: Runtime,
    app: Router,
}

impl Alone {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let bench = runtime.block_on(Bench::memory());
        let router = Router::new()
            .route("/plain/{id}", get(plain))
            .route("/small/{id}", get(small))
            .route("/large/{id}", get(large));
        Self {
            app: bench.app(router).0,
            runtime,
        }
    }

    /// The allocations of a plain response, from its request until it is dropped.
    fn plain(&self) -> AllocationInfo {
        self.cost("/plain/1", None)
    }

    /// The allocations of a hit on a page that was often requested.
    fn hit(&self, path: &str) -> AllocationInfo {
        self.cost(path, Some("Hit"))
    }

    fn cost(&self, path: &str, expected: Option<&str>) -> AllocationInfo {
        for _ in 0..OFTEN {
            self.ask(path);
        }
        measure(|| {
            let x_cache = self.ask(path);
            assert_eq!(
                x_cache.as_ref().map(HeaderValue::as_bytes),
                expected.map(str::as_bytes)
            );
        })
    }

    /// Sends a GET and returns `x-cache`.
    fn ask(&self, path: &str) -> Option<HeaderValue> {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.runtime.block_on(async {
            let mut response = self.app.clone().oneshot(request).await.unwrap();
            assert!(response.status().is_success());
            let x_cache = response.headers_mut().remove("x-cache");
            response.into_body().collect().await.unwrap();
            x_cache
        })
    }
}

#[test]
fn hit_allocates_no_more_often_than_plain_axum() {
    let alone = Alone::new();
    let (plain, hit) = (alone.plain(), alone.hit("/small/1"));
    assert!(plain.count_total > 0, "nothing is counted");
    assert!(
        hit.count_total <= plain.count_total,
        "a hit {hit:?}, plain axum {plain:?}"
    );
}

#[test]
fn hit_copies_no_body() {
    let alone = Alone::new();
    let (small, large) = (alone.hit("/small/1"), alone.hit("/large/1"));
    assert!(small.bytes_total > 0, "nothing is counted");
    assert!(
        large.bytes_total <= small.bytes_total + MARGIN,
        "64 KiB {large:?}, 1 KiB {small:?}"
    );
}
