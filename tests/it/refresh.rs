//! `Cache::refresh` with the `call` of a companion, in caches that are not the global one.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use handler_cache::{Cache, cache};

use crate::support::app::{App, Bench, Runs};

#[cache(expire = 60)]
async fn page(Path(id): Path<u32>, State(runs): State<Runs>) -> Result<String, StatusCode> {
    let run = runs.increment();
    match id {
        0 => Err(StatusCode::BAD_GATEWAY),
        id => Ok(format!("page {id}, run {run}")),
    }
}

/// A generic handler.
#[cache(expire = 60)]
async fn twice<const N: u32>() -> String {
    (2 * N).to_string()
}

fn no_key() -> u32 {
    panic!("no key")
}

#[cache(expire = 60, key = no_key())]
async fn keyless() -> &'static str {
    "never run"
}

#[tokio::test]
async fn entry_is_refreshed_in_the_cache_that_is_asked() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let router = Router::new().route("/{id}", get(page)).with_state(runs.clone());
        let app = bench.app(router.clone());
        let call = |id| page::call(Path(id), State(runs.clone()));

        let response = bench.cache.refresh(call(1)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["x-cache"], "Miss");
        bench.settled().await;
        let hit = app.get("/1").await;
        assert_eq!((hit.x_cache(), hit.text()), (Some("Hit"), "page 1, run 1"));

        // Fresh or not, the handler runs.
        bench.cache.refresh(call(1)).await.unwrap();
        bench.settled().await;
        assert_eq!(app.get("/1").await.text(), "page 1, run 2");

        let other = Cache::builder().prefix("other").build().await.unwrap();
        let other_app = App(router.layer(other.attach()));
        assert_eq!(other_app.get("/1").await.text(), "page 1, run 3");
        assert_eq!(app.get("/1").await.text(), "page 1, run 2");
    }
}

#[tokio::test]
async fn failure_is_a_response_and_a_missing_key_an_error() {
    let bench = Bench::memory().await;
    let call = page::call(Path(0), State(Runs::default()));
    let failed = bench.cache.refresh(call).await.unwrap();
    assert_eq!(failed.status(), StatusCode::BAD_GATEWAY);

    let error = bench.cache.refresh(keyless::call()).await.unwrap_err();
    assert!(error.is_key(), "{error}");

    bench.cache.refresh(twice::call::<21>()).await.unwrap();
    assert!(bench.cache.contains(twice::key::<21>()).await);
    assert!(!bench.cache.contains(twice::key::<22>()).await);
}
