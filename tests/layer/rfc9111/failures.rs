//! A service that fails, and responses that break off (RFC 9111 sections 3.3, 4.2.4 and 4.3.3).

use std::io;

use axum::{Router, body::Body, http::header, response::Response};
use bytes::Bytes;
use futures_util::stream;
use handler_cache::{Policy, layer::CacheLayer};

use super::{Gateway, TAG, ok, page, say};
use crate::{
    MINUTE,
    support::app::{Bench, Runs},
};

#[tokio::test]
async fn a_stored_response_answers_while_the_service_fails() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[("cache-control", "max-age=60")], "one"));
        gateway.get([]).await;
        gateway.wait(3600);
        gateway.origin.then(say(503, &[], "away"));
        let answer = gateway.get([]).await;
        assert_eq!((answer.verdict(), answer.text()), (Some("Stale"), "one"));
        assert_eq!(answer.header("age"), Some("3600"));
        gateway.wait(86_400);
        gateway.origin.then(say(503, &[], "away"));
        assert_eq!(gateway.get([]).await.status, 503, "not for ever");
    }
}

#[tokio::test]
async fn what_forbids_stale_answers_is_obeyed() {
    for gateway in Gateway::every().await {
        for forbidding in [
            "must-revalidate",
            "proxy-revalidate",
            "s-maxage=60",
            "no-cache",
            "stale-if-error=0",
        ] {
            let control = format!("max-age=60, {forbidding}");
            gateway.wait(3600);
            gateway
                .origin
                .then(ok(&[("cache-control", &control), TAG], "one"));
            gateway.get([]).await;
            gateway.wait(61);
            gateway.origin.then(say(503, &[], "away"));
            assert_eq!(gateway.get([]).await.status, 503, "{forbidding}");
        }
    }
}

#[tokio::test]
async fn stale_if_error_says_for_how_long() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(
            &[("cache-control", "max-age=60, stale-if-error=30"), TAG],
            "one",
        ));
        gateway.get([]).await;
        gateway.wait(89);
        gateway.origin.then(say(500, &[], "broken"));
        assert_eq!(gateway.page([]).await, page("Stale", "one"));
        gateway.wait(30);
        gateway.origin.then(say(500, &[], "broken"));
        assert_eq!(gateway.get([]).await.status, 500);
    }
}

/// A 5xx that may be stored does not take the place of what serves better.
#[tokio::test]
async fn an_error_with_a_life_does_not_push_out_a_good_response() {
    // In Redis the mark that a failure leaves is of the server's clock.
    let gateway = Gateway::memory().await;
    gateway
        .origin
        .then(ok(&[("cache-control", "max-age=60"), TAG], "one"));
    gateway.get([]).await;
    gateway.wait(60);
    gateway
        .origin
        .then(say(503, &[("cache-control", "max-age=600")], "away"));
    assert_eq!(gateway.page([]).await, page("Stale", "one"));
    gateway.wait(60);
    gateway
        .origin
        .then(say(304, &[("cache-control", "max-age=60"), TAG], ""));
    assert_eq!(gateway.page([]).await, page("Revalidated", "one"));
}

#[tokio::test]
async fn a_policy_says_for_how_long_failures_are_bridged() {
    let policy = Policy::new().stale_if_error(MINUTE);
    for gateway in Gateway::every_with(CacheLayer::new().http().policy(policy)).await {
        gateway.origin.then(ok(&[("cache-control", "max-age=60")], "one"));
        gateway.get([]).await;
        gateway.wait(119);
        gateway.origin.then(say(503, &[], "away"));
        assert_eq!(gateway.page([]).await, page("Stale", "one"));
        gateway.wait(60);
        gateway.origin.then(say(503, &[], "away"));
        assert_eq!(gateway.get([]).await.status, 503);
    }
}

#[tokio::test]
async fn p5_a_body_that_is_cut_off_is_not_stored() {
    // In Redis the mark that it leaves is of the server's clock.
    let bench = Bench::memory().await;
    let runs = Runs::default();
    let counting = runs.clone();
    let router = Router::new().fallback(async move || {
        let whole = counting.count() > 2;
        let rest = if whole {
            Ok(Bytes::from("lo"))
        } else {
            Err(io::Error::other("gone"))
        };
        let body = Body::from_stream(stream::iter([Ok(Bytes::from("hel")), rest]));
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, "max-age=60".parse().unwrap());
        headers.insert(header::CONTENT_LENGTH, "5".parse().unwrap());
        response
    });
    let app = bench.app(router.layer(CacheLayer::new().http()));
    for _ in 0..2 {
        let body = app.open("/a").await.into_body();
        assert!(axum::body::to_bytes(body, usize::MAX).await.is_err());
        bench.settled().await;
        bench.clock.advance(MINUTE);
    }
    assert_eq!(app.get("/a").await.text(), "hello");
    bench.settled().await;
    let answer = app.get("/a").await;
    assert_eq!((answer.verdict(), answer.text()), (Some("Hit"), "hello"));
    assert_eq!(runs.total(), 3);
}

/// P1 with another origin: whatever the store does, the service answers.
#[tokio::test]
async fn p1_without_its_store_the_gateway_passes_everything_on() {
    let mut gateway = Gateway::on(Bench::redis().await, CacheLayer::new().http());
    gateway
        .origin
        .then(ok(&[("cache-control", "max-age=60"), TAG], "one"));
    gateway.get([]).await;
    gateway.bench.redis.take().unwrap().kill();
    for body in ["two", "three"] {
        gateway
            .origin
            .then(ok(&[("cache-control", "max-age=60"), TAG], body));
        let answer = gateway.app.get("/a").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, body));
    }
}
