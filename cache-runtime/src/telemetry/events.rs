//! Log events and spans, through `tracing` with the target `handler_cache`.
//!
//! Each event has a name in its field `event`; events of fastapi-redis-cache keep their names. No event
//! contains a password: the URL of a store is logged without its user part.

use std::{error::Error, fmt};

use tracing::Span;

const TARGET: &str = "handler_cache";

pub(crate) fn connect_begin(store: &dyn fmt::Debug) {
    tracing::info!(target: TARGET, event = "CONNECT_BEGIN", ?store, "connecting to the store");
}

pub(crate) fn connect_success(store: &dyn fmt::Debug) {
    tracing::info!(target: TARGET, event = "CONNECT_SUCCESS", ?store, "the store is available");
}

/// The store does not answer at start.
pub(crate) fn connect_fail(store: &dyn fmt::Debug, error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        event = "CONNECT_FAIL",
        ?store,
        error = %Chain(error),
        "the store is unavailable, and requests are served uncached until it answers"
    );
}

/// The circuit breaker opened, or is still open a minute later.
pub(crate) fn store_unavailable(error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        event = "STORE_UNAVAILABLE",
        error = %Chain(error),
        "the store is unavailable, and requests are served uncached until it answers"
    );
}

/// The store answers with an error.
pub(crate) fn store_rejects(error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        event = "STORE_REJECTS",
        error = %Chain(error),
        "the store rejects commands, and requests that need them are served uncached"
    );
}

pub(crate) fn key_found(key: &str) {
    tracing::debug!(target: TARGET, event = "KEY_FOUND_IN_CACHE", key, "hit");
}

pub(crate) fn key_added(key: &str) {
    tracing::debug!(target: TARGET, event = "KEY_ADDED_TO_CACHE", key, "stored");
}

/// The response of a fill is not stored. At level debug, to find out why a handler never hits.
pub(crate) fn not_stored(key: &str, reason: &str) {
    tracing::debug!(target: TARGET, event = "NOT_STORED", key, reason, "the response is not stored");
}

/// The request bypasses the cache.
pub(crate) fn no_key(handler: &str, error: &dyn Error) {
    tracing::debug!(
        target: TARGET,
        event = "NO_KEY",
        handler,
        reason = %error,
        "the arguments have no key, and the request bypasses the cache"
    );
}

pub(crate) fn failed_to_cache(key: &str, error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        event = "FAILED_TO_CACHE_KEY",
        key,
        error = %Chain(error),
        "the entry could not be stored"
    );
}

/// Evictions will be retried. `evicted` names entries, handlers and tags as in the store.
pub(crate) fn failed_to_evict(evicted: &dyn fmt::Display, count: usize, error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        event = "FAILED_TO_EVICT",
        %evicted,
        count,
        error = %Chain(error),
        "the store did not acknowledge evictions, which are retried; other processes may serve old entries meanwhile"
    );
}

/// A target of `#[cache_evict]` has no key.
pub(crate) fn no_target(target: &dyn fmt::Display, error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        event = "FAILED_TO_EVICT",
        evicted = %target,
        error = %Chain(error),
        "a target of an eviction has no key, and is not evicted"
    );
}

/// Evictions succeeded that were logged as failed before. An eviction that failed several times counts once.
pub(crate) fn evicted_late(count: usize) {
    tracing::info!(
        target: TARGET,
        event = "EVICTED_LATE",
        count,
        "the store acknowledged evictions that had failed before"
    );
}

pub(crate) fn uninitialized() {
    tracing::warn!(
        target: TARGET,
        event = "NOT_INITIALIZED",
        "handlers run uncached: call `Cache::init(prefix, url).await` at start, or attach a cache to the router"
    );
}

pub(crate) fn shut_down_with_fills() {
    tracing::warn!(
        target: TARGET,
        event = "SHUTDOWN",
        "fills are still running: their leases are released, and their responses are not stored"
    );
}

pub(crate) fn shut_down_with_evictions(error: &dyn Error) {
    tracing::warn!(
        target: TARGET,
        event = "SHUTDOWN",
        error = %Chain(error),
        "the store did not acknowledge evictions, and other processes may serve old entries"
    );
}

/// A fill waits for itself.
pub(crate) fn fill_within_itself(key: &str) {
    tracing::warn!(
        target: TARGET,
        event = "NESTED_FILL",
        key,
        "a fill requested the entry that it fills, so the inner one runs uncached; call the handler's `uncached`, or the \
         function that computes the value, instead"
    );
}

pub(crate) fn handler_name_taken(handler: &str) {
    tracing::warn!(
        target: TARGET,
        event = "HANDLER_NAME_TAKEN",
        handler,
        "two handlers have the same name, so the second is not cached; name it with `name = \"…\"`"
    );
}

/// The steps of a request that read the store or wait for a lease.
pub(crate) fn lookup(key: &str) -> Span {
    tracing::debug_span!(target: TARGET, "lookup", key)
}

/// A request waits for another request's fill.
pub(crate) fn wait(key: &str) -> Span {
    tracing::debug_span!(target: TARGET, "wait", key)
}

/// A handler runs, and its response is prepared for the store.
pub(crate) fn fill(key: &str) -> Span {
    tracing::debug_span!(target: TARGET, "fill", key)
}

/// An entry is written: in the background, unless the store is in memory.
pub(crate) fn commit(key: &str) -> Span {
    tracing::debug_span!(target: TARGET, "commit", key)
}

/// An error with its sources, on one line.
#[derive(Debug)]
pub(crate) struct Chain<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut previous = self.0.to_string();
        f.write_str(&previous)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            // Some errors end with the text of their source.
            let text = error.to_string();
            if !previous.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            previous = text;
            source = error.source();
        }
        Ok(())
    }
}
