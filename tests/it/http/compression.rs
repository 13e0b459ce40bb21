//! Compression outside the cache and in the handler.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::cache;
use tower_http::compression::CompressionLayer;

use crate::{
    answers::assert_replays,
    support::app::{Answer, App, Bench, Runs},
};

/// Long enough to be worth compressing.
const PLAIN: &str = "tea and pot, tea and pot, tea and pot, tea and pot, tea and pot, tea and pot";
/// The body of a handler that compresses it itself.
const CODED: &[u8] = b"\x1f\x8b and so on";

#[cache(expire = "1h")]
async fn plain(State(runs): State<Runs>) -> &'static str {
    runs.increment();
    PLAIN
}

#[cache(expire = "1h", ignore = [headers])]
async fn coded(headers: HeaderMap, State(runs): State<Runs>) -> Response {
    runs.increment();
    coded_as_accepted(&headers)
}

#[cache(expire = "1h", ignore = [headers], vary = ["accept-encoding"])]
async fn coded_and_keyed(headers: HeaderMap, State(runs): State<Runs>) -> Response {
    runs.increment();
    coded_as_accepted(&headers)
}

fn coded_as_accepted(headers: &HeaderMap) -> Response {
    if headers.contains_key(header::ACCEPT_ENCODING) {
        ([(header::CONTENT_ENCODING, "gzip")], CODED).into_response()
    } else {
        PLAIN.into_response()
    }
}

fn compressing(bench: &Bench, runs: &Runs) -> App {
    let router = Router::new()
        .route("/plain", get(plain))
        .route("/coded", get(coded))
        .route("/keyed", get(coded_and_keyed))
        .layer(CompressionLayer::new());
    bench.app(router.with_state(runs.clone()))
}

const GZIP: [(&str, &str); 1] = [("accept-encoding", "gzip")];

#[track_caller]
fn assert_plain(answer: &Answer) {
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, PLAIN));
    assert_eq!(answer.header("content-encoding"), None);
}

/// The magic number in front, and at the end the length of what is packed (RFC 1952 section 2.3).
#[track_caller]
fn assert_gzip(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.starts_with(b"\x1f\x8b"), "{answer:?}");
    let length = answer.body.last_chunk().copied().map(u32::from_le_bytes);
    assert_eq!(length, Some(PLAIN.len() as u32));
}

/// Compression is outside the cache, so that clients that did not ask for gzip do not get it…
#[tokio::test]
async fn the_entry_is_not_compressed() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = compressing(&bench, &runs);
        let miss = app.get_with("/plain", GZIP).await;
        assert_gzip(&miss);
        assert_eq!(miss.x_cache(), Some("Miss"));
        let hit = app.get("/plain").await;
        assert_plain(&hit);
        assert_eq!(hit.x_cache(), Some("Hit"));
        assert_eq!(hit.header("etag"), miss.header("etag"));
        let hit = app.get_with("/plain", GZIP).await;
        assert_gzip(&hit);
        assert_eq!(hit.x_cache(), Some("Hit"));
        assert_eq!(hit.header("etag"), miss.header("etag"));
        assert_eq!(runs.total(), 1);
    }
}

/// … and a body that the handler coded is not stored, unless the key has what it was coded by.
#[tokio::test]
async fn coded_bodies_are_not_stored_unkeyed() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = compressing(&bench, &runs);
        for _ in 0..2 {
            let answer = app.get_with("/coded", GZIP).await;
            assert_eq!((answer.status, &*answer.body), (StatusCode::OK, CODED));
            assert_eq!(answer.header("content-encoding"), Some("gzip"));
            assert_eq!(answer.x_cache(), Some("Miss"));
        }
        assert_plain(&app.get("/coded").await);
        assert_eq!(runs.total(), 3);

        let miss = app.get_with("/keyed", GZIP).await;
        assert_eq!(&*miss.body, CODED);
        assert_eq!(miss.header("content-encoding"), Some("gzip"));
        assert_eq!(miss.header("vary"), Some("accept-encoding"));
        assert_replays(&app.get_with("/keyed", GZIP).await, &miss);
        let miss = app.get("/keyed").await;
        assert_plain(&miss);
        assert_replays(&app.get("/keyed").await, &miss);
        assert_eq!(runs.total(), 5);
    }
}
