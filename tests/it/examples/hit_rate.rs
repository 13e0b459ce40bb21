//! `hit_rate` logs its statistics.

use serde_json::{Value, json};

use super::{
    MEMORY,
    support::{RedisServer, example::Example},
};

/// The message of a log line.
const LINE: &str = "the last minute";

/// A number in a log line.
fn logged(line: &str, name: &str) -> u64 {
    let words = line.split_whitespace();
    let number = words
        .filter_map(|word| word.split_once('='))
        .find(|(own, _)| *own == name);
    let number = number.and_then(|(_, number)| number.parse().ok());
    number.unwrap_or_else(|| panic!("no {name} in {line:?}"))
}

fn counters_and_log_say_how_well_it_does(url: &str) {
    let variables = [("RUST_LOG", "hit_rate=info"), ("LOG_EVERY", "1")];
    let mut server = Example::start_with("hit_rate", url, variables);
    for (path, status) in [
        ("/products/1", 200),
        ("/products/1", 200),
        ("/products/1", 200),
        ("/products/99", 404),
        ("/", 200),
    ] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
    let past = server.send("GET", "/products/1", &["cache-control: no-cache"], "");
    assert_eq!((past.status, past.x_cache()), (200, None));

    let stats = server.get("/stats");
    assert_eq!(
        (stats.status, stats.header("content-type")),
        (200, Some("application/json"))
    );
    let stats: Value = serde_json::from_str(&stats.body).expect("it is JSON");
    let expected = json!({
        "total": {
            "hits": 2, "stale_hits": 0, "misses": 3, "bypasses": 1, "hit_ratio": 0.4,
            "not_stored": { "set-cookie": 1, "status": 1 },
        },
        "handlers": {
            "hit_rate::front_page": {
                "hits": 0, "stale_hits": 0, "misses": 1, "bypasses": 0, "hit_ratio": 0.0,
                "not_stored": { "set-cookie": 1 },
            },
            "hit_rate::get_product": {
                "hits": 2, "stale_hits": 0, "misses": 2, "bypasses": 1, "hit_ratio": 0.5,
                "not_stored": { "status": 1 },
            },
        },
        "store_unavailable": false,
        "evictions_retrying": 0,
    });
    assert_eq!(stats, expected);

    // So the next request is in another line than these, at the latest in the one that comes with the server's end.
    let mut log = String::new();
    while !log.contains(LINE) {
        log += &server.line();
    }
    assert_eq!(server.get("/products/1").x_cache(), Some("Hit"));
    log += &server.interrupt();
    let lines = || log.lines().filter(|line| line.contains(LINE));
    let total = |name| lines().map(|line| logged(line, name)).sum::<u64>();
    assert_eq!(
        (total("hits"), total("stale_hits"), total("misses")),
        (3, 0, 3),
        "{log}"
    );
}

#[test]
fn hit_rate_on_memory() {
    counters_and_log_say_how_well_it_does(MEMORY);
}

#[test]
fn hit_rate_on_redis() {
    counters_and_log_say_how_well_it_does(&RedisServer::start().url());
}
