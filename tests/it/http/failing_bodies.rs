//! Bodies that are truncated, fail or panic, and bodies with more headers or trailers than an entry can hold.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
    routing::get,
};
use bytes::Bytes;
use futures_util::{future::join_all, stream};
use handler_cache::cache;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::timeout;

use super::streams::{Chunk, fed, next};
use crate::{
    answers::miss_then_hit,
    handlers::origin::{Origin, pages, streamed},
    support::{
        app::{App, Bench},
        body::announced,
        gate::ask,
    },
};

/// Panics after its first chunk.
fn panicking_stream() -> Body {
    Body::from_stream(stream::iter((0..2).map(|number| match number {
        0 => Chunk::Ok("begin"),
        _ => panic!("the stream panics, as this test wants"),
    })))
}

/// Asserts that each of two requests runs the handler, and gets a body that fails.
async fn assert_unstored(app: &App, origin: &Origin, begin: &str) {
    for run in 1..=2 {
        let response = app.open("/").await;
        assert_eq!(
            response.headers().get("x-cache"),
            Some(&HeaderValue::from_static("Miss"))
        );
        let mut body = response.into_body();
        let mut got = Vec::new();
        let end = loop {
            match body.frame().await {
                Some(Ok(frame)) => got.extend_from_slice(&frame.into_data().unwrap_or_default()),
                end => break end,
            }
        };
        assert_eq!(String::from_utf8_lossy(&got), begin);
        assert!(end.is_none_or(|end| end.is_err()));
        origin.ran(run);
    }
}

#[tokio::test]
async fn p5_a_body_of_known_size_that_fails_is_passed_on_and_not_stored() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| Response::new(Body::new(Limited::new(Full::from("whole"), 4))));
        assert_unstored(&bench.app(pages(&origin)), &origin, "").await;
    }
}

#[tokio::test]
async fn p5_a_body_shorter_than_its_size_is_not_stored() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| announced("wh", 5));
        assert_unstored(&bench.app(pages(&origin)), &origin, "wh").await;
    }
}

#[tokio::test]
async fn p5_a_body_shorter_than_its_content_length_is_not_stored() {
    for body in [|| streamed(&["w", "h"]), || Body::from("wh")] as [fn() -> Body; 2] {
        for bench in Bench::every().await {
            let origin = Origin::new(move |_| ([("content-length", "5")], body()));
            assert_unstored(&bench.app(pages(&origin)), &origin, "wh").await;
        }
    }
}

#[tokio::test]
async fn a_body_with_the_right_content_length_is_stored() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| ([("content-length", "5")], "whole"));
        let hit = miss_then_hit(&bench.app(pages(&origin)), "/").await;
        assert_eq!((hit.header("content-length"), hit.text()), (Some("5"), "whole"));
    }
}

#[tokio::test]
async fn a_body_with_trailers_is_passed_on_whole_and_not_stored() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| {
            let trailers = [(HeaderName::from_static("x-sum"), HeaderValue::from_static("7"))];
            let trailers = trailers.into_iter().collect();
            Response::new(Body::new(
                Full::from("text").with_trailers(async { Some(Ok(trailers)) }),
            ))
        });
        let app = bench.app(pages(&origin));
        for run in 1..=2 {
            let whole = app.open("/").await.into_body().collect().await.unwrap();
            assert_eq!(whole.trailers().unwrap()["x-sum"], "7");
            assert_eq!(whole.to_bytes(), "text");
            origin.ran(run);
        }
    }
}

#[tokio::test]
async fn p5_a_stream_that_fails_gives_the_client_its_error_and_is_not_stored() {
    for bench in Bench::every().await {
        let (origin, feeds) = fed();
        let app = bench.app(pages(&origin));
        for run in 1..=2 {
            let mut body = app.open("/").await.into_body();
            let feed = feeds.lock().unwrap().pop().unwrap();
            feed.send(Ok("begin")).unwrap();
            assert_eq!(next(&mut body).await.unwrap().unwrap(), "begin");
            feed.send(Err(io::Error::other("the disk is gone"))).unwrap();
            let error = next(&mut body).await.unwrap().unwrap_err();
            assert_eq!(error.to_string(), "the disk is gone");
            origin.ran(run);
        }
    }
}

#[tokio::test]
async fn p5_waiters_of_a_stream_that_fails_run_the_handler_themselves() {
    for bench in Bench::every().await {
        let origin = Origin::held(|run| match run {
            1 => Body::from_stream(stream::iter([Ok("begin"), Err(io::Error::other("gone"))])),
            _ => streamed(&["all ", "well"]),
        });
        let app = bench.app(pages(&origin));
        let first = async { app.open("/").await.into_body().collect().await };
        let others = join_all((0..8).map(|_| app.get("/")));
        let (first, others) = tokio::join!(first, async {
            origin.entered().await;
            let (others, ()) = tokio::join!(others, async { origin.open() });
            others
        });
        assert!(first.is_err());
        for other in others {
            assert_eq!((other.status, other.text()), (StatusCode::OK, "all well"));
        }
    }
}

#[tokio::test]
async fn p4_a_stream_that_panics_fails_its_client_and_keeps_nobody_waiting() {
    let sized: fn() -> Body = || announced(panicking_stream(), 10);
    for body in [panicking_stream, sized] {
        for bench in Bench::every().await {
            let origin = Origin::new(move |run| if run == 1 { body() } else { Body::from("well") });
            let app = bench.app(pages(&origin));
            let first = app.open("/").await;
            assert_eq!(first.status(), StatusCode::OK);
            assert!(first.into_body().collect().await.is_err());
            // No lease of the dead run's, which would last five seconds, is in the way.
            let next = timeout(Duration::from_secs(4), app.get("/")).await;
            assert_eq!(next.expect("it is not kept waiting").text(), "well");
        }
    }
}

/// A body whose `size_hint` panics.
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
        panic!("the size is unknown")
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
