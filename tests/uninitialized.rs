//! P9: handlers without a global cache. In a process of its own, where none is initialised.

mod support;

use axum::{Router, extract::Path, http::Method, routing::get};
use handler_cache::{Cache, cache, cache_evict};
use support::{app::App, log::Log};

#[cache(expire = 60)]
async fn page(Path(id): Path<u32>) -> String {
    format!("page {id}")
}

#[cache_evict(page(Path(id)))]
async fn change(Path(id): Path<u32>) -> String {
    format!("changed {id}")
}

async fn of_any_cache(cache: Cache) -> String {
    cache.store()
}

async fn of_some_cache(cache: Option<Cache>) -> &'static str {
    cache.map_or("no cache", |_| "a cache")
}

#[tokio::test]
async fn extractor_rejects_a_request_without_a_cache_and_is_optional() {
    let router = Router::new()
        .route("/any", get(of_any_cache))
        .route("/some", get(of_some_cache));
    let app = App(router.clone());
    let rejected = app.get("/any").await;
    assert_eq!(rejected.status, 500);
    assert!(rejected.text().contains("cache.attach()"), "{}", rejected.text());
    assert_eq!(app.get("/some").await.text(), "no cache");

    let cache = Cache::builder().build().await.unwrap();
    let app = App(router.layer(cache.attach()));
    assert_eq!(app.get("/any").await.text(), "memory");
    assert_eq!(app.get("/some").await.text(), "a cache");
}

#[tokio::test]
async fn p9_handlers_run_uncached_and_one_warning_is_logged() {
    let log = Log::default();
    let _logging = tracing::subscriber::set_default(log.subscriber());

    let app = App(Router::new().route("/{id}", get(page).put(change)));
    for _ in 0..3 {
        let answer = app.get("/1").await;
        assert_eq!((answer.text(), answer.x_cache()), ("page 1", None));
        for name in ["etag", "cache-control", "expires"] {
            assert_eq!(answer.header(name), None);
        }
    }
    let answer = app.send(Method::PUT, "/1", [], "").await;
    assert_eq!((answer.text(), answer.x_cache()), ("changed 1", None));
    let error = page::evict(Path(1)).await.unwrap_err();
    assert!(error.is_not_initialized(), "{error}");
    assert!(page::evict_all().await.unwrap_err().is_not_initialized());

    let logged = log.text();
    assert_eq!(logged.matches("Cache::init").count(), 1, "{logged}");
}
