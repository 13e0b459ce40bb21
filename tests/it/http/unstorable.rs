//! P5: responses that must not be shared are neither stored nor given to waiters.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    http::StatusCode,
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use handler_cache::cache;

use crate::{
    answers::miss_then_hit,
    handlers::origin::{Origin, at_root, pages, together},
    support::app::Bench,
};

type Line = (&'static str, &'static str);

/// Lines that keep a response from being stored.
const REFUSED: [Line; 21] = [
    ("set-cookie", "session=1"),
    ("set-cookie", ""),
    ("cache-control", "no-store"),
    ("cache-control", "private"),
    ("cache-control", "no-cache"),
    ("cache-control", "Public, No-Store"),
    ("cache-control", "max-age=30, PRIVATE"),
    ("cache-control", "private=\"x-user\""),
    ("cache-control", "no-cache=\"set-cookie\""),
    ("cache-control", "max-age=0"),
    ("cache-control", "s-maxage=0, max-age=100"),
    ("cache-control", "max-age=oops"),
    ("expires", "0"),
    ("expires", "Tue, 14 Nov 2023 22:13:20 GMT"),
    ("vary", "*"),
    ("vary", "accept-language, *"),
    ("vary", "cookie"),
    ("vary", "Accept-Encoding,User-Agent"),
    ("content-encoding", "gzip"),
    ("content-range", "bytes 0-4/10"),
    ("content-type", "Text/Event-Stream; charset=utf-8"),
];

fn with(line: Line, run: usize) -> Response {
    ([line], format!("for {run} alone")).into_response()
}

#[tokio::test]
async fn p5_responses_that_must_not_be_shared_are_not_stored() {
    for bench in Bench::every().await {
        for (number, line) in REFUSED.into_iter().enumerate() {
            let origin = Origin::new(move |run| with(line, run));
            let app = bench.app(pages(&origin));
            for run in 1..=2 {
                let answer = app.get(&format!("/{number}")).await;
                assert_eq!(
                    (answer.status, answer.x_cache()),
                    (StatusCode::OK, Some("Miss")),
                    "{line:?}"
                );
                assert_eq!(answer.text(), format!("for {run} alone"), "{line:?}");
                assert_eq!(answer.header(line.0), Some(line.1), "passed on as it is");
                assert_eq!(answer.header("etag"), None);
            }
            origin.ran(2);
        }
    }
}

#[tokio::test]
async fn p5_waiters_of_a_response_that_must_not_be_shared_each_run_the_handler() {
    for bench in Bench::every().await {
        for (number, line) in REFUSED.into_iter().enumerate() {
            let origin = Origin::held(move |run| with(line, run));
            let app = bench.app(pages(&origin));
            let answers = together(&app, &origin, &format!("/{number}"), 8).await;
            origin.ran(8);
            let bodies: BTreeSet<_> = answers.iter().map(|answer| answer.text()).collect();
            assert_eq!(bodies.len(), 8, "{line:?}: each has its own");
            assert!(
                answers.iter().all(|answer| answer.x_cache() == Some("Miss")),
                "{line:?}"
            );
        }
    }
}

#[tokio::test]
async fn p5_a_failure_with_a_cookie_is_not_given_to_waiters() {
    for bench in Bench::every().await {
        for (path, line) in [
            ("/1", ("set-cookie", "session=1")),
            ("/2", ("cache-control", "private")),
            ("/3", ("vary", "cookie")),
            ("/4", ("content-encoding", "gzip")),
        ] {
            let failed = StatusCode::INTERNAL_SERVER_ERROR;
            let origin = Origin::held(move |run| (failed, [line], format!("for {run}")));
            let app = bench.app(pages(&origin));
            let answers = together(&app, &origin, path, 8).await;
            let bodies: BTreeSet<_> = answers.iter().map(|answer| answer.text()).collect();
            assert_eq!(bodies.len(), 8, "{line:?}");
        }
    }
}

#[tokio::test]
async fn p5_directives_on_a_second_line_count_too() {
    for lines in [
        [("cache-control", "public"), ("cache-control", "no-store")],
        [("vary", ""), ("vary", "cookie")],
        [("content-type", "text/plain"), ("set-cookie", "a=b")],
    ] {
        for bench in Bench::every().await {
            let origin = Origin::new(move |run| (AppendHeaders(lines), run.to_string()));
            let app = bench.app(pages(&origin));
            for body in ["1", "2"] {
                assert_eq!(app.get("/").await.text(), body, "{lines:?}");
            }
        }
    }
}

#[tokio::test]
async fn responses_with_similar_directives_are_stored() {
    for line in [
        ("cache-control", "public, max-age=30, x=\"no-store, private\""),
        ("cache-control", "must-revalidate, proxy-revalidate, immutable"),
        ("vary", ""),
        ("vary", " , "),
        ("x-set-cookie", "a=b"),
        ("content-type", "text/event-streams"),
    ] {
        for bench in Bench::every().await {
            let origin = Origin::new(move |run| ([line], run.to_string()));
            let app = bench.app(pages(&origin));
            for _ in 0..2 {
                assert_eq!(app.get("/").await.text(), "1", "{line:?}");
            }
            origin.ran(1);
        }
    }
}

#[cache(expire = 60, vary = ["accept-encoding", "accept-language"])]
async fn variants(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn keyed_headers_may_be_in_vary_and_content_encoding() {
    for lines in [
        [("vary", "Accept-Encoding"), ("content-encoding", "gzip")],
        [("vary", "accept-language, ACCEPT-ENCODING"), ("x-a", "b")],
    ] {
        for bench in Bench::every().await {
            let origin = Origin::new(move |run| (lines, run.to_string()));
            let hit = miss_then_hit(&bench.app(at_root(get(variants), &origin)), "/").await;
            for (name, value) in lines {
                assert!(
                    hit.headers.get_all(name).iter().any(|line| line == value),
                    "{hit:?}"
                );
            }
            origin.ran(1);
        }
    }
}

#[tokio::test]
async fn headers_of_the_connection_are_left_out_and_the_rest_is_stored() {
    const HOPS: [Line; 9] = [
        ("connection", "x-hop, Keep-Alive"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "Basic"),
        ("proxy-connection", "close"),
        ("te", "trailers"),
        ("trailer", "x-sum"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
    ];
    for bench in Bench::every().await {
        let origin = Origin::new(|_| (AppendHeaders(HOPS), [("x-kept", "1")], "text"));
        let hit = miss_then_hit(&bench.app(pages(&origin)), "/").await;
        for (name, _) in HOPS {
            assert_eq!(hit.header(name), None, "{name}");
        }
        assert_eq!((hit.header("x-kept"), hit.text()), (Some("1"), "text"));
        origin.ran(1);
    }
}

#[tokio::test]
async fn p5_a_panic_is_not_stored_and_waiters_are_served() {
    for bench in Bench::every().await {
        let origin = Origin::held(|run| match run {
            1 => panic!("the first run fails, as this test wants"),
            _ => format!("run {run}"),
        });
        let app = bench.app(pages(&origin));
        let first = tokio::spawn({
            let app = app.clone();
            async move { app.get("/").await }
        });
        origin.entered().await;
        let (second, ()) = tokio::join!(app.get("/"), async { origin.open() });
        assert!(first.await.unwrap_err().is_panic(), "as without a cache");
        assert_eq!((second.status, second.text()), (StatusCode::OK, "run 2"));
        assert_eq!(app.get("/").await.x_cache(), Some("Hit"));
        origin.ran(2);
    }
}
