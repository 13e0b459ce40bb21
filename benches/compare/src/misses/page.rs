//! The page that is asked for, and requests for it.

use std::hint::black_box;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    http::{HeaderName, Request, header},
    response::{IntoResponse, Response},
};
use handler_cache::cache;
use http_body_util::BodyExt;
use tower::ServiceExt;

static BODY: [u8; 1024] = [b'x'; 1024];

/// A kibibyte that is at hand.
pub(crate) fn page() -> ([(HeaderName, &'static str); 1], Bytes) {
    (
        [(header::CONTENT_TYPE, "application/json")],
        Bytes::from_static(&BODY),
    )
}

/// The handler alone.
pub(crate) async fn bare(Path(_id): Path<u64>) -> impl IntoResponse {
    page()
}

/// The same handler, cached.
#[cache(expire = "1h")]
pub(crate) async fn cached(Path(id): Path<u64>) -> impl IntoResponse {
    let _ = id;
    page()
}

/// Asks for the path and takes the whole response.
pub(crate) async fn ask(app: &Router, path: &str) {
    let request = Request::get(path).body(Body::empty());
    let request = request.expect("the path is well-formed");
    let response: Response = app.clone().oneshot(request).await.expect("a router cannot fail");
    assert!(response.status().is_success(), "{path}: {}", response.status());
    let body = response.into_body().collect().await;
    black_box(body.expect("the body is at hand").to_bytes());
}

/// Paths that nobody asked for before, all of the same length.
#[derive(Debug)]
pub(crate) struct Fresh(u64);

impl Fresh {
    pub(crate) fn new() -> Self {
        Self(10_000_000)
    }

    pub(crate) fn id(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    pub(crate) fn path(&mut self) -> String {
        format!("/{}", self.id())
    }
}
