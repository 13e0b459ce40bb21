//! Evictions across releases with another `version`, and of markers.

use axum::{Router, extract::Path, extract::State, http::StatusCode, routing::get};
use handler_cache::{Cache, cache};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    handlers::counted::{page, pages},
    support::{
        RedisServer,
        app::{App, Bench, PATIENCE, Runs},
    },
};

async fn release(server: &RedisServer, version: Option<&str>, router: Router) -> (Cache, App) {
    let mut builder = Cache::builder()
        .prefix("test")
        .url(server.url())
        .store_budget(PATIENCE);
    if let Some(version) = version {
        builder = builder.version(version);
    }
    let cache = builder.build().await.expect("the settings are good");
    let app = App(router.layer(cache.attach()));
    (cache, app)
}

async fn settled(server: &RedisServer) {
    let deadline = Instant::now() + PATIENCE;
    while server.is_being_filled() {
        assert!(Instant::now() < deadline, "a fill does not end");
        sleep(Duration::from_millis(1)).await;
    }
}

/// As in a rolling deploy.
#[tokio::test]
async fn p3_eviction_by_one_release_reaches_the_redis_entries_of_another() {
    let server = RedisServer::start();
    for (kept_by, evicted_by) in [(Some("7"), None), (None, Some("7")), (Some("6"), Some("7"))] {
        let runs = Runs::default();
        let (_, keeper) = release(&server, kept_by, pages(&runs)).await;
        let (evictor, _) = release(&server, evicted_by, pages(&runs)).await;
        keeper.get("/pages/1").await;
        settled(&server).await;
        assert_eq!(keeper.get("/pages/1").await.x_cache(), Some("Hit"));
        evictor.evict(page::key(Path(1))).await.unwrap();
        let answer = keeper.get("/pages/1").await;
        assert_eq!(
            (answer.x_cache(), answer.text()),
            (Some("Miss"), "page 1, run 2"),
            "kept by {kept_by:?}, evicted by {evicted_by:?}"
        );
        settled(&server).await;
        server.command(["FLUSHALL"]);
    }
}

#[cache(expire = 60, name = "h")]
async fn short() -> &'static str {
    "short"
}

#[cache(expire = 60, name = "x:h")]
async fn long() -> &'static str {
    "long"
}

#[tokio::test]
async fn p2_version_and_handler_are_kept_apart_in_redis_keys() {
    let server = RedisServer::start();
    let (_, one) = release(&server, Some("1:x"), Router::new().route("/", get(short))).await;
    let (_, two) = release(&server, Some("1"), Router::new().route("/", get(long))).await;
    assert_eq!(one.get("/").await.text(), "short");
    settled(&server).await;
    assert_eq!(two.get("/").await.text(), "long");
}

/// Found from the second request on, as a product that is created just after the first.
#[cache(expire = 60)]
async fn created(Path(id): Path<u32>, State(runs): State<Runs>) -> (StatusCode, String) {
    match runs.increment() {
        1 => (StatusCode::NOT_FOUND, String::new()),
        _ => (StatusCode::OK, format!("product {id}")),
    }
}

/// A response that cannot be stored leaves a hit-for-miss marker. An eviction removes it.
#[tokio::test]
async fn eviction_removes_the_marker_of_an_unstorable_response() {
    for bench in Bench::every().await {
        let router = Router::new().route("/{id}", get(created));
        let app = bench.app(router.with_state(Runs::default()));
        assert_eq!(app.get("/1").await.status, StatusCode::NOT_FOUND);
        bench.settled().await;
        bench.cache.evict(created::key(Path(1))).await.unwrap();
        assert_eq!(app.get("/1").await.text(), "product 1");
        bench.settled().await;
        assert_eq!(app.get("/1").await.x_cache(), Some("Hit"), "on {:?}", bench.redis);
    }
}
