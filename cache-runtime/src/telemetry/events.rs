//! What the cache tells through `tracing`: one function an event, the names as fastapi-redis-cache has them; and one a
//! span, at level debug.
//!
//! The target is `handler_cache`. No event holds a password: a store's URL is logged without its user part.

use std::{error::Error, fmt};

use tracing::Span;

const TARGET: &str = "handler_cache";

pub(crate) fn connect_begin(store: &dyn fmt::Debug) {
    tracing::info!(target: TARGET, ?store, "CONNECT_BEGIN");
}

pub(crate) fn connect_success(store: &dyn fmt::Debug) {
    tracing::info!(target: TARGET, ?store, "CONNECT_SUCCESS");
}

pub(crate) fn connect_fail(store: &dyn fmt::Debug, error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        ?store,
        error = %Chain(error),
        "CONNECT_FAIL: requests are served uncached until the store answers"
    );
}

pub(crate) fn store_ailing(error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        error = %Chain(error),
        "STORE_AILING: requests are served uncached until the store answers again"
    );
}

pub(crate) fn store_refuses(error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        error = %Chain(error),
        "STORE_REFUSES: it answers, but does not take what it is given; such requests are served uncached"
    );
}

pub(crate) fn key_found(key: &str) {
    tracing::debug!(target: TARGET, key, "KEY_FOUND_IN_CACHE");
}

pub(crate) fn key_added(key: &str) {
    tracing::debug!(target: TARGET, key, "KEY_ADDED_TO_CACHE");
}

/// The rules refused the response. At level debug, for those who wonder why a handler is always a miss.
pub(crate) fn not_stored(key: &str, reason: &str) {
    tracing::debug!(target: TARGET, key, reason, "NOT_STORED");
}

/// The request goes past the cache.
pub(crate) fn no_key(handler: &str, error: &dyn Error) {
    tracing::debug!(target: TARGET, handler, reason = %error, "NO_KEY");
}

pub(crate) fn failed_to_cache(key: &str, error: &dyn Error) {
    tracing::warn!(target: TARGET, key, error = %Chain(error), "FAILED_TO_CACHE_KEY");
}

/// `what` names entries and handlers as the store does, or says which key there is none of.
pub(crate) fn failed_to_evict(what: &dyn fmt::Display, error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        evicted = %what,
        error = %Chain(error),
        "FAILED_TO_EVICT: the request is answered, and old entries may still be served"
    );
}

pub(crate) fn uninitialized() {
    tracing::warn!(
        target: TARGET,
        "handlers run uncached: call `Cache::init(prefix, url).await` at start, or attach a cache to the router"
    );
}

pub(crate) fn overdue_evicted(count: usize) {
    tracing::info!(target: TARGET, count, "EVICTED_LATE: the store has acknowledged what it did not before");
}

pub(crate) fn shut_down_with_runs() {
    tracing::warn!(
        target: TARGET,
        "SHUTDOWN: fills are still running; their leases are released, and their responses are not stored"
    );
}

pub(crate) fn shut_down_with_overdue(error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        error = %Chain(error),
        "SHUTDOWN: evictions were not acknowledged, and old entries may still be served elsewhere"
    );
}

pub(crate) fn fill_within_itself(key: &str) {
    tracing::warn!(
        target: TARGET,
        key,
        "a fill asks for the entry that it fills, which would wait for itself, so the inner one runs uncached; call the \
         handler's `uncached`, or the function behind the value, instead"
    );
}

pub(crate) fn handler_name_taken(handler: &str) {
    tracing::warn!(
        target: TARGET,
        handler,
        "two handlers have one name, so the second is not cached; give it its own with `name = \"…\"`"
    );
}

/// A request asks the store what to do: for an entry, a lease, or whom to wait for.
pub(crate) fn lookup(key: &str) -> Span {
    tracing::debug_span!(target: TARGET, "lookup", key)
}

/// A request waits for another's run.
pub(crate) fn wait(key: &str) -> Span {
    tracing::debug_span!(target: TARGET, "wait", key)
}

/// A handler runs, and what follows from it.
pub(crate) fn fill(key: &str) -> Span {
    tracing::debug_span!(target: TARGET, "fill", key)
}

/// An entry is written, behind the response unless it is in memory.
pub(crate) fn commit(key: &str) -> Span {
    tracing::debug_span!(target: TARGET, "commit", key)
}

/// An error with its sources, on one line.
#[derive(Debug)]
pub(crate) struct Chain<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        f.write_str(&told)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            // Some errors repeat their cause in their own text.
            let text = error.to_string();
            if !told.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            told = text;
            source = error.source();
        }
        Ok(())
    }
}
