//! A service that fails, and incomplete responses (RFC 9111 sections 3.3, 4.2.4 and 4.3.3).

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use handler_cache::{Policy, layer::CacheLayer};
use http_body_util::BodyExt;

use super::{Gateway, TAG, ok, page, say};
use crate::{
    layer::MINUTE,
    support::{
        app::{Bench, Runs, eventually},
        body::announced,
        gate::{Gate, ask, settle},
    },
};

#[tokio::test]
async fn a_stored_response_answers_while_the_service_fails() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[("cache-control", "max-age=60")], "one"));
        gateway.get([]).await;
        gateway.wait(3600);
        gateway.origin.then(say(503, &[], "away"));
        let answer = gateway.get([]).await;
        assert_eq!((answer.x_cache(), answer.text()), (Some("Stale"), "one"));
        assert_eq!(answer.header("age"), Some("3600"));
        gateway.wait(86_400);
        gateway.origin.then(say(503, &[], "away"));
        assert_eq!(gateway.get([]).await.status, 503, "not for ever");
    }
}

#[tokio::test]
async fn directives_that_forbid_stale_responses_are_obeyed() {
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

/// A storable 5xx does not replace an entry that may be served stale.
#[tokio::test]
async fn an_error_with_a_ttl_does_not_replace_a_successful_response() {
    // In Redis the failure backoff follows the server's clock.
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
    // In Redis its marker follows the server's clock.
    let bench = Bench::memory().await;
    let runs = Runs::default();
    let counting = runs.clone();
    let router = Router::new().fallback(async move || {
        let whole = counting.increment() > 2;
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
    assert_eq!((answer.x_cache(), answer.text()), (Some("Hit"), "hello"));
    assert_eq!(runs.total(), 3);
}

/// The waiters get it even if the failed response must not be shared.
#[tokio::test]
async fn a_stored_response_is_served_to_all_waiters_while_the_service_fails() {
    for private in [("cache-control", "no-store"), ("set-cookie", "a=b")] {
        let bench = Bench::memory().await;
        let gate = Gate::new();
        let waits = gate.clone();
        let router = Router::new().fallback(async move || match waits.pass().await {
            1 => (StatusCode::OK, [("cache-control", "max-age=60")], "one"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, [private], "away"),
        });
        let app = bench.app(router.layer(CacheLayer::new().http()));
        gate.let_through(1);
        app.get("/a").await;
        gate.entered().await;
        bench.clock.advance(MINUTE);
        let all: Vec<_> = (0..4).map(|_| ask(&app, "/a")).collect();
        gate.entered().await;
        settle().await;
        gate.let_through(1);
        for answer in all {
            let answer = answer.await.unwrap();
            assert_eq!((answer.x_cache(), answer.text()), (Some("Stale"), "one"));
        }
        assert_eq!(gate.runs.total(), 2);
    }
}

#[tokio::test]
async fn a_stored_response_answers_head_and_range_while_the_service_fails() {
    for gateway in Gateway::every().await {
        gateway
            .origin
            .then(ok(&[("cache-control", "max-age=60"), TAG], "one"));
        gateway.get([]).await;
        gateway.wait(60);
        gateway.origin.then(say(503, &[], "away")).then(say(503, &[], ""));
        let part = gateway.get([("range", "bytes=0-0")]).await;
        assert_eq!(
            (part.status.as_u16(), part.x_cache(), part.text()),
            (206, Some("Stale"), "o")
        );
        let head = gateway.app.send(Method::HEAD, "/a", [], "").await;
        assert_eq!((head.status.as_u16(), head.x_cache()), (200, Some("Stale")));
    }
}

#[tokio::test]
async fn failures_are_bridged_beyond_stale_while_revalidate() {
    for gateway in Gateway::every().await {
        let control = "max-age=60, stale-while-revalidate=10";
        gateway.origin.then(ok(&[("cache-control", control)], "one"));
        gateway.get([]).await;
        gateway.wait(3600);
        gateway.origin.then(say(503, &[], "away"));
        assert_eq!(gateway.page([]).await, page("Stale", "one"));
    }
}

/// Whatever one client has revalidated.
#[tokio::test]
async fn a_fresh_response_is_not_replaced_by_a_failure() {
    for gateway in Gateway::every().await {
        let control = ("cache-control", "max-age=3600");
        gateway.origin.then(ok(&[control, TAG], "one"));
        gateway.get([]).await;
        for answer in [
            say(503, &[control], "away"),
            say(304, &[TAG, ("set-cookie", "a=b")], ""),
            ok(&[("cache-control", "no-store")], "not stored"),
        ] {
            gateway.origin.then(answer);
            gateway.get([("cache-control", "no-cache")]).await;
            assert_eq!(gateway.page([]).await, page("Hit", "one"));
        }
    }
}

/// A body of five announced bytes, in chunks with pauses between them.
fn in_pieces(pieces: &'static [&'static str]) -> Body {
    let pieces = stream::iter(pieces).then(async |piece| {
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes()))
    });
    announced(Body::from_stream(pieces), 5)
}

fn pieces(pieces: &'static [&'static str]) -> Router {
    Router::new().fallback(async move || {
        let own = [("cache-control", "max-age=60"), ("etag", "\"a\"")];
        (own, in_pieces(pieces))
    })
}

#[tokio::test]
async fn p5_a_body_that_ends_before_its_length_is_not_stored() {
    for bench in Bench::every().await {
        let app = bench.app(pieces(&["hel"]).layer(CacheLayer::new().http()));
        for _ in 0..2 {
            let answer = app.open("/a").await;
            assert_eq!(
                answer.headers()["content-length"],
                "5",
                "the client learns that it is cut off"
            );
            assert_eq!(answer.headers()["x-cache"], "Miss");
            let _ = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
            bench.settled().await;
        }
    }
}

/// Conditions and date are those of any other response.
#[tokio::test]
async fn a_streamed_body_is_answered_as_any_other() {
    let bench = Bench::memory().await;
    let app = bench.app(pieces(&["hel", "lo"]).layer(CacheLayer::new().http()));
    let has_it = app.get_with("/a", [("if-none-match", "\"a\"")]).await;
    assert_eq!((has_it.status, has_it.text()), (StatusCode::NOT_MODIFIED, ""));
    eventually("it is not stored", async || {
        app.get("/a").await.x_cache() == Some("Hit")
    })
    .await;
    let whole = app.get("/a").await;
    assert_eq!(
        (whole.text(), whole.header("date")),
        ("hello", Some(&*super::date(0)))
    );
}

#[tokio::test]
async fn p4_without_redis_a_streamed_body_answers_all_waiters() {
    let mut bench = Bench::redis().await;
    let gate = Gate::new();
    let waits = gate.clone();
    let router = Router::new().fallback(async move || {
        waits.pass().await;
        ([("cache-control", "max-age=60")], in_pieces(&["hel", "lo"]))
    });
    let app = bench.app(router.layer(CacheLayer::new().http()));
    bench.redis.take().unwrap().kill();
    let all: Vec<_> = (0..8).map(|_| ask(&app, "/a")).collect();
    gate.entered().await;
    let stats = || bench.cache.stats().total;
    // Nobody else has begun by the time that all have found the store away.
    eventually("they do not wait", async || stats().fills + stats().bypasses <= 1).await;
    settle().await;
    gate.let_through(8);
    for answer in all {
        assert_eq!(answer.await.unwrap().text(), "hello");
    }
    assert_eq!(gate.runs.total(), 1);
}

/// Refreshed early, by a response that must not be stored.
#[tokio::test]
async fn a_fresh_response_outlives_a_refresh_that_fails() {
    for bench in Bench::every_with(|builder| builder.early_refresh(1e12)).await {
        let (runs, clock) = (Runs::default(), bench.clock.clone());
        let counting = runs.clone();
        let router = Router::new().fallback(async move || {
            clock.advance(Duration::from_millis(100));
            match counting.increment() {
                1 => ([("cache-control", "max-age=3600")], "one"),
                _ => ([("cache-control", "no-store")], "nothing"),
            }
        });
        let app = bench.app(router.layer(CacheLayer::new().http()));
        app.get("/a").await;
        bench.settled().await;
        for renewals in 1..4 {
            let answer = app.get("/a").await;
            assert_eq!((answer.x_cache(), answer.text()), (Some("Hit"), "one"));
            eventually("it is not renewed", async || runs.total() > renewals).await;
            bench.settled().await;
        }
    }
}

/// A slow service is not waited for.
#[tokio::test]
async fn a_body_is_passed_on_as_it_comes() {
    for bench in Bench::every().await {
        let (parts, mut body) = tokio::sync::mpsc::unbounded_channel::<Result<Bytes, Infallible>>();
        let body = stream::poll_fn(move |context| body.poll_recv(context));
        let body = Arc::new(Mutex::new(Some(body)));
        let router = Router::new().fallback(async move || {
            let stream = body.lock().unwrap().take().expect("it runs once");
            (
                [("cache-control", "max-age=60")],
                announced(Body::from_stream(stream), 5),
            )
        });
        let app = bench.app(router.layer(CacheLayer::new().http()));
        parts.send(Ok("hel".into())).unwrap();
        let mut begun = app.open("/a").await.into_body();
        let first = begun.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "hel");
        parts.send(Ok("lo".into())).unwrap();
        drop(parts);
        let rest = axum::body::to_bytes(begun, usize::MAX).await.unwrap();
        assert_eq!(rest, "lo");
        bench.settled().await;
        eventually("it is not stored", async || {
            let answer = app.get_with("/a", [("cache-control", "only-if-cached")]).await;
            (answer.x_cache(), answer.text()) == (Some("Hit"), "hello")
        })
        .await;
    }
}

/// P1: the service answers whatever the store does.
#[tokio::test]
async fn p1_without_redis_the_gateway_passes_everything_on() {
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
