//! Bodies of all response types come back byte for byte.

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, Html, IntoResponse, NoContent, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use handler_cache::cache;
use serde::Serialize;

use crate::{
    answers::{assert_untouched, miss_then_hit},
    handlers::origin::{Origin, pages, stored},
    support::app::{Bench, Runs},
};

#[derive(Serialize)]
struct Product {
    id: u32,
    name: &'static str,
}

const PRODUCT: Product = Product {
    id: 7,
    name: "\"ü\"\n",
};

/// Every byte there is.
fn binary() -> Vec<u8> {
    (0..=255).collect()
}

#[cache(expire = 60)]
async fn json(State(runs): State<Runs>) -> Json<Product> {
    runs.increment();
    Json(PRODUCT)
}

#[cache(expire = 60)]
async fn string(State(runs): State<Runs>) -> String {
    runs.increment();
    "grün\r\n\r\n".to_owned()
}

#[cache(expire = 60)]
async fn text(State(runs): State<Runs>) -> &'static str {
    runs.increment();
    "text"
}

#[cache(expire = 60)]
async fn octets(State(runs): State<Runs>) -> Bytes {
    runs.increment();
    binary().into()
}

#[cache(expire = 60)]
async fn vector(State(runs): State<Runs>) -> Vec<u8> {
    runs.increment();
    binary()
}

#[cache(expire = 60)]
async fn html(State(runs): State<Runs>) -> Html<&'static str> {
    runs.increment();
    Html("<p>")
}

#[cache(expire = 60)]
async fn tuple(State(runs): State<Runs>) -> (StatusCode, [(&'static str, &'static str); 1], Json<Product>) {
    runs.increment();
    (
        StatusCode::NON_AUTHORITATIVE_INFORMATION,
        [("x-own", "1")],
        Json(PRODUCT),
    )
}

#[cache(expire = 60)]
async fn map(State(runs): State<Runs>) -> (HeaderMap, &'static str) {
    runs.increment();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/css"));
    (headers, "a {}")
}

#[cache(expire = 60)]
async fn result(State(runs): State<Runs>) -> Result<Json<Product>, StatusCode> {
    runs.increment();
    Ok(Json(PRODUCT))
}

#[cache(expire = 60)]
async fn axum_result(
    State(runs): State<Runs>,
) -> axum::response::Result<(AppendHeaders<[(&'static str, &'static str); 2]>, String)> {
    runs.increment();
    Ok((AppendHeaders([("x-own", "1"), ("x-own", "2")]), "text".into()))
}

#[cache(expire = 60)]
async fn opaque(State(runs): State<Runs>) -> impl IntoResponse {
    runs.increment();
    ([("x-own", "1")], "opaque")
}

#[cache(expire = 60)]
async fn response(State(runs): State<Runs>) -> Response {
    runs.increment();
    Response::builder()
        .header("x-own", "1")
        .body(Body::from("built"))
        .unwrap()
}

#[cache(expire = 60)]
async fn either(State(runs): State<Runs>) -> Result<Html<String>, Redirect> {
    runs.increment();
    Ok(Html("some".into()))
}

#[cache(expire = 60)]
async fn unit(State(runs): State<Runs>) {
    runs.increment();
}

#[cache(expire = 60)]
async fn empty(State(runs): State<Runs>) -> String {
    runs.increment();
    String::new()
}

#[cache(expire = 60)]
async fn nothing(State(runs): State<Runs>) -> NoContent {
    runs.increment();
    NoContent
}

#[cache(expire = 60)]
async fn status(State(runs): State<Runs>) -> StatusCode {
    runs.increment();
    StatusCode::OK
}

#[tokio::test]
async fn a_hit_is_what_the_handler_returned_whatever_its_type() {
    let json_body = br#"{"id":7,"name":"\"\u00fc\"\n"}"#.to_vec();
    let json_body = String::from_utf8(json_body)
        .unwrap()
        .replace("\\u00fc", "ü")
        .into_bytes();
    let plain = Some("text/plain; charset=utf-8");
    let raw = Some("application/octet-stream");
    let markup = Some("text/html; charset=utf-8");
    let json_type = Some("application/json");
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = Router::new()
            .route("/json", get(json))
            .route("/string", get(string))
            .route("/text", get(text))
            .route("/octets", get(octets))
            .route("/vector", get(vector))
            .route("/html", get(html))
            .route("/tuple", get(tuple))
            .route("/map", get(map))
            .route("/result", get(result))
            .route("/axum_result", get(axum_result))
            .route("/opaque", get(opaque))
            .route("/response", get(response))
            .route("/either", get(either))
            .route("/unit", get(unit))
            .route("/empty", get(empty))
            .route("/nothing", get(nothing))
            .route("/status", get(status))
            .with_state(runs.clone());
        let app = bench.app(app);
        for (ran, (path, status, kind, own, body)) in (1..).zip([
            ("/json", 200, json_type, 0, &json_body[..]),
            ("/string", 200, plain, 0, "grün\r\n\r\n".as_bytes()),
            ("/text", 200, plain, 0, b"text"),
            ("/octets", 200, raw, 0, &binary()),
            ("/vector", 200, raw, 0, &binary()),
            ("/html", 200, markup, 0, b"<p>"),
            ("/tuple", 203, json_type, 1, &json_body),
            ("/map", 200, Some("text/css"), 0, b"a {}"),
            ("/result", 200, json_type, 0, &json_body),
            ("/axum_result", 200, plain, 2, b"text"),
            ("/opaque", 200, plain, 1, b"opaque"),
            ("/response", 200, None, 1, b"built"),
            ("/either", 200, markup, 0, b"some"),
            ("/unit", 200, None, 0, b""),
            ("/empty", 200, plain, 0, b""),
            ("/nothing", 204, None, 0, b""),
            ("/status", 200, None, 0, b""),
        ]) {
            let hit = miss_then_hit(&app, path).await;
            assert_eq!(hit.status.as_u16(), status, "{path}");
            assert_eq!(hit.header("content-type"), kind, "{path}");
            assert_eq!(hit.headers.get_all("x-own").iter().count(), own, "{path}");
            assert_eq!(hit.body, body, "{path}");
            let length = (status != 204).then(|| body.len().to_string());
            assert_eq!(hit.header("content-length"), length.as_deref(), "{path}");
            assert_eq!(stored(&app, path).await.body, body, "{path}");
            assert_eq!(runs.total(), ran, "{path}");
        }
    }
}

#[tokio::test]
async fn large_bodies_come_back_whole() {
    // Just what may be stored by default.
    let large: Bytes = (0..1024 * 1024_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    for bench in Bench::every().await {
        let sent = large.clone();
        let origin = Origin::new(move |_| sent.clone());
        let app = bench.app(pages(&origin));
        assert!(miss_then_hit(&app, "/").await.body == large);
        assert!(stored(&app, "/").await.body == large);
        origin.ran(1);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_passes_through_whole_and_unstored() {
    for bench in Bench::every_with(|builder| builder.max_body(10)).await {
        for (length, x_caches) in [
            (10, ["Miss", "Hit"]),
            (11, ["Miss", "Miss"]),
            (100_000, ["Miss", "Miss"]),
        ] {
            let origin = Origin::new(move |_| "x".repeat(length));
            let app = bench.app(pages(&origin));
            for x_cache in x_caches {
                let answer = app.get(&format!("/{length}")).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.x_cache()),
                    (200, Some(x_cache)),
                    "{length}"
                );
                assert_eq!(answer.text(), "x".repeat(length));
                assert_eq!(answer.header("content-length"), Some(&*length.to_string()));
            }
        }
    }
}

#[tokio::test]
async fn waiters_for_a_body_over_the_limit_each_get_it_whole() {
    for bench in Bench::every_with(|builder| builder.max_body(10)).await {
        let origin = Origin::held(|run| format!("{run:020}"));
        let app = bench.app(pages(&origin));
        let answers = crate::handlers::origin::together(&app, &origin, "/", 8).await;
        let mut bodies: Vec<_> = answers.iter().map(|answer| answer.text().to_owned()).collect();
        bodies.sort();
        assert_eq!(
            bodies,
            (1..=8).map(|run| format!("{run:020}")).collect::<Vec<_>>()
        );
    }
}

#[cache(expire = 60)]
async fn item(Path(id): Path<u8>, State(runs): State<Runs>) -> String {
    runs.increment();
    id.to_string()
}

#[tokio::test]
async fn a_rejection_of_axum_is_not_touched() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = Router::new().route("/{id}", get(item)).with_state(runs.clone());
        let app = bench.app(app);
        assert_eq!(miss_then_hit(&app, "/255").await.text(), "255");
        let rejected = app.get("/256").await;
        assert_eq!(rejected.status, StatusCode::BAD_REQUEST);
        assert_untouched(&rejected);
        assert_eq!(runs.total(), 1);
    }
}
