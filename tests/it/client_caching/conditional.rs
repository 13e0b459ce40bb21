//! `If-None-Match` and `If-Modified-Since`.

use axum::{
    body::Body,
    extract::State,
    http::{Method, StatusCode},
    response::Response,
    routing::{any, get},
};
use futures_util::future::join_all;
use handler_cache::cache;

use crate::{
    handlers::origin::{Origin, at_root, pages, stored},
    support::app::{Answer, Bench},
};

const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

#[cache(expire = 60, vary = ["accept-language"], client_max_age = "remaining")]
async fn article(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

/// The names of the headers, in order of the alphabet.
fn names(answer: &Answer) -> Vec<&str> {
    let mut names: Vec<_> = answer.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_304_has_no_body_and_only_the_headers_that_belong_there() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| {
            (
                [
                    ("content-location", "/article.en"),
                    ("content-language", "en"),
                    ("last-modified", MODIFIED),
                    ("x-own", "1"),
                ],
                "text",
            )
        });
        let app = bench.app(at_root(get(article), &origin));
        let whole = app.get("/").await;
        let etag = whole.header("etag").unwrap();
        let answer = app.get_with("/", [("if-none-match", etag)]).await;
        assert_eq!(
            (answer.status, answer.x_cache()),
            (StatusCode::NOT_MODIFIED, Some("Hit"))
        );
        assert!(answer.body.is_empty());
        assert_eq!(
            names(&answer),
            [
                "cache-control",
                "content-location",
                "etag",
                "expires",
                "vary",
                "x-cache"
            ]
        );
        for name in ["cache-control", "content-location", "etag", "expires", "vary"] {
            assert_eq!(answer.header(name), whole.header(name), "{name}");
        }
        origin.ran(1);
    }
}

#[tokio::test]
async fn the_list_is_compared_weakly_member_by_member() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| ([("etag", "\"a,b\"")], "text"));
        let app = bench.app(pages(&origin));
        app.get("/").await;
        for (list, status) in [
            ("\"a,b\"", 304),
            ("W/\"a,b\"", 304),
            ("\"x\", W/\"y\", \"a,b\"", 304),
            (",, \"a,b\" ,", 304),
            ("*", 304),
            ("\"a\"", 200),
            ("\"a\", \"b\"", 200),
            ("\"A,B\"", 200),
            ("a,b", 200),
            ("w/\"a,b\"", 200),
            ("", 200),
        ] {
            let answer = app.get_with("/", [("if-none-match", list)]).await;
            assert_eq!(
                (answer.status.as_u16(), answer.x_cache()),
                (status, Some("Hit")),
                "{list}"
            );
            assert_eq!(answer.body.is_empty(), status == 304, "{list}");
            assert_eq!(
                answer.header("etag"),
                Some("\"a,b\""),
                "the handler's own is kept"
            );
        }
        let lines = [("if-none-match", "\"x\""), ("if-none-match", "\"a,b\"")];
        assert_eq!(app.get_with("/", lines).await.status, StatusCode::NOT_MODIFIED);
        origin.ran(1);
    }
}

#[tokio::test]
async fn also_a_miss_gets_304_after_the_handler_ran_and_the_whole_is_stored() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| "text");
        let app = bench.app(pages(&origin));
        let etag = app.get("/").await.header("etag").unwrap().to_owned();
        stored(&app, "/").await;
        bench.clock.advance(crate::handlers::origin::secs(60));
        let miss = app.get_with("/", [("if-none-match", &*etag)]).await;
        assert_eq!(
            (miss.status, miss.x_cache()),
            (StatusCode::NOT_MODIFIED, Some("Miss"))
        );
        assert!(miss.body.is_empty());
        assert_eq!(miss.header("etag"), Some(&*etag));
        assert_eq!(miss.header("cache-control"), Some("private, no-cache"));
        origin.ran(2);
        let hit = app.get("/").await;
        assert_eq!(
            (hit.status, hit.x_cache(), hit.text()),
            (StatusCode::OK, Some("Hit"), "text")
        );
        origin.ran(2);
    }
}

#[tokio::test]
async fn if_none_match_beats_if_modified_since() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| ([("last-modified", MODIFIED)], "text"));
        let app = bench.app(pages(&origin));
        let etag = app.get("/").await.header("etag").unwrap().to_owned();
        for (tag, since, status) in [
            ("\"other\"", MODIFIED, 200),
            (&*etag, "Sun, 06 Nov 1994 08:49:36 GMT", 304),
        ] {
            let conditions = [("if-none-match", tag), ("if-modified-since", since)];
            assert_eq!(
                app.get_with("/", conditions).await.status.as_u16(),
                status,
                "{tag}"
            );
        }
    }
}

#[tokio::test]
async fn if_modified_since_is_compared_with_the_handlers_last_modified() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| ([("last-modified", MODIFIED)], "text"));
        let app = bench.app(pages(&origin));
        app.get("/").await;
        for (since, status) in [
            (MODIFIED, 304),
            ("Sun, 06 Nov 1994 08:49:38 GMT", 304),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 304),
            ("Sun, 06 Nov 1994 08:49:36 GMT", 200),
            ("yesterday", 200),
        ] {
            let answer = app.get_with("/", [("if-modified-since", since)]).await;
            assert_eq!(answer.status.as_u16(), status, "{since}");
        }
        origin.ran(1);
    }
}

#[tokio::test]
async fn without_a_last_modified_if_modified_since_is_passed_over() {
    for bench in Bench::every().await {
        let app = bench.app(pages(&Origin::counting()));
        app.get("/").await;
        let answer = app.get_with("/", [("if-modified-since", MODIFIED)]).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "run 1"));
    }
}

#[tokio::test]
async fn the_generated_etag_is_the_same_on_every_store_and_depends_on_the_body_alone() {
    // The first half of the BLAKE3 of nothing, as its specification prints it.
    const OF_NOTHING: &str = "W/\"af1349b9f5f9a1a6a0404dea36dcc949\"";
    for bench in Bench::every().await {
        let origin = Origin::new(|run| match run {
            1 | 3 => ([("x-run", "odd")], "a"),
            2 => ([("x-run", "even")], "b"),
            _ => ([("x-run", "empty")], ""),
        });
        let app = bench.app(pages(&origin));
        let mut tags = Vec::new();
        for _ in 0..4 {
            let miss = app.get("/").await;
            let hit = stored(&app, "/").await;
            assert_eq!(hit.header("etag"), miss.header("etag"));
            tags.push(miss.header("etag").unwrap().to_owned());
            bench.clock.advance(crate::handlers::origin::secs(60));
        }
        assert_eq!(tags[0], tags[2]);
        assert_ne!(tags[0], tags[1]);
        assert_eq!(tags[3], OF_NOTHING);
    }
}

#[cache(expire = 60, methods = [POST])]
async fn form(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn a_post_is_never_answered_by_304() {
    for bench in Bench::every().await {
        let app = bench.app(at_root(any(form), &Origin::counting()));
        for x_cache in ["Miss", "Hit"] {
            let answer = app
                .send(Method::POST, "/", [("if-none-match", "*")], Body::empty())
                .await;
            assert_eq!((answer.status, answer.x_cache()), (StatusCode::OK, Some(x_cache)));
            assert_eq!(answer.text(), "run 1");
        }
    }
}

#[tokio::test]
async fn only_a_200_becomes_a_304() {
    for status in [
        StatusCode::NON_AUTHORITATIVE_INFORMATION,
        StatusCode::MOVED_PERMANENTLY,
    ] {
        for bench in Bench::every().await {
            let app = bench.app(pages(&Origin::new(move |_| (status, "text"))));
            for _ in 0..2 {
                let answer = app.get_with("/", [("if-none-match", "*")]).await;
                assert_eq!((answer.status, answer.text()), (status, "text"));
            }
        }
    }
}

#[tokio::test]
async fn each_waiter_is_answered_by_its_own_conditions() {
    for bench in Bench::every().await {
        let origin = Origin::held(|_| ([("etag", "\"new\"")], "text"));
        let app = bench.app(pages(&origin));
        let tags = ["\"old\"", "\"new\"", "\"old\"", "\"new\""];
        let asking = join_all(tags.map(|tag| {
            let app = &app;
            async move { app.get_with("/", [("if-none-match", tag)]).await }
        }));
        let (answers, ()) = tokio::join!(asking, async {
            origin.entered().await;
            origin.open();
        });
        for (tag, answer) in tags.iter().zip(&answers) {
            let (status, body) = if *tag == "\"new\"" {
                (304, "")
            } else {
                (200, "text")
            };
            assert_eq!((answer.status.as_u16(), answer.text()), (status, body));
        }
        origin.ran(1);
    }
}
