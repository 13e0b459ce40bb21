//! Stale responses, validated with the service (RFC 9111 section 4.3).

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::{self, Next},
};
use handler_cache::layer::CacheLayer;

use super::{Gateway, TAG, date, ok, page, say};
use crate::{
    layer::MINUTE,
    support::{
        app::{App, Bench, eventually},
        gate::{Gate, ask, settle},
    },
};

const CONTROL: (&str, &str) = ("cache-control", "max-age=60");

fn none() -> Option<String> {
    None
}

#[tokio::test]
async fn a_stale_response_is_validated_by_its_tag() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL, TAG, ("x-a", "1")], "one"));
        gateway.get([]).await;
        gateway.wait(60);
        let renewed = [("cache-control", "max-age=90"), TAG, ("x-a", "2")];
        gateway.origin.then(say(304, &renewed, ""));
        let answer = gateway.get([]).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "one"));
        assert_eq!(answer.x_cache(), Some("Revalidated"));
        assert_eq!(answer.header("x-a"), Some("2"));
        let asked = gateway.origin.asked(["if-none-match", "if-modified-since"]);
        assert_eq!(asked, [[none(), none()], [Some("\"a\"".to_owned()), none()]]);
        gateway.wait(89);
        let hit = gateway.get([]).await;
        assert_eq!(
            (hit.x_cache(), hit.text(), hit.header("x-a")),
            (Some("Hit"), "one", Some("2"))
        );
        assert_eq!(hit.header("age"), Some("89"));
    }
}

#[tokio::test]
async fn a_stale_response_is_validated_by_its_date() {
    for gateway in Gateway::every().await {
        let modified = date(0);
        gateway
            .origin
            .then(ok(&[CONTROL, ("last-modified", &modified)], "one"));
        gateway.get([]).await;
        gateway.wait(60);
        gateway.origin.then(say(304, &[CONTROL], ""));
        assert_eq!(gateway.page([]).await, page("Revalidated", "one"));
        let asked = gateway.origin.asked(["if-none-match", "if-modified-since"]);
        assert_eq!(asked[1], [none(), Some(modified)]);
    }
}

#[tokio::test]
async fn modified_response_replaces_the_stored_one() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL, TAG], "one"));
        gateway.get([]).await;
        gateway.wait(60);
        gateway.origin.then(ok(&[CONTROL, ("etag", "\"b\"")], "two"));
        assert_eq!(gateway.page([]).await, page("Miss", "two"));
        assert_eq!(gateway.page([]).await, page("Hit", "two"));
    }
}

#[tokio::test]
async fn no_cache_is_stored_and_validated_each_time() {
    for gateway in Gateway::every().await {
        let control = ("cache-control", "no-cache");
        gateway.origin.then(ok(&[control, TAG], "one"));
        gateway.get([]).await;
        for _ in 0..3 {
            gateway.origin.then(say(304, &[control, TAG], ""));
            assert_eq!(gateway.page([]).await, page("Revalidated", "one"));
        }
        assert_eq!(gateway.origin.runs(), 4);
    }
}

/// A response that must be validated each time is not given to waiters.
#[tokio::test]
async fn a_response_without_a_ttl_is_not_shared_with_waiters() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let waits = gate.clone();
        let router = Router::new().fallback(async move || {
            let run = waits.pass().await;
            ([("cache-control", "no-cache"), TAG], run.to_string())
        });
        let app = bench.app(router.layer(CacheLayer::new().http()));
        let all: Vec<_> = (0..3).map(|_| ask(&app, "/a")).collect();
        gate.entered().await;
        settle().await;
        gate.let_through(3);
        let mut bodies = Vec::new();
        for answer in all {
            bodies.push(answer.await.unwrap().text().to_owned());
        }
        bodies.sort();
        assert_eq!(bodies, ["1", "2", "3"]);
    }
}

/// Answers its runs by their numbers, and conditional requests by a 304 with this tag.
fn numbered(gate: &Gate, tag: &'static str) -> Router {
    let gate = gate.clone();
    Router::new().fallback(async move |headers: HeaderMap| {
        let run = gate.pass().await;
        match headers.contains_key(header::IF_NONE_MATCH) {
            true => (StatusCode::NOT_MODIFIED, [CONTROL, ("etag", tag)], String::new()),
            false => (StatusCode::OK, [CONTROL, ("etag", "W/\"a\"")], run.to_string()),
        }
    })
}

/// Stores the first response, and lets it become stale.
async fn store_until_stale(bench: &Bench, app: &App, gate: &Gate) {
    gate.let_through(1);
    assert_eq!(app.get("/a").await.text(), "1");
    gate.entered().await;
    bench.settled().await;
    bench.clock.advance(MINUTE);
}

#[tokio::test]
async fn p4_one_validation_answers_all_waiters() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(numbered(&gate, "W/\"a\"").layer(CacheLayer::new().http()));
    store_until_stale(&bench, &app, &gate).await;
    let all: Vec<_> = (0..5).map(|_| ask(&app, "/a")).collect();
    gate.entered().await;
    settle().await;
    gate.let_through(1);
    let mut x_caches = Vec::new();
    for answer in all {
        let answer = answer.await.unwrap();
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "1"));
        x_caches.push(answer.x_cache().unwrap().to_owned());
    }
    x_caches.sort();
    assert_eq!(x_caches, ["Hit", "Hit", "Hit", "Hit", "Revalidated"]);
    assert_eq!(gate.runs.total(), 2);
}

/// RFC 9111 section 4.3.4: the 304 must not be used, so the whole response is requested.
#[tokio::test]
async fn a_304_for_another_response_repeats_the_request_to_the_service() {
    for gateway in Gateway::every().await {
        let control = ("cache-control", "max-age=60, must-revalidate");
        gateway.origin.then(ok(&[control, ("etag", "W/\"a\"")], "one"));
        gateway.get([]).await;
        gateway.wait(60);
        gateway.origin.asked([]);
        gateway.origin.then(say(304, &[control, TAG], ""));
        gateway.origin.then(ok(&[control, TAG], "two"));
        assert_eq!(gateway.page([]).await, page("Miss", "two"));
        let asked = gateway.origin.asked(["if-none-match", "x-mine"]);
        assert_eq!(asked, [[Some("W/\"a\"".to_owned()), none()], [none(), none()]]);
        assert_eq!(gateway.page([]).await, page("Hit", "two"));
    }
}

#[tokio::test]
async fn p1_a_304_for_another_response_fails_no_waiter() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(numbered(&gate, "\"a\"").layer(CacheLayer::new().http()));
    store_until_stale(&bench, &app, &gate).await;
    let all: Vec<_> = (0..4).map(|_| ask(&app, "/a")).collect();
    gate.entered().await;
    settle().await;
    gate.let_through(2);
    for answer in all {
        let answer = answer.await.unwrap();
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "3"));
    }
}

/// An entry read before an eviction is not stored again after it.
#[tokio::test]
async fn p3_an_evicted_response_is_not_validated() {
    let bench = Bench::memory().await;
    let (gate, panics) = (Gate::new(), Gate::new());
    let (router, first) = (numbered(&gate, "W/\"a\""), panics.clone());
    let layered = router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let first = first.clone();
        async move {
            let validates = request.headers().contains_key(header::IF_NONE_MATCH);
            assert!(!validates || first.pass().await != 1, "the first one panics");
            next.run(request).await
        }
    }));
    let app = bench.app(layered.layer(CacheLayer::new().http()));
    store_until_stale(&bench, &app, &gate).await;
    let leader = ask(&app, "/a");
    panics.entered().await;
    let waiter = ask(&app, "/a");
    settle().await;
    bench.cache.evict_path("/a").await.unwrap();
    gate.let_through(5);
    panics.let_through(5);
    assert_eq!(leader.await.unwrap().x_cache(), Some("Stale"), "it began before");
    waiter.await.unwrap();
    let after = app.get("/a").await;
    assert_ne!(after.text(), "1");
}

#[tokio::test]
async fn long_expired_responses_are_validated_as_well() {
    for gateway in Gateway::every().await {
        let old = [CONTROL, TAG, ("age", "100000")];
        gateway.origin.then(ok(&old, "one"));
        gateway.get([]).await;
        gateway.origin.then(say(304, &old, ""));
        assert_eq!(gateway.page([]).await, page("Revalidated", "one"));
    }
}

#[tokio::test]
async fn variants_are_validated_each_for_itself() {
    for gateway in Gateway::every().await {
        let varied = |tag| [CONTROL, ("vary", "x-a"), ("etag", tag)];
        for (value, tag, body) in [("1", "\"1\"", "one"), ("2", "\"2\"", "two")] {
            gateway.origin.then(ok(&varied(tag), body));
            gateway.page([("x-a", value)]).await;
        }
        gateway.wait(60);
        gateway.origin.asked([]);
        gateway.origin.then(say(304, &varied("\"2\""), ""));
        assert_eq!(gateway.page([("x-a", "2")]).await, page("Revalidated", "two"));
        assert_eq!(
            gateway.origin.asked(["if-none-match"]),
            [[Some("\"2\"".to_owned())]]
        );
        gateway.origin.then(say(304, &varied("\"1\""), ""));
        assert_eq!(gateway.page([("x-a", "1")]).await, page("Revalidated", "one"));
    }
}

/// RFC 9111 section 4.3.5.
#[tokio::test]
async fn a_response_to_head_that_differs_removes_the_entry() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL, TAG], "one"));
        gateway.get([]).await;
        gateway.wait(60);
        let head = async || gateway.app.send(Method::HEAD, "/a", [], "").await;
        gateway.origin.then(say(304, &[CONTROL, TAG], ""));
        let same = head().await;
        assert_eq!(
            (same.status, same.x_cache()),
            (StatusCode::OK, Some("Revalidated"))
        );
        gateway.origin.asked([]);
        // Requested until the request is not conditional: the entry is removed in the background.
        eventually("the stored one stays", async || {
            gateway.origin.then(ok(&[CONTROL, ("etag", "\"b\"")], ""));
            head().await;
            gateway.origin.asked(["if-none-match"]) == [[none()]]
        })
        .await;
    }
}

#[tokio::test]
async fn p1_a_304_with_too_many_headers_for_an_entry_requests_the_whole_response() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL, TAG], "one"));
        gateway.get([]).await;
        gateway.wait(60);
        let names: Vec<String> = (0..24_570).map(|number| format!("x-{number}")).collect();
        let many: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "")).collect();
        gateway.origin.then(say(304, &[&[TAG], &*many].concat(), ""));
        gateway.origin.then(ok(&[&[CONTROL], &*many].concat(), "two"));
        let answer = gateway.get([]).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "two"));
        assert!(answer.headers.len() > many.len());
        gateway.origin.then(ok(&[CONTROL, TAG], "three"));
        assert_eq!(gateway.get([]).await.text(), "three");
    }
}
