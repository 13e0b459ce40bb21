//! Which URLs share an entry.

use std::collections::HashMap;

use axum::{
    Router,
    extract::{Path, Query, RawQuery, State},
    http::{StatusCode, Uri},
    routing::get,
};
use handler_cache::cache;
use serde::{Deserialize, Serialize};

use crate::{
    answers::assert_replays,
    support::app::{App, Bench, Runs},
};

/// Each of the requests gets an entry of its own, in which it finds its own body again.
async fn each_has_its_own(app: &App, runs: &Runs, paths: &[String]) {
    let before = runs.total();
    let mut misses = Vec::new();
    for path in paths {
        let miss = app.get(path).await;
        assert_eq!(miss.status, StatusCode::OK, "{path}");
        assert_eq!(miss.x_cache(), Some("Miss"), "{path} shares an entry");
        misses.push(miss);
    }
    for (path, miss) in paths.iter().zip(&misses) {
        assert_replays(&app.get(path).await, miss);
    }
    assert_eq!(runs.total(), before + paths.len());
}

#[derive(Debug, Deserialize)]
struct Pages {
    #[serde(default = "first_page")]
    page: u32,
}

fn first_page() -> u32 {
    1
}

#[cache(expire = "1h")]
async fn listing(Query(Pages { page }): Query<Pages>, State(runs): State<Runs>) -> String {
    format!("page {page}, run {}", runs.increment())
}

/// An omitted argument and its default share an entry.
#[tokio::test]
async fn a_default_and_the_same_value_given_share_an_entry() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = bench.app(
            Router::new()
                .route("/items", get(listing))
                .with_state(runs.clone()),
        );
        let miss = app.get("/items").await;
        assert_eq!(miss.text(), "page 1, run 1");
        for path in ["/items?page=1", "/items?", "/items?unknown=2", "/items?page=01"] {
            assert_replays(&app.get(path).await, &miss);
        }
        let other = app.get("/items?page=2").await;
        assert_eq!(other.text(), "page 2, run 2");
        assert_eq!(other.x_cache(), Some("Miss"));
    }
}

#[derive(Debug, Deserialize, Serialize)]
struct Pair {
    a: Option<String>,
    b: Option<String>,
}

#[cache(expire = "1h")]
async fn by_pair(Query(Pair { a, b }): Query<Pair>, State(runs): State<Runs>) -> String {
    format!("{a:?} {b:?}, run {}", runs.increment())
}

#[cache(expire = "1h")]
async fn by_struct(Query(pair): Query<Pair>, State(runs): State<Runs>) -> String {
    format!("{pair:?}, run {}", runs.increment())
}

#[cache(expire = "1h")]
async fn by_map(Query(map): Query<HashMap<String, String>>, State(runs): State<Runs>) -> String {
    format!("{} parameters, run {}", map.len(), runs.increment())
}

fn pairs(bench: &Bench, runs: &Runs) -> App {
    bench.app(
        Router::new()
            .route("/pair", get(by_pair))
            .route("/struct", get(by_struct))
            .route("/map", get(by_map))
            .with_state(runs.clone()),
    )
}

/// `a="x,b=y", b="z"` and `a="x", b="y,b=z"` have entries of their own.
#[tokio::test]
async fn arguments_with_delimiters_never_share_an_entry() {
    let values = [
        (Some("x,b=y"), Some("z")),
        (Some("x"), Some("y,b=z")),
        (Some("x\",b=\"y"), Some("z")),
        (Some("x"), Some("y\",b=\"z")),
        (Some("x\"),b=some(\"y"), Some("z")),
        (Some("x"), Some("y\"),b=some(\"z")),
        (Some("x%22"), None),
        (Some("x\""), None),
        (Some("x\\"), Some("\\\"")),
        (Some("none"), None),
        (None, Some("none")),
        (None, None),
        (Some(""), None),
        (Some(""), Some("")),
        (Some("x)"), None),
        (Some("x "), None),
        (Some("x\n"), None),
        (Some("x\u{0}"), None),
        (Some("é"), None),
        (Some("e\u{301}"), None),
    ];
    let queries: Vec<String> = values
        .iter()
        .map(|(a, b)| {
            let given = [("a", a), ("b", b)].into_iter();
            let given = given.filter_map(|(name, value)| Some(format!("{name}={}", escaped((*value)?))));
            given.collect::<Vec<_>>().join("&")
        })
        .collect();
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = pairs(&bench, &runs);
        for route in ["/pair", "/struct", "/map"] {
            let paths: Vec<String> = queries.iter().map(|query| format!("{route}?{query}")).collect();
            each_has_its_own(&app, &runs, &paths).await;
        }
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The order of a query's parameters does not matter.
#[tokio::test]
async fn the_order_of_a_query_does_not_matter() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = pairs(&bench, &runs);
        for (route, run) in [("/pair", 1), ("/struct", 2), ("/map", 3)] {
            let miss = app.get(&format!("{route}?a=1&b=2")).await;
            assert!(miss.text().ends_with(&format!("run {run}")), "{}", miss.text());
            assert_replays(&app.get(&format!("{route}?b=2&a=1")).await, &miss);
        }
        let swapped = app.get("/map?a=2&b=1").await;
        assert_eq!(swapped.x_cache(), Some("Miss"));
        assert_eq!(runs.total(), 4);
    }
}

#[cache(expire = "1h")]
async fn by_uri(uri: Uri, State(runs): State<Runs>) -> String {
    format!("{uri}, run {}", runs.increment())
}

#[cache(expire = "1h")]
async fn by_path(Path(name): Path<String>, RawQuery(query): RawQuery, State(runs): State<Runs>) -> String {
    format!("{name} {query:?}, run {}", runs.increment())
}

/// `/items?a=1` and `/itemsa=1` have entries of their own.
#[tokio::test]
async fn path_and_query_are_separate_in_keys() {
    let ends = [
        "items?a=1",
        "itemsa=1",
        "items%3Fa=1",
        "items",
        "items?",
        "items?a",
        "itemsa",
    ];
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = bench.app(
            Router::new()
                .route("/path/{name}", get(by_path))
                .fallback(by_uri)
                .with_state(runs.clone()),
        );
        for start in ["/uri", "/path"] {
            let paths = ends.map(|end| format!("{start}/{end}"));
            each_has_its_own(&app, &runs, &paths).await;
        }
    }
}
