//! Stale responses, validated with the service (RFC 9111 section 4.3).

use axum::http::Method;

use super::{Gateway, TAG, date, ok, page, say};
use crate::support::gate::{Gate, settle};

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
        assert_eq!(answer.verdict(), Some("Revalidated"));
        assert_eq!(answer.header("x-a"), Some("2"));
        let asked = gateway.origin.asked(["if-none-match", "if-modified-since"]);
        assert_eq!(asked, [[none(), none()], [Some("\"a\"".to_owned()), none()]]);
        gateway.wait(89);
        let hit = gateway.get([]).await;
        assert_eq!(
            (hit.verdict(), hit.text(), hit.header("x-a")),
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
async fn what_was_modified_takes_the_place_of_what_was_stored() {
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

/// What is to be validated each time answers nobody who waited for it.
#[tokio::test]
async fn a_response_without_a_life_is_not_shared_by_those_that_wait() {
    for bench in super::Bench::every().await {
        let gate = Gate::new();
        let waits = gate.clone();
        let router = axum::Router::new().fallback(async move || {
            let run = waits.pass().await;
            ([("cache-control", "no-cache"), TAG], run.to_string())
        });
        let app = bench.app(router.layer(handler_cache::layer::CacheLayer::new().http()));
        let all: Vec<_> = (0..3).map(|_| crate::support::gate::ask(&app, "/a")).collect();
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

#[tokio::test]
async fn p4_one_validation_answers_all_that_wait() {
    for bench in super::Bench::every().await {
        let gate = Gate::new();
        let waits = gate.clone();
        let router = axum::Router::new().fallback(async move |headers: axum::http::HeaderMap| {
            let run = waits.pass().await;
            let status = if headers.contains_key("if-none-match") {
                304
            } else {
                200
            };
            let status = axum::http::StatusCode::from_u16(status).unwrap();
            (status, [CONTROL, TAG], run.to_string())
        });
        let app = bench.app(router.layer(handler_cache::layer::CacheLayer::new().http()));
        gate.let_through(2);
        app.get("/a").await;
        bench.settled().await;
        bench.clock.advance(crate::MINUTE);
        let all: Vec<_> = (0..5).map(|_| crate::support::gate::ask(&app, "/a")).collect();
        for answer in all {
            let answer = answer.await.unwrap();
            assert_eq!((answer.status.as_u16(), answer.text()), (200, "1"));
        }
        assert_eq!(gate.runs.total(), 2);
    }
}

/// RFC 9111 section 4.3.4: it must not be used.
#[tokio::test]
async fn a_304_about_another_response_is_an_error_once() {
    for gateway in Gateway::every().await {
        let control = ("cache-control", "max-age=60, must-revalidate");
        gateway.origin.then(ok(&[control, TAG], "one"));
        gateway.get([]).await;
        gateway.wait(60);
        gateway.origin.then(say(304, &[control, ("etag", "\"b\"")], ""));
        let answer = gateway.get([]).await;
        assert_eq!((answer.status.as_u16(), answer.verdict()), (502, Some("Miss")));
        gateway.origin.asked([]);
        gateway.origin.then(ok(&[control, ("etag", "\"b\"")], "two"));
        assert_eq!(gateway.page([]).await, page("Miss", "two"));
        assert_eq!(
            gateway.origin.asked(["if-none-match"]),
            [[none()]],
            "the stored one is gone"
        );
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
async fn an_answer_to_head_that_differs_takes_the_stored_response_away() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL, TAG], "one"));
        gateway.get([]).await;
        gateway.wait(60);
        let head = || gateway.app.send(Method::HEAD, "/a", [], "");
        gateway.origin.then(ok(&[CONTROL, TAG], ""));
        head().await;
        gateway.origin.then(ok(&[CONTROL, ("etag", "\"b\"")], ""));
        head().await;
        gateway.origin.asked([]);
        crate::support::app::eventually("the stored one stays", async || {
            gateway.origin.then(ok(&[("cache-control", "no-store")], "two"));
            gateway.page([]).await;
            gateway.origin.asked(["if-none-match"]) == [[none()]]
        })
        .await;
    }
}
