//! All store calls of one request share one store budget.

use std::time::{Duration, Instant};

use axum::{
    Router,
    extract::Path,
    http::{Method, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use handler_cache::{Cache, cache, cache_evict, layer::CacheLayer};

use crate::support::{RedisServer, app::App};

const BUDGET: Duration = Duration::from_millis(1000);

#[cache(expire = "1h")]
async fn page(Path(id): Path<u32>) -> String {
    id.to_string()
}

#[cache_evict(page(Path(1)), page(Path(2)), tag = "pages")]
async fn change() -> impl IntoResponse {
    let named = [
        (header::LOCATION, "/pages/8"),
        (header::CONTENT_LOCATION, "/pages/9"),
    ];
    (StatusCode::CREATED, named)
}

#[cache(expire = "1h")]
#[cache_evict(page(Path(1)), tag = "pages")]
async fn both() -> &'static str {
    "both"
}

fn routes() -> Router {
    Router::new()
        .route("/pages/{id}", get(page))
        .route("/change", post(change))
        .route("/both", get(both))
}

async fn cache_on(server: &RedisServer) -> Cache {
    let cache = Cache::builder().prefix("test").url(server.url());
    cache
        .store_budget(BUDGET)
        .build()
        .await
        .expect("the settings are good")
}

/// A cache on a Redis that has stopped answering.
async fn frozen() -> (Cache, RedisServer) {
    let server = RedisServer::start();
    let cache = cache_on(&server).await;
    server.freeze();
    (cache, server)
}

#[tokio::test]
async fn p1_one_request_waits_for_the_store_once_however_much_it_evicts() {
    let layer = || CacheLayer::new().evict_on(Method::POST, "/change", ["/pages/3", "/pages/*"]);
    type Build = fn(Router, &Cache) -> Router;
    let around: [(&str, Build); 2] = [
        ("attached", |router, cache| router.layer(cache.attach())),
        ("an extension", |router, cache| {
            router.layer(axum::Extension(cache.clone()))
        }),
    ];
    for (what, attach) in around {
        for (method, path, is_layered) in [
            (Method::POST, "/change", false),
            (Method::POST, "/change", true),
            (Method::GET, "/both", false),
            (Method::GET, "/both", true),
        ] {
            let (cache, server) = frozen().await;
            let router = if is_layered {
                routes().layer(layer())
            } else {
                routes()
            };
            let app = App(attach(router, &cache));
            let began = Instant::now();
            let answer = app.send(method, path, [], "").await;
            let took = began.elapsed();
            assert!(answer.status.is_success(), "{}", answer.status);
            assert!(
                took < BUDGET * 17 / 10,
                "{what}, {path}, layer: {is_layered}: {took:?}"
            );
            assert!(took >= BUDGET * 9 / 10, "{what}, {path}: {took:?}");
            assert!(cache.stats().evictions_retrying > 0, "{what}, {path}");
            server.thaw();
        }
    }
}

#[tokio::test]
async fn p1_eviction_waits_for_no_store_that_is_known_to_be_away() {
    let server = RedisServer::start();
    server.freeze();
    let cache = cache_on(&server).await;
    let app = App(routes().layer(cache.attach()));
    assert!(cache.stats().store_unavailable);
    let began = Instant::now();
    let answer = app.send(Method::POST, "/change", [], "").await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert!(began.elapsed() < BUDGET / 2, "{:?}", began.elapsed());
    assert!(cache.stats().evictions_retrying > 0);
    server.thaw();
}
