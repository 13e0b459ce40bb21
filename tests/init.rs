//! The global cache. One test in a process of its own, since a process has one such cache.

mod support;

use std::time::{Duration, Instant};

use axum::{Router, extract::Path, http::Method, routing::get};
use handler_cache::{Cache, cache, cache_evict};
use support::{Options, RedisServer, app::App, log::Log};

#[cache(expire = 60)]
async fn page(Path(id): Path<u32>) -> String {
    format!("page {id}")
}

#[cache_evict(page(Path(id)))]
async fn change(Path(id): Path<u32>) -> String {
    format!("changed {id}")
}

#[tokio::test]
async fn global_cache_is_set_up_once_and_heals() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.subscriber()).unwrap();

    // Invalid settings initialise nothing.
    for (prefix, url) in [
        ("shop", "http://host"),
        ("shop", "redis://:hunter2@host:port"),
        ("two words", "memory://"),
        ("", "memory://"),
        ("shop", "memory://64MiB"),
    ] {
        let error = Cache::init(prefix, url).await.unwrap_err();
        assert!(error.is_settings(), "{prefix} {url}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    assert!(Cache::global().is_none());

    // Initialization succeeds while the server is down.
    let mut redis = RedisServer::with(Options::default().password("hunter2"));
    let url = redis.url();
    redis.kill();
    Cache::init("shop", &url).await.unwrap();
    assert!(log.text().contains("CONNECT_BEGIN"), "{}", log.text());
    assert!(log.text().contains("CONNECT_FAIL"), "{}", log.text());
    assert!(!log.text().contains("CONNECT_SUCCESS"));

    let error = Cache::init("shop", "memory://").await.unwrap_err();
    assert!(error.is_already_initialized(), "{error}");

    let app = App(Router::new().route("/{id}", get(page)));
    let answer = app.get("/1").await;
    assert_eq!((answer.text(), answer.x_cache()), ("page 1", Some("Miss")));
    assert!(page::evict(Path(1)).await.unwrap_err().is_store());

    redis.restart();
    let begun = Instant::now();
    while app.get("/1").await.x_cache() != Some("Hit") {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", log.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    page::evict(Path(1)).await.unwrap();
    assert_eq!(app.get("/1").await.x_cache(), Some("Miss"));
    page::evict_all().await.unwrap();
    assert_eq!(app.get("/1").await.x_cache(), Some("Miss"));
    assert_eq!(app.get("/1").await.x_cache(), Some("Hit"));

    // A handler evicts from the cache that is attached, else from the global one.
    let router = Router::new().route("/{id}", get(page).put(change));
    let attached = Cache::builder().prefix("own").build().await.unwrap();
    let (global, own) = (App(router.clone()), App(router.layer(attached.attach())));
    for (asked, other) in [(&own, &global), (&global, &own)] {
        for app in [asked, other] {
            app.get("/1").await;
            while app.get("/1").await.x_cache() != Some("Hit") {
                assert!(begun.elapsed() < Duration::from_secs(30), "{}", log.text());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        let answer = asked.send(Method::PUT, "/1", [], "").await;
        assert_eq!(answer.text(), "changed 1");
        assert_eq!(asked.get("/1").await.x_cache(), Some("Miss"));
        assert_eq!(other.get("/1").await.x_cache(), Some("Hit"));
    }

    for event in ["CONNECT_SUCCESS", "KEY_ADDED_TO_CACHE", "KEY_FOUND_IN_CACHE"] {
        assert!(log.text().contains(event), "{event} is missing: {}", log.text());
    }
    assert!(!log.text().contains("hunter2"), "a password was logged");
}
