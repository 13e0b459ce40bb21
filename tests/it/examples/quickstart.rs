//! `quickstart` on memory, on Redis, and while Redis fails.

use std::process::Command;

use crate::support::{
    RedisServer,
    example::{self, Example},
};

const NAME: &str = "quickstart";

/// The steps of the README, on any store.
fn tour(server: &Example) {
    let miss = server.get("/products/1");
    assert_eq!((miss.status, miss.x_cache()), (200, Some("Miss")));
    let hit = server.get("/products/1");
    assert_eq!((hit.status, hit.x_cache()), (200, Some("Hit")));
    assert_eq!(hit.body, miss.body);
    assert_eq!(hit.header("content-type"), Some("application/json"));

    let etag = hit.header("etag").expect("a hit has an ETag");
    let not_modified = server.send("GET", "/products/1", &[&format!("if-none-match: {etag}")], "");
    assert_eq!((not_modified.status, &*not_modified.body), (304, ""));

    let past = server.send("GET", "/products/1", &["cache-control: no-cache"], "");
    assert_eq!(past.status, 200);
    for name in ["x-cache", "etag", "cache-control", "expires"] {
        assert_eq!(past.header(name), None, "{name}");
    }

    server.get_until("/products?page=1", "Hit");
    let product = r#"{"id":1,"name":"Teapot","price_cents":1999}"#;
    let put = server.send("PUT", "/products/1", &["content-type: application/json"], product);
    assert_eq!((put.status, &*put.body), (200, product));
    let changed = server.get("/products/1");
    assert_eq!((changed.x_cache(), &*changed.body), (Some("Miss"), product));
    assert!(
        server.get("/products?page=1").body.contains("1999"),
        "the list has the new price, too"
    );

    for _ in 0..2 {
        assert_eq!(server.get("/products/99").status, 404);
        assert_eq!(server.get("/scoreboard/2019-02-29").status, 400);
        assert_eq!(server.get("/me").status, 401);
        for user in ["alice", "bob"] {
            let page = server.send("GET", "/me", &[&format!("authorization: Bearer {user}")], "");
            assert_eq!(page.body, format!("Hello, {user}!\n"));
        }
    }
    assert_eq!(server.get("/scoreboard/2019-05-09").x_cache(), Some("Miss"));
    assert_eq!(server.get("/scoreboard/2019-05-09").x_cache(), Some("Hit"));
    for x_cache in ["Miss", "Hit"] {
        let countries = server.get("/countries");
        assert_eq!(countries.x_cache(), Some(x_cache));
        let control = countries.header("cache-control").expect("it says how long");
        let seconds = control
            .strip_prefix("private, max-age=")
            .and_then(|seconds| seconds.parse().ok());
        assert!(
            seconds.is_some_and(|seconds: u32| (86_000..=86_400).contains(&seconds)),
            "{control}"
        );
        assert!(countries.header("expires").is_some() && countries.header("etag").is_some());
    }
    browsers_ask_each_time(server);
}

/// All pages except the countries, which are checked above.
fn browsers_ask_each_time(server: &Example) {
    let alice = "authorization: Bearer alice";
    for (path, headers) in [
        ("/products?page=1", &[][..]),
        ("/products/1", &[]),
        ("/scoreboard/2019-05-09", &[]),
        ("/me", &[alice]),
    ] {
        let page = server.send("GET", path, headers, "");
        let etag = page.header("etag").expect("it has an ETag");
        let headers_sent = (page.header("cache-control"), page.header("expires"));
        assert_eq!(headers_sent, (Some("private, no-cache"), None), "{path}");
        let condition = format!("if-none-match: {etag}");
        let headers: Vec<&str> = headers.iter().copied().chain([&*condition]).collect();
        let unchanged = server.send("GET", path, &headers, "");
        assert_eq!((unchanged.status, &*unchanged.body), (304, ""), "{path}");
    }
    let missing = server.get("/products/99");
    assert_eq!(missing.header("cache-control"), Some("private, no-cache"));
}

#[test]
fn quickstart_on_memory() {
    tour(&Example::start(NAME, "memory://"));
}

#[test]
fn quickstart_on_redis_keeps_its_entries_over_a_restart() {
    let redis = RedisServer::start();
    let server = Example::start(NAME, &redis.url());
    tour(&server);
    let key = "shop:quickstart::get_product(id=1)";
    assert!(
        (1..=30_000).contains(&redis.pttl(key)),
        "the key can be read, and its time runs out"
    );
    assert!(!redis.exists("shop:quickstart::get_product(id=99)"));
    drop(server);
    let again = Example::start(NAME, &redis.url());
    assert_eq!(again.get("/countries").x_cache(), Some("Hit"));
}

#[test]
fn p1_quickstart_serves_while_redis_is_killed_frozen_or_not_there_yet() {
    let mut redis = RedisServer::start();
    let url = redis.url();
    redis.kill();
    let server = Example::start(NAME, &url);
    assert_eq!(server.get("/products/2").x_cache(), Some("Miss"), "not there yet");

    redis.restart();
    server.get_until("/products/2", "Hit");

    redis.kill();
    for _ in 0..10 {
        let answer = server.get("/products/2");
        assert_eq!((answer.status, answer.x_cache()), (200, Some("Miss")), "killed");
    }
    redis.restart();
    server.get_until("/products/2", "Hit");

    redis.freeze();
    for _ in 0..10 {
        let answer = server.get("/products/2");
        assert_eq!((answer.status, answer.x_cache()), (200, Some("Miss")), "frozen");
    }
    redis.thaw();
    server.get_until("/products/2", "Hit");
}

#[test]
fn unusable_settings_are_said_clearly_and_without_the_password() {
    let quickstart = example::program(NAME);
    for (url, expected) in [
        ("mysql://root:hunter2@db", "known schemes"),
        ("redis://user:hunter2@host:port", "port"),
        ("rediss://:hunter2@host", "TLS"),
    ] {
        let output = Command::new(&quickstart)
            .env("CACHE_URL", url)
            .output()
            .expect("the example runs");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success());
        assert!(said.contains(expected), "{url}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
