//! `clear` evicts all entries of a cache, and no others.

use std::time::SystemTime;

use handler_cache::Cache;

use crate::{
    handlers::gated::pages,
    support::{
        RedisServer,
        app::{App, Bench, PATIENCE, eventually},
        gate::{Gate, ask},
    },
};

#[tokio::test]
async fn p3_clearing_takes_every_entry_and_the_fills_under_way() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(pages(&gate));
        gate.let_through(2);
        app.get("/pages/1").await;
        app.get("/pages/2").await;
        bench.settled().await;
        let early = ask(&app, "/pages/3");
        for _ in 0..3 {
            gate.entered().await;
        }
        bench.cache.clear().await.unwrap();
        gate.let_through(10);
        assert_eq!(early.await.unwrap().text(), "page 3, run 3");
        for path in ["/pages/1", "/pages/2", "/pages/3"] {
            assert_eq!(app.get(path).await.x_cache(), Some("Miss"), "{path}");
        }
    }
}

/// `clear` keeps the other records of the database, and clearing the prefix `user` keeps `users`.
#[tokio::test]
async fn clearing_touches_its_own_prefix_alone_in_redis_in_every_version() {
    let server = RedisServer::start();
    let cache = async |prefix: &str, version: Option<&str>| {
        let builder = Cache::builder().prefix(prefix).url(server.url());
        let builder = match version {
            Some(version) => builder.version(version),
            None => builder,
        };
        let cache = builder.store_budget(PATIENCE).build().await.unwrap();
        let gate = Gate::new();
        gate.let_through(100);
        let app = App(pages(&gate).layer(cache.attach()));
        app.get("/pages/1").await;
        cache.shutdown().await.unwrap();
        (cache, app)
    };
    let (user, user_app) = cache("user", None).await;
    let (_, newer_app) = cache("user", Some("2")).await;
    let others = [cache("users", None).await, cache("user-2", Some("2")).await];
    server.command(["SET", "session:user:7", "somebody else's"]);
    server.command([
        "SET",
        "user:session:7",
        "an application's own, by the same prefix",
    ]);
    server.command(["HSET", "user:cart:7", "shirt", "2"]);
    server.command(["RPUSH", "user:jobs", "one"]);

    user.clear().await.unwrap();
    let entries = async || {
        server.command([
            "EXISTS",
            "user:it::handlers::gated::page(id=1)",
            "user@2:it::handlers::gated::page(id=1)",
        ])
    };
    eventually("entries are left", async || {
        entries().await == redis::Value::Int(0)
    })
    .await;
    for app in [&user_app, &newer_app] {
        assert_eq!(app.get("/pages/1").await.x_cache(), Some("Miss"));
    }
    for (_, app) in &others {
        assert_eq!(app.get("/pages/1").await.x_cache(), Some("Hit"));
    }
    for not_ours in ["session:user:7", "user:session:7", "user:cart:7", "user:jobs"] {
        assert!(server.exists(not_ours), "{not_ours}");
    }
}

/// Stores this many entries of an earlier time under `test:old(n=…)`.
fn fill(server: &RedisServer, entries: u32) {
    // Magic and wire version, then token, digest, and the time of birth.
    let fill = r"
        local entry = '\245hce\3' .. string.rep('t', 16) .. string.rep('d', 16) .. string.rep('\0', 8)
        for n = 1, tonumber(ARGV[1]) do redis.call('SET', 'test:old(n=' .. n .. ')', entry) end";
    server.command(["EVAL", fill, "0", &entries.to_string()]);
}

#[tokio::test]
async fn cleared_entries_do_not_stay_in_redis() {
    let server = RedisServer::start();
    // More than one step.
    fill(&server, 3000);
    let builder = Cache::builder().prefix("test").url(server.url());
    let cache = builder.store_budget(PATIENCE).build().await.unwrap();
    server.command(["SET", "test:#t:kept", "a generation"]);
    cache.clear().await.unwrap();
    let only_one_left = async || server.command(["DBSIZE"]) == redis::Value::Int(1);
    eventually("entries are left", only_one_left).await;
    assert!(server.exists("test:#t:kept"));
    assert_eq!((server.calls("keys"), server.calls("flushdb")), (0, 0));
}

/// A Redis with more records than one step clears, and an application on it.
async fn crowded() -> (RedisServer, Cache, App) {
    let server = RedisServer::start();
    fill(&server, 50_000);
    let builder = Cache::builder().prefix("test").url(server.url());
    let cache = builder.store_budget(PATIENCE).build().await;
    let cache = cache.expect("the settings are good");
    let gate = Gate::new();
    gate.let_through(100);
    let app = App(pages(&gate).layer(cache.attach()));
    (server, cache, app)
}

#[tokio::test]
async fn entry_stored_after_the_clearing_stays_in_redis() {
    let (server, cache, app) = crowded().await;
    cache.clear().await.unwrap();
    app.get("/pages/1").await;
    let old_are_gone = async || !server.exists("test:old(n=1)") && !server.exists("test:old(n=49999)");
    eventually("entries are left", old_are_gone).await;
    cache.shutdown().await.unwrap();
    assert!(server.exists("test:it::handlers::gated::page(id=1)"));
    assert_eq!(app.get("/pages/1").await.x_cache(), Some("Hit"));
}

/// The second purges entries that were stored while the first was still purging.
#[tokio::test]
async fn each_of_two_clearings_purges_redis() {
    let (server, cache, app) = crowded().await;
    cache.clear().await.unwrap();
    app.get("/pages/1").await;
    // Behind what stored it, so that it is of an earlier millisecond than the second clearing.
    eventually("it is not stored", async || {
        server.exists("test:it::handlers::gated::page(id=1)")
    })
    .await;
    let made = SystemTime::now();
    eventually("the system clock does not advance", async || {
        made.elapsed().is_ok_and(|time| time.as_millis() > 1)
    })
    .await;
    cache.clear().await.unwrap();
    let nothing_left =
        async || !server.exists("test:it::handlers::gated::page(id=1)") && !server.exists("test:old(n=1)");
    eventually("entries are left", nothing_left).await;
}

#[tokio::test]
async fn clearing_that_redis_does_not_acknowledge_is_an_error() {
    let mut server = RedisServer::start();
    let builder = Cache::builder().prefix("test").url(server.url());
    let cache = builder.build().await.unwrap();
    server.kill();
    assert!(cache.clear().await.unwrap_err().is_store());
}
