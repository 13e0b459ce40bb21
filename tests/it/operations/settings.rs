//! Settings of the builder that responses show.

use axum::{extract::State, http::StatusCode, response::Response, routing::get};
use handler_cache::{Cache, cache};

use crate::{
    answers::assert_untouched,
    handlers::origin::{Origin, at_root, pages, secs, stored},
    support::app::{App, Bench, PATIENCE},
};

#[tokio::test]
async fn response_header_names_the_header_that_says_hit_or_miss() {
    for bench in Bench::every_with(|builder| builder.response_header("X-Shop")).await {
        let origin = Origin::counting();
        let app = bench.app(pages(&origin));
        for x_cache in ["Miss", "Hit"] {
            let answer = app.get("/").await;
            assert_eq!(
                (answer.header("x-shop"), answer.header("x-cache")),
                (Some(x_cache), None)
            );
        }
        let unstored = bench
            .app(pages(&Origin::new(|_| StatusCode::NOT_FOUND)))
            .get("/lost")
            .await;
        assert_eq!(unstored.header("x-shop"), Some("Miss"));
        let past = app.get_with("/", [("cache-control", "no-cache")]).await;
        assert_eq!(past.header("x-shop"), None);
    }
}

#[tokio::test]
async fn a_hit_header_that_is_invalid_or_has_a_meaning_is_rejected() {
    let taken = [
        "Cache-Control",
        "content-length",
        "ETag",
        "expires",
        "connection",
        "date",
    ];
    for name in ["", "x cache", "x:cache", "ü"].into_iter().chain(taken) {
        let error = Cache::builder().response_header(name).build().await.unwrap_err();
        assert!(error.is_settings(), "{name}: {error}");
    }
}

#[tokio::test]
async fn cache_status_has_the_words_of_rfc_9211() {
    for bench in Bench::every_with(|builder| builder.cache_status(true)).await {
        let app = bench.app(pages(&Origin::counting()));
        assert_eq!(
            app.get("/").await.header("cache-status"),
            Some("test; fwd=miss; stored")
        );
        stored(&app, "/").await;
        bench.clock.advance(secs(31));
        let hit = app.get("/").await;
        assert_eq!(hit.header("cache-status"), Some("test; hit; ttl=29"));
        let etag = hit.header("etag").unwrap();
        let unchanged = app.get_with("/", [("if-none-match", etag)]).await;
        assert_eq!(unchanged.header("cache-status"), Some("test; hit; ttl=29"));
        assert_untouched(&app.get_with("/", [("pragma", "no-cache")]).await);

        let app = bench.app(pages(&Origin::new(|_| StatusCode::NOT_FOUND)));
        assert_eq!(
            app.get("/lost").await.header("cache-status"),
            Some("test; fwd=miss")
        );
    }
}

#[tokio::test]
async fn cache_status_of_caches_behind_the_handler_comes_first() {
    for bench in Bench::every_with(|builder| builder.cache_status(true)).await {
        let origin = Origin::new(|_| [("cache-status", "origin; hit")]);
        let app = bench.app(pages(&origin));
        for ours in ["test; fwd=miss; stored", "test; hit; ttl=60"] {
            let answer = app.get("/").await;
            let lines: Vec<_> = answer.headers.get_all("cache-status").iter().collect();
            assert_eq!(lines, ["origin; hit", ours]);
        }
        origin.ran(1);
    }
}

#[cache(expire = 60)]
async fn plain(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn caches_of_two_versions_on_one_redis_share_no_entry_and_one_eviction_reaches_both() {
    let server = crate::support::RedisServer::start();
    let origin = Origin::counting();
    let mut apps = Vec::new();
    for version in ["1", "2"] {
        let builder = Cache::builder().prefix("test").url(server.url()).version(version);
        let cache = builder.store_budget(PATIENCE).build().await.unwrap();
        let app = App(at_root(get(plain), &origin).layer(cache.attach()));
        apps.push((cache, app));
    }
    for (run, (_, app)) in (1..).zip(&apps) {
        for _ in 0..2 {
            assert_eq!(app.get("/").await.text(), format!("run {run}"));
        }
        stored(app, "/").await;
    }
    apps[0].0.evict(plain::key()).await.unwrap();
    for (run, (_, app)) in (3..).zip(&apps) {
        assert_eq!(app.get("/").await.text(), format!("run {run}"));
    }
}

#[tokio::test]
async fn a_version_changes_nothing_within_one_cache() {
    for bench in Bench::every_with(|builder| builder.version("2024 06/é")).await {
        let origin = Origin::counting();
        let app = bench.app(at_root(get(plain), &origin));
        crate::answers::miss_then_hit(&app, "/").await;
        stored(&app, "/").await;
        bench.cache.evict(plain::key()).await.unwrap();
        assert_eq!(app.get("/").await.text(), "run 2");
    }
}

#[tokio::test]
async fn a_ttl_below_a_millisecond_is_rejected() {
    let error = Cache::builder().default_expire(std::time::Duration::from_micros(999));
    assert!(error.build().await.unwrap_err().is_settings());
}
