//! What is in the key: arguments, `ignore`, `key`, `vary`, `version`, `name`.

use axum::{
    Router,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
    routing::get,
};
use handler_cache::cache;
use redis::Value;
use serde::{Deserialize, Serialize};

use crate::{
    answers::{assert_untouched, miss_then_hit},
    handlers::origin::{Origin, at_root, stored},
    support::{
        RedisServer,
        app::{App, Bench},
    },
};

/// Requests the paths in turn; asserts `Miss` or `Hit` for each, and that the handler runs once for each miss.
async fn assert_x_cache<const N: usize>(app: &App, origin: &Origin, asked: [(&str, &str); N]) {
    let mut runs = origin.runs.total();
    for (path, x_cache) in asked {
        let answer = app.get(path).await;
        assert_eq!(answer.x_cache(), Some(x_cache), "{path}");
        runs += usize::from(x_cache == "Miss");
        origin.ran(runs);
    }
}

/// The keys of the entries in Redis.
pub(crate) fn entries(server: &RedisServer) -> Vec<String> {
    let Value::Array(keys) = server.command(["KEYS", "*"]) else {
        panic!("KEYS answers with a list");
    };
    let keys = keys.into_iter().map(|key| match key {
        Value::BulkString(key) => String::from_utf8(key).unwrap(),
        other => panic!("a key is text: {other:?}"),
    });
    keys.filter(|key| !key.contains(":#") && !key.ends_with(":lease"))
        .collect()
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Page {
    number: Option<u32>,
    #[serde(default)]
    sort: String,
}

#[cache(expire = 60)]
async fn list(
    Path(tenant): Path<String>,
    Query(page): Query<Page>,
    State(origin): State<Origin>,
) -> Response {
    let _ = (tenant, page);
    origin.answer().await
}

#[tokio::test]
async fn p2_every_argument_is_in_the_key() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(
            Router::new()
                .route("/{tenant}", get(list))
                .with_state(origin.clone()),
        );
        assert_x_cache(
            &app,
            &origin,
            [
                ("/a?number=1", "Miss"),
                ("/a?number=2", "Miss"),
                ("/b?number=1", "Miss"),
                ("/a", "Miss"),
                ("/a?sort=1", "Miss"),
                ("/a?number=1&sort=x", "Miss"),
                ("/a?number=1", "Hit"),
                ("/a?number=01&other=thing", "Hit"),
                ("/a?sort=", "Hit"),
                ("/a?sort=x&number=1", "Hit"),
                ("/%61", "Hit"),
                ("/a%2Fb", "Miss"),
                ("/A", "Miss"),
            ],
        )
        .await;
    }
}

#[cache(expire = 60, ignore = [page])]
async fn ignoring(
    Path(tenant): Path<String>,
    Query(page): Query<Page>,
    State(origin): State<Origin>,
) -> Response {
    let _ = (tenant, page);
    origin.answer().await
}

#[tokio::test]
async fn ignore_leaves_arguments_out_of_the_key() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(
            Router::new()
                .route("/{tenant}", get(ignoring))
                .with_state(origin.clone()),
        );
        assert_x_cache(
            &app,
            &origin,
            [
                ("/a?number=1", "Miss"),
                ("/a?number=2", "Hit"),
                ("/b?number=2", "Miss"),
                ("/b", "Hit"),
            ],
        )
        .await;
    }
}

#[cache(expire = 60, key = (tenant.to_lowercase(), page.number.unwrap_or(1) / 10))]
async fn keyed(
    Path(tenant): Path<String>,
    Query(page): Query<Page>,
    headers: HeaderMap,
    State(origin): State<Origin>,
) -> Response {
    let _ = (tenant, page, headers);
    origin.answer().await
}

#[tokio::test]
async fn key_replaces_the_arguments() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(
            Router::new()
                .route("/{tenant}", get(keyed))
                .with_state(origin.clone()),
        );
        assert_x_cache(
            &app,
            &origin,
            [
                ("/a?number=11", "Miss"),
                ("/A?number=19&sort=x", "Hit"),
                ("/a?number=20", "Miss"),
                ("/b?number=11", "Miss"),
                ("/a", "Miss"),
                ("/a?number=9", "Hit"),
            ],
        )
        .await;
    }
}

#[cache(expire = 60, vary = ["Accept-Language"])]
async fn greeting(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn p2_headers_named_in_vary_are_in_the_key() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(at_root(get(greeting), &origin));
        assert_eq!(miss_then_hit(&app, "/").await.text(), "run 1");
        for x_cache in ["Miss", "Hit"] {
            for (run, value) in (2..).zip(["", "en", "de", "en, de", "none", "\"en\"", "EN"]) {
                let line = [("accept-language", value), ("x-other", x_cache)];
                let answer = app.get_with("/", line).await;
                assert_eq!(
                    (answer.x_cache(), answer.text()),
                    (Some(x_cache), &*format!("run {run}")),
                    "{value}"
                );
                assert_eq!(answer.header("vary"), Some("accept-language"));
            }
        }
        let lines = [("accept-language", "en"), ("accept-language", "de")];
        assert_eq!(
            app.get_with("/", lines).await.text(),
            "run 5",
            "lines are one list"
        );
        origin.ran(8);
    }
}

#[cache(expire = 60, version = 7)]
async fn versioned(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[cache(expire = 60, version = "2024-06")]
async fn dated(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[cache(expire = 60, name = "shop::the_product")]
async fn moved(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn version_and_name_are_in_the_redis_key() {
    let bench = Bench::redis().await;
    let server = bench.redis.as_ref().unwrap();
    let origin = Origin::counting();
    let router = Router::new()
        .route("/versioned", get(versioned))
        .route("/dated", get(dated))
        .route("/moved", get(moved))
        .with_state(origin.clone());
    let app = bench.app(router);
    for (path, key) in [
        ("/versioned", "test:it::keys::options::versioned@7()"),
        ("/dated", "test:it::keys::options::dated@2024-06()"),
        ("/moved", "test:shop::the_product()"),
    ] {
        miss_then_hit(&app, path).await;
        stored(&app, path).await;
        let keys = entries(server);
        assert!(keys.iter().any(|entry| entry == key), "{keys:?}");
    }
    origin.ran(3);
}

#[tokio::test]
async fn versioned_and_named_handlers_are_cached_on_every_store() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        for handler in [get(versioned), get(dated), get(moved)] {
            miss_then_hit(&bench.app(at_root(handler, &origin)), "/").await;
        }
        origin.ran(3);
    }
}

#[cache(expire = 60, name = "taken")]
async fn first_of_its_name(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[cache(expire = 60, name = "taken")]
async fn second_of_its_name(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn p2_a_handler_whose_name_is_taken_runs_uncached() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let router = Router::new()
            .route("/first", get(first_of_its_name))
            .route("/second", get(second_of_its_name))
            .with_state(origin.clone());
        let app = bench.app(router);
        assert_eq!(miss_then_hit(&app, "/first").await.text(), "run 1");
        for run in 2..=3 {
            let answer = app.get("/second").await;
            assert_eq!(answer.text(), format!("run {run}"));
            assert_untouched(&answer);
        }
    }
}

mod here {
    use super::*;

    #[cache(expire = 60)]
    pub(super) async fn same_name(State(origin): State<Origin>) -> Response {
        origin.answer().await
    }
}

mod there {
    use super::*;

    #[cache(expire = 60)]
    pub(super) async fn same_name(State(origin): State<Origin>) -> Response {
        origin.answer().await
    }
}

#[tokio::test]
async fn p2_functions_of_one_name_in_two_modules_have_entries_of_their_own() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let router = Router::new()
            .route("/here", get(here::same_name))
            .route("/there", get(there::same_name))
            .with_state(origin.clone());
        let app = bench.app(router);
        assert_eq!(miss_then_hit(&app, "/here").await.text(), "run 1");
        assert_eq!(miss_then_hit(&app, "/there").await.text(), "run 2");
    }
}

#[cache(expire = 60)]
async fn maybe(
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
    State(origin): State<Origin>,
) -> String {
    origin.answer().await;
    page.map_or("rejected".into(), |page| format!("page {:?}", page.number))
}

#[tokio::test]
async fn p2_an_argument_that_is_a_rejection_bypasses_the_cache() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(at_root(get(maybe), &origin));
        assert_eq!(miss_then_hit(&app, "/?number=1").await.text(), "page Some(1)");
        for _ in 0..2 {
            let answer = app.get("/?number=no").await;
            assert_eq!(answer.text(), "rejected");
            assert_untouched(&answer);
        }
        origin.ran(3);
    }
}
