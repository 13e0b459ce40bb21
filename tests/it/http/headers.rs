//! Headers that the cache adds, and headers of the handler.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use handler_cache::{cache, policy::ClientMaxAge};

use crate::{
    answers::{assert_replays, miss_then_hit},
    handlers::origin::{Origin, at_root, pages, secs, stored, streamed},
    support::app::Bench,
};

#[tokio::test]
async fn clients_revalidate_and_proxies_do_not_store_by_default() {
    for bench in Bench::every().await {
        let app = bench.app(pages(&Origin::counting()));
        for x_cache in ["Miss", "Hit"] {
            let answer = app.get("/").await;
            assert_eq!(answer.x_cache(), Some(x_cache));
            assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
            assert_eq!(answer.header("expires"), None);
            assert!(answer.header("etag").is_some());
        }
    }
}

#[tokio::test]
async fn clients_get_the_remaining_ttl() {
    for bench in Bench::every_with(|builder| builder.client_max_age(ClientMaxAge::Remaining)).await {
        let app = bench.app(pages(&Origin::counting()));
        let miss = app.get("/").await;
        assert_eq!(miss.x_cache(), Some("Miss"));
        assert_eq!(miss.header("cache-control"), Some("private, max-age=60"));
        assert_eq!(miss.header("expires"), Some("Tue, 14 Nov 2023 22:14:20 GMT"));
        let etag = miss.header("etag").unwrap();
        assert!(etag.starts_with("W/\"") && etag.len() == 2 + 34, "{etag}");
        assert_eq!(miss.header("age"), None);
        bench.clock.advance(secs(20));
        let hit = app.get("/").await;
        assert_eq!(hit.x_cache(), Some("Hit"));
        assert_eq!(hit.header("cache-control"), Some("private, max-age=40"));
        assert_eq!(hit.header("expires"), miss.header("expires"));
        assert_eq!(hit.header("etag"), Some(etag));
        assert_eq!(hit.header("age"), None);
    }
}

#[tokio::test]
async fn all_headers_come_back_in_order_with_repeats() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| {
            AppendHeaders([
                ("link", "</b>; rel=next"),
                ("x-many", "2"),
                ("link", "</a>; rel=prev"),
                ("x-many", "1"),
                ("link", "</b>; rel=next"),
                ("x-empty", ""),
                ("x-space", "a  b\tc"),
            ])
        });
        let hit = miss_then_hit(&bench.app(pages(&origin)), "/").await;
        let lines = |name| hit.headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(
            lines("link"),
            ["</b>; rel=next", "</a>; rel=prev", "</b>; rel=next"]
        );
        assert_eq!(lines("x-many"), ["2", "1"]);
        assert_eq!(
            (hit.header("x-empty"), hit.header("x-space")),
            (Some(""), Some("a  b\tc"))
        );
    }
}

#[tokio::test]
async fn header_values_need_not_be_text() {
    for bench in Bench::every().await {
        let value = HeaderValue::from_bytes(b"\xff\xfe caf\xe9").unwrap();
        let sent = value.clone();
        let origin = Origin::new(move |_| [(header::WARNING, sent.clone())]);
        let hit = miss_then_hit(&bench.app(pages(&origin)), "/").await;
        assert_eq!(hit.headers["warning"], value);
    }
}

#[tokio::test]
async fn the_handlers_own_headers_are_kept() {
    for bench in Bench::every_with(|builder| builder.client_max_age(ClientMaxAge::Remaining)).await {
        let origin = Origin::new(|_| {
            (
                [
                    ("etag", "\"own\""),
                    ("expires", "Tue, 14 Nov 2023 22:14:00 GMT"),
                    ("x-cache", "upstream"),
                ],
                "text",
            )
        });
        let hit = miss_then_hit(&bench.app(pages(&origin)), "/").await;
        assert_eq!(hit.header("etag"), Some("\"own\""));
        assert_eq!(hit.header("expires"), Some("Tue, 14 Nov 2023 22:14:00 GMT"));
        assert_eq!(
            hit.header("cache-control"),
            Some("private, max-age=40"),
            "what its `Expires` leaves"
        );
        assert_eq!(hit.x_cache(), Some("Hit"), "one line, ours");
    }
}

#[tokio::test]
async fn the_handlers_cache_control_is_kept_and_age_is_added() {
    for bench in Bench::every().await {
        let origin = Origin::new(|run| ([("cache-control", "public, max-age=30")], format!("run {run}")));
        let app = bench.app(pages(&origin));
        let miss = app.get("/").await;
        assert_eq!(miss.header("cache-control"), Some("public, max-age=30"));
        assert_eq!((miss.header("age"), miss.header("expires")), (None, None));
        stored(&app, "/").await;
        bench.clock.advance(secs(10));
        let hit = app.get("/").await;
        assert_eq!(hit.header("cache-control"), Some("public, max-age=30"));
        assert_eq!((hit.header("age"), hit.header("expires")), (Some("10"), None));
        let etag = hit.header("etag").unwrap();
        let unchanged = app.get_with("/", [("if-none-match", etag)]).await;
        assert_eq!(unchanged.status, 304);
        assert_eq!(unchanged.header("cache-control"), Some("public, max-age=30"));
        assert_eq!(unchanged.header("age"), Some("10"));
        origin.ran(1);
    }
}

#[tokio::test]
async fn a_response_that_was_old_when_it_came_stays_that_much_older() {
    for bench in Bench::every().await {
        let origin = Origin::new(|run| {
            (
                [("cache-control", "max-age=30"), ("age", "12")],
                format!("run {run}"),
            )
        });
        let app = bench.app(pages(&origin));
        app.get("/").await;
        stored(&app, "/").await;
        bench.clock.advance(secs(17));
        let hit = app.get("/").await;
        assert_eq!((hit.text(), hit.header("age")), ("run 1", Some("29")));
        bench.clock.advance(secs(1));
        assert_eq!(app.get("/").await.text(), "run 2");
    }
}

#[tokio::test]
async fn credentials_change_nothing_in_the_generated_cache_control() {
    for line in [
        ("authorization", "Bearer x"),
        ("cookie", "session=1"),
        ("x-api-key", "alice"),
        ("x-forwarded-user", "alice"),
    ] {
        for bench in Bench::every().await {
            let origin = Origin::counting();
            let app = bench.app(pages(&origin));
            for x_cache in ["Miss", "Hit"] {
                let answer = app.get_with("/", [line]).await;
                assert_eq!(answer.x_cache(), Some(x_cache));
                assert_eq!(
                    answer.header("cache-control"),
                    Some("private, no-cache"),
                    "{line:?}"
                );
                let etag = answer.header("etag").unwrap();
                let unchanged = app.get_with("/", [line, ("if-none-match", etag)]).await;
                assert_eq!(unchanged.header("cache-control"), Some("private, no-cache"));
            }
            let stranger = app.get("/").await;
            assert_eq!(stranger.header("cache-control"), Some("private, no-cache"));
            origin.ran(1);
        }
    }
}

#[cache(expire = 60, vary = ["Accept-Language", "accept-encoding"])]
async fn varied(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn vary_names_the_headers_in_the_key() {
    for bench in Bench::every().await {
        let app = bench.app(at_root(get(varied), &Origin::counting()));
        let hit = miss_then_hit(&app, "/").await;
        assert_eq!(hit.header("vary"), Some("accept-language, accept-encoding"));
    }
}

#[tokio::test]
async fn vary_of_the_handler_is_completed() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| [("vary", "Accept-Encoding")]);
        let app = bench.app(at_root(get(varied), &origin));
        let hit = miss_then_hit(&app, "/").await;
        let lines: Vec<_> = hit.headers.get_all("vary").iter().collect();
        assert_eq!(lines, ["Accept-Encoding", "accept-language"]);
    }
}

#[tokio::test]
async fn vary_is_also_sent_with_unstored_responses() {
    let refused: fn() -> Response = || [("set-cookie", "a=b")].into_response();
    for make in [refused, || streamed(&["text"]).into_response()] {
        for bench in Bench::every().await {
            let origin = Origin::new(move |_| make());
            let answer = bench.app(at_root(get(varied), &origin)).get("/").await;
            assert_eq!(answer.x_cache(), Some("Miss"));
            assert_eq!(answer.header("vary"), Some("accept-language, accept-encoding"));
        }
    }
}

#[tokio::test]
async fn waiters_get_what_a_hit_gets() {
    for bench in Bench::every().await {
        let origin = Origin::held(|run| ([("x-run", run.to_string())], "text"));
        let app = bench.app(pages(&origin));
        let answers = crate::handlers::origin::together(&app, &origin, "/", 20).await;
        let (misses, hits): (Vec<_>, Vec<_>) = answers
            .iter()
            .partition(|answer| answer.x_cache() == Some("Miss"));
        assert_eq!((misses.len(), hits.len()), (1, 19));
        for hit in hits {
            assert_replays(hit, misses[0]);
        }
        origin.ran(1);
    }
}
