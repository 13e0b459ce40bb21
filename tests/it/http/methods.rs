//! Which methods are cached, and HEAD served from the entry of GET.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{Method, StatusCode},
    response::Response,
    routing::{any, post},
};
use handler_cache::cache;

use crate::{
    answers::{assert_untouched, miss_then_hit},
    handlers::origin::{Origin, at_root, pages, stored},
    support::app::Bench,
};

#[tokio::test]
async fn other_methods_run_the_handler_and_get_no_cache_header() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        app.get("/").await;
        stored(&app, "/").await;
        let methods = [
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
            Method::TRACE,
        ];
        for (run, method) in (2..).zip(methods) {
            let answer = app.send(method, "/", [], Body::empty()).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.text(), format!("run {run}"));
            assert_untouched(&answer);
        }
        assert_eq!(app.get("/").await.text(), "run 1", "GET's entry is unchanged");
        origin.ran(7);
    }
}

#[tokio::test]
async fn an_unknown_method_runs_the_handler() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        for run in 1..=2 {
            let method = Method::from_bytes(b"PROPFIND").unwrap();
            let answer = app.send(method, "/", [], Body::empty()).await;
            assert_eq!(answer.text(), format!("run {run}"));
            assert_untouched(&answer);
        }
    }
}

#[cache(expire = 60, methods = [GET, POST])]
async fn listed(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn listed_methods_have_entries_of_their_own() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(at_root(any(listed), &origin));
        assert_eq!(miss_then_hit(&app, "/").await.text(), "run 1");
        for x_cache in ["Miss", "Hit"] {
            let posted = app.send(Method::POST, "/", [], Body::empty()).await;
            assert_eq!((posted.x_cache(), posted.text()), (Some(x_cache), "run 2"));
        }
        assert_eq!(app.get("/").await.text(), "run 1");
        let put = app.send(Method::PUT, "/", [], Body::empty()).await;
        assert_eq!(put.text(), "run 3");
        assert_untouched(&put);
        origin.ran(3);
    }
}

#[cache(expire = 60, methods = [POST])]
async fn search(State(origin): State<Origin>, Json(words): Json<Vec<String>>) -> String {
    origin.answer().await;
    words.join(" ")
}

#[tokio::test]
async fn the_body_of_a_listed_method_is_in_the_key() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(at_root(post(search), &origin));
        let json = [("content-type", "application/json")];
        for (x_cache, body, words) in [
            ("Miss", r#"["a", "b"]"#, "a b"),
            ("Hit", r#"["a","b"]"#, "a b"),
            ("Miss", r#"["a b"]"#, "a b"),
            ("Miss", "[]", ""),
            ("Hit", "[]", ""),
        ] {
            let answer = app.send(Method::POST, "/", json, body).await;
            assert_eq!(
                (answer.x_cache(), answer.text()),
                (Some(x_cache), words),
                "{body}"
            );
        }
        origin.ran(3);
        // axum's own answer, at a time when there are entries.
        let broken = app.send(Method::POST, "/", json, "[").await;
        assert_eq!(broken.status, StatusCode::BAD_REQUEST);
        assert_untouched(&broken);
        origin.ran(3);
    }
}

#[cache(expire = 60, methods = [POST])]
async fn without_get(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn head_and_get_bypass_the_cache_unless_get_is_listed() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(at_root(any(without_get), &origin));
        for method in [Method::GET, Method::HEAD, Method::GET] {
            assert_untouched(&app.send(method, "/", [], Body::empty()).await);
        }
        origin.ran(3);
    }
}

#[tokio::test]
async fn head_is_answered_from_the_entry_of_get_with_its_length() {
    for bench in Bench::every().await {
        let origin = Origin::new(|run| ([("x-run", run.to_string())], "twelve bytes"));
        let app = bench.app(pages(&origin));
        let got = app.get("/").await;
        stored(&app, "/").await;
        let head = app.send(Method::HEAD, "/", [], Body::empty()).await;
        assert_eq!((head.status, head.x_cache()), (StatusCode::OK, Some("Hit")));
        assert_eq!(head.header("content-length"), Some("12"));
        assert!(head.body.is_empty());
        for name in [
            "etag",
            "cache-control",
            "expires",
            "content-type",
            "content-length",
            "x-run",
        ] {
            assert_eq!(head.header(name), got.header(name), "{name}");
        }
        origin.ran(1);
    }
}

#[tokio::test]
async fn head_of_an_empty_page_says_that_it_is_empty() {
    for bench in Bench::every().await {
        let app = bench.app(pages(&Origin::new(|_| "")));
        app.get("/").await;
        stored(&app, "/").await;
        let head = app.send(Method::HEAD, "/", [], Body::empty()).await;
        assert_eq!(
            (head.x_cache(), head.header("content-length")),
            (Some("Hit"), Some("0"))
        );
    }
}

#[tokio::test]
async fn a_head_that_misses_never_fills() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        for run in 1..=2 {
            let head = app.send(Method::HEAD, "/", [], Body::empty()).await;
            assert_eq!((head.status, head.x_cache()), (StatusCode::OK, Some("Miss")));
            assert!(head.body.is_empty());
            assert_eq!(head.header("content-length"), Some("5"));
            origin.ran(run);
        }
        assert_eq!(miss_then_hit(&app, "/").await.text(), "run 3");
        origin.ran(3);
    }
}

#[tokio::test]
async fn a_head_that_has_the_page_already_gets_304() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        let etag = app.get("/").await.header("etag").unwrap().to_owned();
        stored(&app, "/").await;
        let head = app
            .send(Method::HEAD, "/", [("if-none-match", &*etag)], Body::empty())
            .await;
        assert_eq!(
            (head.status, head.x_cache()),
            (StatusCode::NOT_MODIFIED, Some("Hit"))
        );
        assert_eq!(head.header("etag"), Some(&*etag));
        assert_eq!(head.header("content-length"), None);
        origin.ran(1);
    }
}

#[tokio::test]
async fn a_head_that_may_not_run_the_handler_gets_504_or_the_entry() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        let wish = [("cache-control", "only-if-cached")];
        let head = app.send(Method::HEAD, "/", wish, Body::empty()).await;
        assert_eq!(head.status, StatusCode::GATEWAY_TIMEOUT);
        app.get("/").await;
        stored(&app, "/").await;
        let head = app.send(Method::HEAD, "/", wish, Body::empty()).await;
        assert_eq!((head.status, head.x_cache()), (StatusCode::OK, Some("Hit")));
        origin.ran(1);
    }
}
