//! `purge` evicts by path, prefix and tag, for clients with the token.

use std::process::Command;

use super::{
    MEMORY,
    support::{
        RedisServer,
        example::{self, Example},
    },
};

const TOKEN: &str = "authorization: Bearer secret";

fn purgeable(url: &str) -> Example {
    Example::start_with("purge", url, [("PURGE_TOKEN", "secret")])
}

/// The paths that miss, in the order of the requests; the others are hits.
fn misses(server: &Example) -> Vec<&'static str> {
    let mut missed = Vec::new();
    for path in ["/products/1", "/products/1/reviews", "/products/2"] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (200, Some("private, no-cache"))
        );
        match answer.x_cache() {
            Some("Miss") => missed.push(path),
            x_cache => assert_eq!(x_cache, Some("Hit"), "{path}"),
        }
    }
    missed
}

fn purges_evict_exactly_what_they_name(url: &str) {
    let server = purgeable(url);
    let all = ["/products/1", "/products/1/reviews", "/products/2"];
    assert_eq!(misses(&server), all);
    for (what, gone) in [
        ("/cache/products/1", &all[..1]),
        ("/cache/tags/product:1", &all[..2]),
        ("/cache/tags/products", &[all[0], all[2]]),
        ("/cache/tags/nobody's", &[]),
        ("/cache", &all),
    ] {
        let purge = server.send("DELETE", what, &[TOKEN], "");
        assert_eq!((purge.status, &*purge.body), (204, ""), "{what}");
        assert_eq!(misses(&server), gone, "{what}");
        assert!(misses(&server).is_empty(), "{what}");
    }
    for login in [
        "accept: */*",
        "authorization: Bearer",
        "authorization: Bearer secre",
        "authorization: Bearer secret!",
        "authorization: Basic secret",
    ] {
        for what in ["/cache", "/cache/products/1", "/cache/tags/products"] {
            let refused = server.send("DELETE", what, &[login], "");
            assert_eq!(refused.status, 401, "{login}");
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert!(misses(&server).is_empty(), "nothing was purged without the token");
}

#[test]
fn purge_on_memory() {
    purges_evict_exactly_what_they_name(MEMORY);
}

#[test]
fn purge_on_redis() {
    purges_evict_exactly_what_they_name(&RedisServer::start().url());
}

#[test]
fn purge_that_redis_does_not_acknowledge_is_an_error() {
    let mut redis = RedisServer::start();
    let server = purgeable(&redis.url());
    misses(&server);
    redis.kill();
    for what in ["/cache/products/1", "/cache/tags/products", "/cache"] {
        let purge = server.send("DELETE", what, &[TOKEN], "");
        assert_eq!(purge.status, 503, "{what}");
        assert!(purge.body.contains("did not acknowledge"), "{}", purge.body);
    }
}

#[test]
fn purge_does_not_start_without_a_token() {
    for token in [None, Some("")] {
        let mut command = Command::new(example::program("purge"));
        command.env_remove("PURGE_TOKEN").env("PORT", "0");
        let output = command.envs(token.map(|token| ("PURGE_TOKEN", token))).output();
        let output = output.expect("the example runs");
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("set PURGE_TOKEN"));
    }
}
