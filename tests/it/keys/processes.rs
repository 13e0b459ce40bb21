//! Two handlers of one name, in two processes that share a Redis server.

use axum::{Router, routing::get};
use handler_cache::{Cache, cache};
use tokio::time::{Duration, Instant, sleep};

use crate::support::{
    RedisServer, alone,
    app::{App, PATIENCE},
};

#[cache(expire = 60, name = "product")]
async fn product() -> &'static str {
    "a product"
}

#[cache(expire = 60, name = "product")]
async fn secret() -> &'static str {
    "a secret"
}

/// The task of one process of the service: to answer one request.
#[tokio::main(flavor = "current_thread")]
async fn process(asked: &str) {
    let (url, path) = asked.split_once(' ').expect("URL and path");
    let builder = Cache::builder().prefix("test").url(url);
    let cache = builder
        .store_budget(PATIENCE)
        .build()
        .await
        .expect("the settings are good");
    let router = Router::new()
        .route("/product", get(product))
        .route("/secret", get(secret));
    let app = App(router.layer(cache.attach()));
    let answer = app.get(path).await;
    // The entry is stored after the response.
    let deadline = Instant::now() + PATIENCE;
    while app.get(path).await.x_cache() != Some("Hit") {
        assert!(Instant::now() < deadline, "it is not stored");
        sleep(Duration::from_millis(1)).await;
    }
    println!("answered: {}", answer.text());
}

#[test]
fn p2_handlers_of_one_name_do_not_share_redis_entries_between_processes() {
    if let Some(asked) = alone::task() {
        return process(&asked);
    }
    let server = RedisServer::start();
    let ask = |path: &str| {
        alone::run(
            module_path!(),
            "p2_handlers_of_one_name_do_not_share_redis_entries_between_processes",
            &format!("{} {path}", server.url()),
        )
    };
    for (path, answer) in [
        ("/secret", "a secret"),
        ("/product", "a product"),
        ("/secret", "a secret"),
    ] {
        let output = ask(path);
        assert!(
            output.contains(&format!("answered: {answer}\n")),
            "{path}: {output}"
        );
    }
}
