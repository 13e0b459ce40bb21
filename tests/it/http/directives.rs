//! `Cache-Control`, `Pragma` and `Range` of requests.

use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode},
    routing::get,
};
use handler_cache::{cache, policy::ClientControl};

use crate::{
    answers::{assert_untouched, miss_then_hit},
    handlers::origin::{Origin, pages, secs, stored},
    support::app::Bench,
};

#[tokio::test]
async fn no_store_and_no_cache_in_any_form_bypass_the_cache() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        let lines = [
            ("cache-control", "no-store"),
            ("cache-control", "no-cache"),
            ("cache-control", "NO-STORE"),
            ("cache-control", "No-Cache"),
            ("cache-control", "max-age=100,no-cache"),
            ("cache-control", " , max-age=\"1, 2\" ,\tno-store"),
            ("cache-control", "no-cache=\"x\""),
            ("pragma", "no-cache"),
            ("Pragma", "x, No-Cache"),
        ];
        let mut run = 0;
        // With and without something to read.
        for _ in 0..2 {
            for line in lines {
                let answer = app.get_with("/", [line]).await;
                run += 1;
                assert_eq!(answer.text(), format!("run {run}"), "{line:?}");
                assert_untouched(&answer);
            }
            if run == lines.len() {
                assert_eq!(app.get("/").await.x_cache(), Some("Miss"), "nothing was stored");
                stored(&app, "/").await;
                run += 1;
            }
        }
        assert_eq!(app.get("/").await.text(), "run 10", "nor was anything replaced");
        origin.ran(2 * lines.len() + 1);
    }
}

#[tokio::test]
async fn lines_of_cache_control_are_one_list() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        let lines = [("cache-control", "max-age=100"), ("cache-control", "no-store")];
        for _ in 0..2 {
            assert_untouched(&app.get_with("/", lines).await);
        }
        origin.ran(2);
    }
}

#[tokio::test]
async fn words_that_only_look_like_directives_change_nothing() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        app.get("/").await;
        for line in [
            ("cache-control", "x=\"no-cache, no-store\""),
            ("cache-control", "no-cached, xno-store"),
            ("cache-control", "no-transform"),
            ("cache-control", ""),
            ("cache-control", "="),
            ("pragma", "no-store"),
            ("pragma", ""),
        ] {
            let answer = app.get_with("/", [line]).await;
            assert_eq!(
                (answer.x_cache(), answer.text()),
                (Some("Hit"), "run 1"),
                "{line:?}"
            );
        }
        origin.ran(1);
    }
}

#[tokio::test]
async fn range_bypasses_the_cache() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        let part = [("range", "bytes=0-1")];
        assert_untouched(&app.get_with("/", part).await);
        assert_eq!(app.get("/").await.x_cache(), Some("Miss"));
        stored(&app, "/").await;
        let answer = app.get_with("/", part).await;
        assert_eq!(answer.text(), "run 3");
        assert_untouched(&answer);
        origin.ran(3);
    }
}

#[tokio::test]
async fn refresh_runs_the_handler_for_no_cache_and_stores_its_answer() {
    for bench in Bench::every_with(|builder| builder.client_control(ClientControl::Refresh)).await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        app.get("/").await;
        for (run, line) in [(2, ("cache-control", "no-cache")), (3, ("pragma", "no-cache"))] {
            stored(&app, "/").await;
            let fresh = app.get_with("/", [line]).await;
            assert_eq!(
                (fresh.x_cache(), fresh.text()),
                (Some("Miss"), &*format!("run {run}"))
            );
            bench.settled().await;
            let next = app.get("/").await;
            assert_eq!(
                (next.x_cache(), next.text()),
                (Some("Hit"), &*format!("run {run}"))
            );
        }
        stored(&app, "/").await;
        let past = app.get_with("/", [("cache-control", "no-cache, no-store")]).await;
        assert_eq!(past.text(), "run 4");
        assert_untouched(&past);
        assert_eq!(app.get("/").await.text(), "run 3", "no-store stores nothing");
    }
}

#[tokio::test]
async fn a_head_that_refreshes_stores_nothing() {
    for bench in Bench::every_with(|builder| builder.client_control(ClientControl::Refresh)).await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        app.get("/").await;
        stored(&app, "/").await;
        let head = app
            .send(Method::HEAD, "/", [("cache-control", "no-cache")], Body::empty())
            .await;
        assert_eq!(head.x_cache(), Some("Miss"));
        assert_eq!(app.get("/").await.text(), "run 1");
        origin.ran(2);
    }
}

#[tokio::test]
async fn ignore_leaves_clients_no_way_to_force_work() {
    for bench in Bench::every_with(|builder| builder.client_control(ClientControl::Ignore)).await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        // Not even a 504.
        let first = app.get_with("/", [("cache-control", "only-if-cached")]).await;
        assert_eq!((first.status, first.text()), (StatusCode::OK, "run 1"));
        for line in [
            ("cache-control", "no-store"),
            ("cache-control", "no-cache"),
            ("cache-control", "max-age=0"),
            ("cache-control", "min-fresh=1000"),
            ("pragma", "no-cache"),
        ] {
            let answer = app.get_with("/", [line]).await;
            assert_eq!(
                (answer.x_cache(), answer.text()),
                (Some("Hit"), "run 1"),
                "{line:?}"
            );
        }
        origin.ran(1);
    }
}

#[tokio::test]
async fn only_if_cached_gets_504_on_a_miss() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        let only_if_cached = [("cache-control", "only-if-cached")];
        let nothing = app.get_with("/", only_if_cached).await;
        assert_eq!(nothing.status, StatusCode::GATEWAY_TIMEOUT);
        assert!(nothing.body.is_empty());
        origin.ran(0);
        app.get("/").await;
        let answer = stored(&app, "/").await;
        assert_eq!((answer.x_cache(), answer.text()), (Some("Hit"), "run 1"));
        let too_old = app
            .get_with("/", [("cache-control", "only-if-cached, max-age=0")])
            .await;
        assert_eq!(too_old.status, StatusCode::GATEWAY_TIMEOUT);
        bench.clock.advance(secs(60));
        let expired = app.get_with("/", only_if_cached).await;
        assert_eq!(expired.status, StatusCode::GATEWAY_TIMEOUT);
        origin.ran(1);
    }
}

#[tokio::test]
async fn only_if_cached_gets_504_while_another_request_fills() {
    for bench in Bench::every().await {
        let origin = Origin::held(|_| "page");
        let app = bench.app(pages(&origin));
        let (filled, asked) = tokio::join!(app.get("/"), async {
            origin.entered().await;
            let asked = app.get_with("/", [("cache-control", "only-if-cached")]).await;
            origin.open();
            asked
        });
        assert_eq!(asked.status, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(filled.text(), "page");
        origin.ran(1);
    }
}

#[tokio::test]
async fn max_age_rejects_older_entries_and_the_new_response_is_shared() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        app.get("/").await;
        stored(&app, "/").await;
        bench.clock.advance(secs(10));
        for (wish, x_cache, text) in [
            ("max-age=11", "Hit", "run 1"),
            ("max-age=10", "Hit", "run 1"),
            ("max-age=9", "Miss", "run 2"),
            ("max-age=9", "Hit", "run 2"),
        ] {
            let answer = app.get_with("/", [("cache-control", wish)]).await;
            assert_eq!((answer.x_cache(), answer.text()), (Some(x_cache), text), "{wish}");
            bench.settled().await;
        }
        assert_eq!(app.get("/").await.text(), "run 2");
        origin.ran(2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn max_age_zero_always_runs_the_handler_however_soon_it_comes() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        app.get("/").await;
        // Some come while the answer before is still on its way to the store.
        for run in 2..50 {
            let answer = app.get_with("/", [("cache-control", "max-age=0")]).await;
            assert_eq!(
                (answer.x_cache(), answer.text()),
                (Some("Miss"), &*format!("run {run}"))
            );
        }
        bench.settled().await;
        let last = app.get("/").await;
        assert_eq!(
            (last.x_cache(), last.text()),
            (Some("Hit"), "run 49"),
            "the last one is kept"
        );
    }
}

#[tokio::test]
async fn an_invalid_max_age_counts_as_zero() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        app.get("/").await;
        for (run, wish) in (2..).zip(["max-age=-1", "max-age=soon", "max-age", "max-age=5, max-age=0"]) {
            stored(&app, "/").await;
            let answer = app.get_with("/", [("cache-control", wish)]).await;
            assert_eq!(answer.text(), format!("run {run}"), "{wish}");
        }
        let answer = app
            .get_with("/", [("cache-control", "max-age=99999999999999999999999")])
            .await;
        assert_eq!(answer.x_cache(), Some("Hit"));
    }
}

#[tokio::test]
async fn min_fresh_wants_as_much_left() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        app.get("/").await;
        stored(&app, "/").await;
        bench.clock.advance(secs(20));
        for (wish, x_cache, text) in [
            ("min-fresh=40", "Hit", "run 1"),
            ("min-fresh=41", "Miss", "run 2"),
            ("min-fresh=41", "Hit", "run 2"),
        ] {
            let answer = app.get_with("/", [("cache-control", wish)]).await;
            assert_eq!((answer.x_cache(), answer.text()), (Some(x_cache), text), "{wish}");
        }
    }
}

#[tokio::test]
async fn max_stale_does_not_revive_expired_entries() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        assert_eq!(miss_then_hit(&app, "/").await.text(), "run 1");
        stored(&app, "/").await;
        bench.clock.advance(secs(61));
        let answer = app.get_with("/", [("cache-control", "max-stale=100")]).await;
        assert_eq!((answer.x_cache(), answer.text()), (Some("Miss"), "run 2"));
    }
}

#[cache(expire = 60, name = "newer")]
async fn newer() -> &'static str {
    "plain"
}

/// RFC 9111 section 5.2.1.7, with an entry of a later release that this one cannot read.
#[tokio::test]
async fn only_if_cached_never_runs_the_handler_for_a_newer_redis_entry() {
    let bench = Bench::redis().await;
    let app = bench.app(Router::new().route("/", get(newer)));
    let record = b"\xf5hce\x09aaaaaaaaaaaaaaaaaaaaaaaaaaa".as_slice();
    bench
        .server()
        .command([b"SET".as_slice(), b"test:newer()", record]);
    let answer = app.get_with("/", [("cache-control", "only-if-cached")]).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(app.get("/").await.text(), "plain");
    assert_eq!(bench.server().get("test:newer()").as_deref(), Some(record));
}
