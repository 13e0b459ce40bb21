//! The other options: `private`, `public`, `client_max_age`, `store_if`, `max_body`, `policy`.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{StatusCode, response::Parts},
    response::{IntoResponse, Response},
    routing::{MethodFilter, get, post},
};
use handler_cache::{Policy, cache, cache_one_hour};

use crate::{
    answers::{assert_untouched, miss_then_hit},
    handlers::origin::{Origin, at_root, secs, stored},
    support::app::Bench,
};

/// A handler with its attribute. Within one function each needs a name of its own, else they are one.
macro_rules! handler {
    ($name:ident, #[$attribute:meta]) => {{
        #[$attribute]
        async fn $name(State(origin): State<Origin>) -> Response {
            origin.answer().await
        }
        get($name)
    }};
}

#[tokio::test]
async fn private_and_public_are_the_word_in_the_generated_cache_control() {
    for bench in Bench::every().await {
        for (handler, line) in [
            (
                handler!(private, #[cache(expire = 60, private)]),
                "private, no-cache",
            ),
            (
                handler!(public, #[cache(expire = 60, public)]),
                "public, no-cache",
            ),
            (
                handler!(private_for_a_while, #[cache(expire = 60, private, client_max_age = "remaining")]),
                "private, max-age=60",
            ),
            (
                handler!(public_for_a_while, #[cache(expire = 60, public, client_max_age = "remaining")]),
                "public, max-age=60",
            ),
        ] {
            let app = bench.app(at_root(handler, &Origin::counting()));
            assert_eq!(miss_then_hit(&app, "/").await.header("cache-control"), Some(line));
            for credentials in [("authorization", "Bearer x"), ("cookie", "a=b")] {
                let answer = app.get_with("/", [credentials]).await;
                assert_eq!(
                    (answer.x_cache(), answer.header("cache-control")),
                    (Some("Hit"), Some(line))
                );
            }
        }
    }
}

#[tokio::test]
async fn private_and_public_do_not_touch_the_handlers_own_cache_control() {
    for bench in Bench::every().await {
        for handler in [
            handler!(private, #[cache(expire = 60, private)]),
            handler!(public, #[cache(expire = 60, public)]),
            handler!(short, #[cache(expire = 60, client_max_age = 5)]),
        ] {
            let origin = Origin::new(|_| [("cache-control", "max-age=40, immutable")]);
            let app = bench.app(at_root(handler, &origin));
            for _ in 0..2 {
                let answer = app.get_with("/", [("cookie", "a=b")]).await;
                assert_eq!(answer.header("cache-control"), Some("max-age=40, immutable"));
            }
            origin.ran(1);
        }
    }
}

#[tokio::test]
async fn client_max_age_is_sent_until_less_ttl_remains() {
    for bench in Bench::every().await {
        let handler = handler!(short, #[cache(expire = 60, client_max_age = "10s")]);
        let app = bench.app(at_root(handler, &Origin::counting()));
        let hit = miss_then_hit(&app, "/").await;
        assert_eq!(hit.header("cache-control"), Some("private, max-age=10"));
        assert_eq!(hit.header("expires"), Some("Tue, 14 Nov 2023 22:13:30 GMT"));
        stored(&app, "/").await;
        bench.clock.advance(secs(50));
        assert_eq!(
            app.get("/").await.header("cache-control"),
            Some("private, max-age=10")
        );
        bench.clock.advance(secs(6));
        let hit = app.get("/").await;
        assert_eq!(
            (hit.x_cache(), hit.header("cache-control")),
            (Some("Hit"), Some("private, max-age=4"))
        );
    }
}

#[tokio::test]
async fn client_max_age_zero_has_clients_ask_each_time() {
    for bench in Bench::every().await {
        let handler = handler!(zero, #[cache(expire = 60, client_max_age = 0)]);
        let origin = Origin::counting();
        let app = bench.app(at_root(handler, &origin));
        let hit = miss_then_hit(&app, "/").await;
        assert_eq!(
            (hit.header("cache-control"), hit.header("expires")),
            (Some("private, no-cache"), None)
        );
        let etag = hit.header("etag").unwrap();
        let answer = app
            .get_with("/", [("if-none-match", etag), ("cookie", "a=b")])
            .await;
        assert_eq!(answer.status, StatusCode::NOT_MODIFIED);
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        origin.ran(1);
    }
}

fn wanted(parts: &Parts) -> bool {
    parts.headers.contains_key("x-keep")
}

#[tokio::test]
async fn store_if_decides_by_path_or_closure() {
    for bench in Bench::every().await {
        for handler in [
            handler!(by_path, #[cache(expire = 60, store_if = wanted)]),
            handler!(by_closure, #[cache(expire = 60, store_if = |parts| parts.headers.contains_key("x-keep"))]),
        ] {
            let origin = Origin::new(|run| {
                let name = if run == 1 { "x-drop" } else { "x-keep" };
                ([(name, "1")], format!("run {run}"))
            });
            let app = bench.app(at_root(handler, &origin));
            let refused = app.get("/").await;
            assert_eq!((refused.x_cache(), refused.text()), (Some("Miss"), "run 1"));
            assert_eq!(
                (refused.header("cache-control"), refused.header("etag")),
                (Some("private, no-cache"), None)
            );
            let next = app.get("/").await;
            assert_eq!((next.x_cache(), next.text()), (Some("Miss"), "run 2"));
        }
        let origin = Origin::new(|_| [("x-keep", "1")]);
        let kept = handler!(kept, #[cache(expire = 60, store_if = wanted)]);
        miss_then_hit(&bench.app(at_root(kept, &origin)), "/").await;
        origin.ran(1);
    }
}

#[tokio::test]
async fn p5_store_if_never_allows_what_the_rules_reject() {
    for response in [
        || [("set-cookie", "a=b")].into_response(),
        || [("cache-control", "no-store")].into_response(),
        || StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        || StatusCode::NOT_FOUND.into_response(),
    ] as [fn() -> Response; 4]
    {
        for bench in Bench::every().await {
            let origin = Origin::new(move |_| response());
            let handler = handler!(any, #[cache(expire = 60, store_if = |_| true)]);
            let app = bench.app(at_root(handler, &origin));
            for run in 1..=2 {
                assert_eq!(app.get("/").await.x_cache(), Some("Miss"));
                origin.ran(run);
            }
        }
    }
}

#[tokio::test]
async fn p1_a_store_if_that_panics_costs_the_entry_and_not_the_response() {
    for bench in Bench::every().await {
        let handler = handler!(panicking, #[cache(expire = 60, store_if = |_| panic!("as this test wants"))]);
        let app = bench.app(at_root(handler, &Origin::counting()));
        for body in ["run 1", "run 2"] {
            let answer = app.get("/").await;
            assert_eq!((answer.status, answer.x_cache()), (StatusCode::OK, Some("Miss")));
            assert_eq!(answer.text(), body);
        }
    }
}

const LIMIT: usize = 2 * 4;

#[tokio::test]
async fn max_body_of_the_handler_comes_before_the_caches() {
    for bench in Bench::every_with(|builder| builder.max_body(4)).await {
        for (handler, limit) in [
            (handler!(literal, #[cache(expire = 60, max_body = 6)]), 6),
            (handler!(constant, #[cache(expire = 60, max_body = LIMIT)]), 8),
            (handler!(expression, #[cache(expire = 60, max_body = 1 + 1)]), 2),
            (handler!(nothing, #[cache(expire = 60, max_body = 0)]), 0),
            (handler!(default, #[cache(expire = 60)]), 4),
        ] {
            let fits = Origin::new(move |_| "x".repeat(limit));
            let app = bench.app(at_root(handler.clone(), &fits));
            assert_eq!(miss_then_hit(&app, "/").await.text().len(), limit);
            stored(&app, "/").await;
            bench.clock.advance(secs(60));
            let larger = Origin::new(move |_| "x".repeat(limit + 1));
            let app = bench.app(at_root(handler, &larger));
            for run in 1..=2 {
                let answer = app.get("/").await;
                assert_eq!((answer.x_cache(), answer.text().len()), (Some("Miss"), limit + 1));
                larger.ran(run);
            }
        }
    }
}

const BASE: Policy = Policy::new()
    .expire(Duration::from_secs(7200))
    .vary(&["accept-language"])
    .not_found(Duration::from_secs(100))
    .client_max_age_remaining()
    .private();

#[tokio::test]
async fn a_policy_is_a_preset_of_the_users_own() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(at_root(handler!(page, #[cache(policy = BASE)]), &origin));
        let hit = miss_then_hit(&app, "/").await;
        assert_eq!(hit.header("cache-control"), Some("private, max-age=7200"));
        assert_eq!(hit.header("vary"), Some("accept-language"));
        assert_eq!(
            app.get_with("/", [("accept-language", "en")]).await.x_cache(),
            Some("Miss")
        );
        origin.ran(2);
        let lost = Origin::new(|_| StatusCode::NOT_FOUND);
        let app = bench.app(at_root(handler!(lost, #[cache(policy = BASE)]), &lost));
        assert_eq!(
            miss_then_hit(&app, "/").await.header("cache-control"),
            Some("private, max-age=100")
        );
    }
}

#[tokio::test]
async fn options_beside_a_policy_override_it() {
    for bench in Bench::every().await {
        for (handler, control, vary) in [
            (
                handler!(ninety, #[cache(policy = BASE, expire = 90, public)]),
                "public, max-age=90",
                "accept-language",
            ),
            (
                handler!(hour, #[cache_one_hour(policy = BASE, vary = ["accept"])]),
                "private, max-age=3600",
                "accept",
            ),
        ] {
            let hit = miss_then_hit(&bench.app(at_root(handler, &Origin::counting())), "/").await;
            assert_eq!(
                (hit.header("cache-control"), hit.header("vary")),
                (Some(control), Some(vary))
            );
        }
    }
}

const SEARCH: Policy = Policy::new()
    .expire(Duration::from_secs(60))
    .methods(MethodFilter::POST);

#[cache(policy = SEARCH)]
async fn find(State(origin): State<Origin>, Path(id): Path<u8>, words: String) -> String {
    origin.answer().await;
    format!("{id} {words}")
}

#[tokio::test]
async fn a_policy_may_name_methods() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let router = Router::new()
            .route("/{id}", post(find).get(find))
            .with_state(origin.clone());
        let app = bench.app(router);
        for (path, words, x_cache) in [
            ("/1", "a", "Miss"),
            ("/1", "a", "Hit"),
            ("/1", "b", "Miss"),
            ("/2", "a", "Miss"),
        ] {
            let answer = app.send(axum::http::Method::POST, path, [], words).await;
            assert_eq!(answer.x_cache(), Some(x_cache), "{path} {words}");
            assert_eq!(answer.text(), format!("{} {words}", &path[1..]));
        }
        assert_untouched(&app.send(axum::http::Method::GET, "/1", [], Body::from("a")).await);
        origin.ran(4);
    }
}
