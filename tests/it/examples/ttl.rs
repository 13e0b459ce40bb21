//! `ttl` sends the `Cache-Control` that each page documents.

use super::{
    MEMORY,
    support::{
        RedisServer,
        example::{Answer, Example},
    },
};

/// The `max-age` in seconds.
fn max_age(answer: &Answer) -> u64 {
    let directives = answer
        .header("cache-control")
        .expect("the response has `Cache-Control`");
    let seconds = directives
        .split(", ")
        .find_map(|directive| directive.strip_prefix("max-age="));
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    seconds.expect("max-age is a number of seconds")
}

fn each_page_has_its_own_ttl(url: &str) {
    let server = Example::start("ttl", url);
    for (path, longest, text) in [
        ("/", 10, "Welcome!"),
        ("/products/1", 60, "Product 1."),
        ("/countries", 24 * 60 * 60, "Chile"),
        ("/auctions/0", 24 * 60 * 60, "Lot 0 is sold."),
        // An hour when the example started, so one second less by now.
        ("/auctions/1", 60 * 60 - 1, "Lot 1 is open."),
        ("/auctions/2", 2 * 60 * 60 - 1, "Lot 2 is open."),
    ] {
        let miss = server.get(path);
        assert_eq!((miss.status, miss.x_cache()), (200, Some("Miss")), "{path}");
        assert!(miss.body.starts_with(text), "{path}: {}", miss.body);
        // Some of it has passed on a busy machine, but less than the difference to the next page.
        let seconds = max_age(&miss);
        assert!(seconds <= longest && 2 * seconds > longest, "{path}: {seconds}");
    }
    for path in ["/products/1", "/countries", "/auctions/0", "/auctions/1"] {
        let hit = server.get(path);
        assert_eq!(hit.x_cache(), Some("Hit"), "{path}");
    }

    let first = server.get("/basket");
    let second = server.get("/basket");
    assert_ne!(first.body, second.body, "the handler runs for each request");
    for basket in [first, second] {
        assert_eq!(basket.header("cache-control"), Some("no-store"));
        assert_eq!((basket.x_cache(), basket.header("etag")), (None, None));
    }
}

#[test]
fn lives_on_memory() {
    each_page_has_its_own_ttl(MEMORY);
}

#[test]
fn lives_on_redis() {
    each_page_has_its_own_ttl(&RedisServer::start().url());
}
