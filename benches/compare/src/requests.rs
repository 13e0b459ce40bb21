//! Requests to a router in process, without a network.

use std::hint::black_box;

use axum::{Router, body::Body, http::Request, response::Response};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// Asks for the path and takes the whole response.
///
/// # Panics
///
/// It is no success.
pub async fn ask(app: &Router, path: &str) {
    let request = Request::get(path).body(Body::empty());
    let request = request.expect("the path is well-formed");
    let response: Response = app.clone().oneshot(request).await.expect("a router cannot fail");
    assert!(response.status().is_success(), "{path}: {}", response.status());
    let body = response.into_body().collect().await;
    black_box(body.expect("the body is at hand").to_bytes());
}
