//! What a cache requires: its settings, its runtime, and the permissions of its Redis user.

use std::time::Duration;

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use handler_cache::{Cache, CacheBuilder, Tags, cache};
use redis::Value;

use crate::{
    handlers::{counted::pages, gated},
    support::{
        RedisServer,
        app::{App, PATIENCE, Runs, eventually},
        gate::Gate,
    },
};

async fn second_is_a_hit(builder: CacheBuilder) {
    let cache = builder.build().await.expect("the settings are good");
    let app = App(pages(&Runs::default()).layer(cache.attach()));
    for x_cache in ["Miss", "Hit"] {
        assert_eq!(app.get("/pages/1").await.x_cache(), Some(x_cache));
    }
}

#[tokio::test]
async fn no_limit_to_bodies_or_to_memory_still_caches() {
    second_is_a_hit(Cache::builder().max_body(usize::MAX)).await;
    second_is_a_hit(Cache::builder().memory_size(u64::MAX)).await;
    second_is_a_hit(Cache::builder().max_body(usize::MAX).memory_size(u64::MAX)).await;
}

#[tokio::test]
async fn waiting_for_nobody_still_caches() {
    second_is_a_hit(Cache::builder().coalesce_timeout(Duration::ZERO)).await;
}

#[tokio::test]
async fn a_size_or_a_budget_of_zero_is_rejected() {
    for builder in [
        Cache::builder().memory_size(0),
        Cache::builder().store_budget(Duration::ZERO),
    ] {
        let error = builder.build().await.unwrap_err();
        assert!(
            error.is_settings() && error.to_string().contains("zero"),
            "{error}"
        );
    }
}

#[test]
#[should_panic(expected = "timers are disabled")]
fn a_runtime_without_timers_is_rejected_at_build() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let _ = runtime.unwrap().block_on(Cache::builder().build());
}

#[cache(expire = 60)]
async fn tagged() -> (Tags<[&'static str; 1]>, &'static str) {
    (Tags(["own"]), "tagged")
}

/// As docs/redis.md lists them, for the prefix `test`.
#[tokio::test]
async fn redis_user_with_the_documented_permissions_can_do_all_that_the_cache_does() {
    let guide = include_str!("../../../docs/redis.md");
    let rules = guide
        .lines()
        .find_map(|line| line.strip_prefix("ACL SETUSER shop on >password "));
    let rules = rules.expect("the guide shows them").replace("shop", "test");
    let server = RedisServer::start();
    let mut words = vec!["ACL", "SETUSER", "app", "on", ">s3cret"];
    words.extend(rules.split_whitespace());
    let mut command = redis::Cmd::new();
    words.iter().for_each(|word| _ = command.arg(word));
    let _: () = command.query(&mut server.connect().unwrap()).unwrap();

    let builder = Cache::builder().prefix("test").version("2");
    let builder = builder.url(format!("redis://app:s3cret@127.0.0.1:{}", server.port()));
    let cache = builder.store_budget(PATIENCE).build().await.unwrap();
    let routes = gated::pages(&Gate::new()).merge(Router::new().route("/tagged", get(tagged)));
    let app = App(routes.layer(cache.attach()));
    for x_cache in ["Miss", "Hit"] {
        assert_eq!(app.get("/tagged").await.x_cache(), Some(x_cache));
        cache.shutdown().await.unwrap();
    }
    assert_eq!(
        app.send(Method::DELETE, "/pages", [], "").await.status,
        StatusCode::OK
    );
    cache.evict_tag("own").await.unwrap();
    assert_eq!(app.get("/tagged").await.x_cache(), Some("Miss"));
    cache.shutdown().await.unwrap();
    cache.clear().await.unwrap();
    let purged = async || !server.exists("test@2:it::operations::requirements::tagged()");
    eventually("it is not purged", purged).await;
    let Value::Array(denied) = server.command(["ACL", "LOG"]) else {
        panic!("the log is a list");
    };
    assert!(denied.is_empty(), "{denied:?}");
}
