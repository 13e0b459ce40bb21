//! How caches for Python's web frameworks behave, line by line, and what this one does instead.
//!
//! The lines 1 to 15 were observed on fastapi-redis-cache, 16 to 21 on fastapi-cache2, 22 to 25 on
//! FastCacheMiddleware, 27 to 30 on Litestar. The last two cache by URL, so theirs are tests of what the attribute
//! does in the same place.

mod arguments;
mod compression;
mod evictions;
mod faults;
mod gate;
mod keys;
mod life;
mod responses;
mod validators;

use crate::support;
use crate::support::app::Answer;

/// The headers that a cached response has of the cache.
const OURS: [&str; 4] = ["cache-control", "expires", "etag", "x-cache"];

/// The response is the handler's own, and the cache had no part in it.
#[track_caller]
fn assert_bypassed(answer: &Answer) {
    for name in OURS {
        assert!(!answer.headers.contains_key(name), "{name}: {:?}", answer.headers);
    }
}

/// The hit is the miss again: status, body and headers, but for the word that tells them apart.
#[track_caller]
fn assert_replays(hit: &Answer, miss: &Answer) {
    assert_eq!(miss.verdict(), Some("Miss"));
    assert_eq!(hit.verdict(), Some("Hit"));
    let mut expected = miss.clone();
    expected.headers.insert("x-cache", hit.headers["x-cache"].clone());
    assert_eq!(*hit, expected);
}
