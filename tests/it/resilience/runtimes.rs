//! Caches that outlive the runtime in which they were built.

use std::time::Duration;

use axum::extract::Path;
use handler_cache::{Cache, clock::ManualClock};
use tokio::runtime::{Builder, Runtime};

use crate::{
    handlers::counted::{page, pages},
    support::{
        RedisServer,
        app::{App, PATIENCE, Runs, START, eventually},
    },
};

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts")
}

#[test]
fn cache_goes_on_in_the_next_runtime_when_its_own_has_ended() {
    let server = RedisServer::start();
    let runs = Runs::default();
    let build = async {
        let cache = Cache::builder().prefix("test").url(server.url());
        cache.store_budget(PATIENCE).build().await
    };
    let first = runtime();
    let cache = first.block_on(build).expect("the settings are good");
    let app = App(pages(&runs).layer(cache.attach()));
    let ask = async || app.get("/pages/1").await.text().to_owned();
    let filled = async || eventually("a fill does not end", async || !server.is_being_filled()).await;
    assert_eq!(first.block_on(ask()), "page 1, run 1");
    first.block_on(filled());
    drop(first);
    for run in 1..3 {
        let next = runtime();
        next.block_on(async {
            assert_eq!(
                app.get("/pages/1").await.x_cache(),
                Some("Hit"),
                "in runtime {run}"
            );
            cache.evict(page::key(Path(1))).await.expect("it is evicted");
            assert_eq!(ask().await, format!("page 1, run {}", run + 1));
            filled().await;
        });
    }
    // An eviction is the first call.
    let last = runtime();
    last.block_on(async {
        cache.evict(page::key(Path(1))).await.expect("it is evicted");
        assert_eq!(ask().await, "page 1, run 4");
    });
}

#[test]
fn evictions_are_tried_again_in_the_next_runtime() {
    let server = RedisServer::start();
    let first = runtime();
    let cache = first.block_on(Cache::builder().prefix("test").url(server.url()).build());
    let cache = cache.expect("the settings are good");
    server.command(["ACL", "SETUSER", "default", "-unlink"]);
    let evicted = first.block_on(cache.evict(page::key(Path(1))));
    assert!(evicted.expect_err("it is refused").is_store());
    drop(first);
    server.command(["ACL", "SETUSER", "default", "+unlink"]);
    let app = App(pages(&Runs::default()).layer(cache.attach()));
    runtime().block_on(async {
        eventually("it is not tried again", async || {
            app.get("/pages/2").await;
            cache.stats().evictions_retrying == 0
        })
        .await;
    });
}

/// Expired entries are removed from memory, whichever runtime the cache was built in.
#[test]
fn p6_memory_is_swept_in_the_next_runtime() {
    let first = runtime();
    let clock = ManualClock::at(START);
    let cache = first.block_on(Cache::builder().prefix("test").clock(&clock).build());
    let cache = cache.expect("the settings are good");
    let app = App(pages(&Runs::default()).layer(cache.attach()));
    first.block_on(async {
        for id in 0..100 {
            app.get(&format!("/pages/{id}")).await;
        }
    });
    drop(first);
    let next = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    next.expect("a runtime starts").block_on(async {
        clock.advance(Duration::from_secs(60));
        app.get("/pages/100").await;
        let entries = || cache.stats().memory.expect("it is the store").entries;
        // On the paused clock: time for a sweep.
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(entries(), 1);
    });
}
