//! P9, in a process of its own: there is no global cache here.

mod support;

use axum::{Router, extract::Path, http::Method, routing::get};
use handler_cache::{cache, cache_evict};
use support::{app::App, log::Log};

#[cache(expire = 60)]
async fn page(Path(id): Path<u32>) -> String {
    format!("page {id}")
}

#[cache_evict(page(Path(id)))]
async fn change(Path(id): Path<u32>) -> String {
    format!("changed {id}")
}

#[tokio::test]
async fn p9_handlers_run_uncached_and_one_warning_is_logged() {
    let log = Log::default();
    let _logging = tracing::subscriber::set_default(log.subscriber());

    let app = App(Router::new().route("/{id}", get(page).put(change)));
    for _ in 0..3 {
        let answer = app.get("/1").await;
        assert_eq!((answer.text(), answer.verdict()), ("page 1", None));
        for name in ["etag", "cache-control", "expires"] {
            assert_eq!(answer.header(name), None);
        }
    }
    let answer = app.send(Method::PUT, "/1", [], "").await;
    assert_eq!((answer.text(), answer.verdict()), ("changed 1", None));
    let error = page::evict(Path(1)).await.unwrap_err();
    assert!(error.is_not_initialized(), "{error}");
    assert!(page::evict_all().await.unwrap_err().is_not_initialized());

    let logged = log.text();
    assert_eq!(logged.matches("Cache::init").count(), 1, "{logged}");
}
