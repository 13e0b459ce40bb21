//! A layer around handlers of another cache stores their responses, whatever cache headers those have.

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use handler_cache::{Cache, cache, layer::CacheLayer};

use super::{
    MINUTE,
    support::app::{App, Bench, Runs},
};

#[cache(expire = 60)]
async fn by_attribute(Path(id): Path<u64>, State(runs): State<Runs>) -> String {
    format!("page {id}, run {}", runs.increment())
}

async fn plain(Path(id): Path<u64>, State(runs): State<Runs>) -> String {
    format!("page {id}, run {}", runs.increment())
}

/// The inner cache answers, and the outer one neither stores its responses nor hides that they are hits.
async fn inner_cache_answers(app: &App, outer: &Cache) {
    for x_cache in ["Miss", "Hit", "Hit"] {
        let answer = app.get("/1").await;
        assert_eq!(
            (answer.x_cache(), answer.text()),
            (Some(x_cache), "page 1, run 1")
        );
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        let etag = answer.header("etag").expect("it has one");
        let unchanged = app.get_with("/1", [("if-none-match", etag)]).await;
        assert_eq!((unchanged.status.as_u16(), unchanged.text()), (304, ""));
        assert_eq!(unchanged.x_cache(), Some("Hit"));
        assert_eq!(unchanged.header("cache-control"), Some("private, no-cache"));
    }
    assert_eq!(outer.stats().total.misses, 0);
    assert_eq!(outer.stats().total.stored, 0);
}

fn outer_layers(outer: &Cache) -> [CacheLayer; 2] {
    [
        CacheLayer::with_cache(outer).expire(MINUTE),
        CacheLayer::with_cache(outer).http().expire(MINUTE),
    ]
}

fn routes(handler: axum::routing::MethodRouter<Runs>) -> Router {
    Router::new().route("/{id}", handler).with_state(Runs::default())
}

#[tokio::test]
async fn layer_of_another_cache_leaves_a_layer_within_to_itself() {
    let outer = Cache::builder().build().await.expect("the settings are good");
    for layer in outer_layers(&outer) {
        let bench = Bench::memory().await;
        let within = routes(get(plain)).layer(CacheLayer::with_cache(&bench.cache).expire(MINUTE));
        inner_cache_answers(&App(within.layer(layer)), &outer).await;
    }
}

#[tokio::test]
async fn layer_of_another_cache_leaves_a_handler_with_the_attribute_to_itself() {
    let outer = Cache::builder().build().await.expect("the settings are good");
    for layer in outer_layers(&outer) {
        // Around a whole service no route is known, so the layer is asked each time.
        let bench = Bench::memory().await;
        let within = bench.app(routes(get(by_attribute))).0;
        let whole = Router::new()
            .fallback_service(within.clone())
            .layer(layer.clone());
        inner_cache_answers(&App(whole), &outer).await;
        let bench = Bench::memory().await;
        let within = bench.app(routes(get(by_attribute))).0;
        inner_cache_answers(&App(within.layer(layer)), &outer).await;
    }
}
