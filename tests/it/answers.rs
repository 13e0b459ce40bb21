//! Assertions about what a client gets.

use crate::support::app::{Answer, App};

/// The headers that a cached response has of the cache.
const OURS: [&str; 4] = ["cache-control", "expires", "etag", "x-cache"];

/// The response is the handler's own, and the cache had no part in it.
#[track_caller]
pub(crate) fn assert_bypassed(answer: &Answer) {
    for name in OURS {
        assert!(!answer.headers.contains_key(name), "{name}: {:?}", answer.headers);
    }
}

/// Asserts that the hit has the status, body and headers of the miss, except for `x-cache`.
#[track_caller]
pub(crate) fn assert_replays(hit: &Answer, miss: &Answer) {
    assert_eq!(miss.x_cache(), Some("Miss"));
    assert_eq!(hit.x_cache(), Some("Hit"));
    let mut expected = miss.clone();
    expected.headers.insert("x-cache", hit.headers["x-cache"].clone());
    assert_eq!(*hit, expected);
}

/// Asks twice: the first is a miss, the second a hit, else the same.
pub(crate) async fn miss_then_hit(app: &App, path: &str) -> Answer {
    let miss = app.get(path).await;
    let hit = app.get(path).await;
    assert_replays(&hit, &miss);
    hit
}

/// Asserts that an answer came straight from the handler: no header of the cache's.
#[track_caller]
pub(crate) fn assert_untouched(answer: &Answer) {
    for name in [
        "x-cache",
        "etag",
        "expires",
        "cache-control",
        "age",
        "cache-status",
        "vary",
    ] {
        assert!(!answer.headers.contains_key(name), "{name} in {answer:?}");
    }
}
