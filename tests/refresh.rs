//! `refresh` of a companion fills an entry ahead of requests.

mod support;

use axum::{
    Router,
    extract::{Path, State},
    http::{Method, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use handler_cache::{Cache, cache, cache_evict};
use support::{
    RedisServer,
    app::{App, PATIENCE, Runs},
};

#[cache(expire = 60, tags = [format!("page-{id}")])]
async fn page(Path(id): Path<u32>, State(runs): State<Runs>) -> impl IntoResponse {
    let run = runs.increment();
    let status = if id == 0 {
        StatusCode::BAD_GATEWAY
    } else {
        StatusCode::OK
    };
    (status, format!("page {id}, run {run}"))
}

#[cache(expire = 60, lazy = [runs], vary = ["accept-language"])]
async fn lazy(Path(id): Path<u32>, State(runs): State<Runs>) -> String {
    format!("lazy {id}, run {}", runs.increment())
}

#[cache(expire = 60, methods = [POST])]
async fn search(words: String) -> String {
    words
}

#[cache(expire = 60)]
#[cache_evict(page(Path(1)))]
async fn evicts() -> &'static str {
    "evicted"
}

fn no_key() -> u32 {
    panic!("no key")
}

#[cache(expire = 60, key = no_key())]
async fn keyless() -> &'static str {
    "never run"
}

/// One process has one global cache, so this is one test.
#[tokio::test]
async fn refresh_runs_the_handler_and_stores_what_it_answers() {
    let runs = Runs::default();
    let state = || State(runs.clone());
    let error = page::refresh(Path(1), state()).await.unwrap_err();
    assert!(error.is_not_initialized(), "{error}");
    // The future does nothing before it is awaited.
    let early = page::refresh(Path(1), state());
    assert_eq!(runs.total(), 0);

    let server = RedisServer::start();
    let builder = Cache::builder().prefix("test").url(server.url());
    let cache = builder.store_budget(PATIENCE).init().await.unwrap();
    let router = Router::new()
        .route("/pages/{id}", get(page))
        .route("/lazy/{id}", get(lazy))
        .route("/search", post(search))
        .with_state(runs.clone());
    let app = App(router);
    let stored = async || cache.shutdown().await.unwrap();

    let response = early.await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-cache"], "Miss");
    stored().await;
    let hit = app.get("/pages/1").await;
    assert_eq!((hit.x_cache(), hit.text()), (Some("Hit"), "page 1, run 1"));

    // However fresh it is.
    page::refresh(Path(1), state()).await.unwrap();
    stored().await;
    let hit = app.get("/pages/1").await;
    assert_eq!((hit.x_cache(), hit.text()), (Some("Hit"), "page 1, run 2"));
    cache.evict_tag("page-1").await.unwrap();
    assert_eq!(
        app.get("/pages/1").await.x_cache(),
        Some("Miss"),
        "the refreshed entry has the tags"
    );
    stored().await;

    let failed = page::refresh(Path(0), state()).await.unwrap();
    assert_eq!(failed.status(), StatusCode::BAD_GATEWAY);
    assert!(!server.exists("test:refresh::page(id=0)"));

    lazy::refresh(Path(1), state()).await.unwrap();
    search::refresh("tea".to_owned()).await.unwrap();
    stored().await;
    assert_eq!(app.get("/lazy/1").await.x_cache(), Some("Hit"));
    let german = app.get_with("/lazy/1", [("accept-language", "de")]).await;
    assert_eq!(german.x_cache(), Some("Miss"), "another entry");
    let found = app.send(Method::POST, "/search", [], "tea").await;
    assert_eq!((found.x_cache(), found.text()), (Some("Hit"), "tea"));

    assert_eq!(app.get("/pages/1").await.x_cache(), Some("Hit"));
    evicts::refresh().await.unwrap();
    assert_eq!(
        app.get("/pages/1").await.x_cache(),
        Some("Miss"),
        "it evicts as well"
    );

    let error = keyless::refresh().await.unwrap_err();
    assert!(error.is_key(), "{error}");
}
