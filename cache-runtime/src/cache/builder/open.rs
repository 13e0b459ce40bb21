//! Validates the settings of a builder, and builds the cache.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue};
use tokio::sync::Semaphore;

use super::CacheBuilder;
use crate::{
    cache::Cache,
    engine::{Engine, EvictionRetryQueue, Flights, Leases, Nesting, Purges, Refreshes, Repeats, Settings},
    entry::HeaderLines,
    error::Error,
    http as rules,
    http::response::StatusHeaders,
    key::names::Names,
    origin::{
        self, CacheCore,
        http::{BufferBudget, EndlessKeys},
    },
    stats::CounterRegistry,
    store::{Guard, MemoryStore, Store},
    telemetry::recorder::{Metric, MetricsRecorder},
};

/// Leaves room for the name of the handler in a key, which is shortened beyond 240 bytes.
const LONGEST_PREFIX: usize = 64;

impl CacheBuilder {
    /// Builds the cache. Its store is not connected yet.
    pub(super) fn open(self) -> Result<Cache, Error> {
        check_prefix(&self.prefix)?;
        let hit_header = hit_header(&self.response_header)?;
        if self.default_expire < Duration::from_millis(1) {
            return Err(Error::settings(
                "`default_expire` must be at least one millisecond",
            ));
        }
        let zeros = [
            ("memory_size", self.memory_size == 0),
            ("store_budget", self.store_budget.is_zero()),
        ];
        if let Some((name, _)) = zeros.iter().find(|(_, is_zero)| *is_zero) {
            return Err(Error::settings(format!(
                "`{name}` cannot be zero; to cache nothing, do not call `Cache::init`"
            )));
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(Error::settings(
                "`jitter` is not a share of the TTL; use a number from 0 to 1",
            ));
        }
        if !self.early_refresh.is_finite() || self.early_refresh < 0.0 {
            return Err(Error::settings(
                "`early_refresh` is not a factor; use a number from 0",
            ));
        }
        let recorder = MetricsRecorder::new(&self.prefix);
        let guard = self.open_store(&recorder)?;
        let engine = Engine {
            names: Names::new(&self.prefix, self.version.as_deref()),
            settings: Settings {
                coalesce_timeout: self.coalesce_timeout,
                jitter: self.jitter,
                early_refresh: self.early_refresh,
                failure_backoff: self.failure_backoff,
                abandoned_fill_timeout: self.abandoned_fill_timeout,
                commit_before_response: self.commit_before_response,
            },
            guard: Arc::new(guard),
            flights: Flights::default(),
            runs: Arc::new(Semaphore::new(self.max_fills.min(Semaphore::MAX_PERMITS))),
            waiting: Semaphore::new(self.max_waiters.min(Semaphore::MAX_PERMITS)),
            eviction_retries: EvictionRetryQueue::new(recorder.gauge(Metric::EvictionsRetrying)),
            repeats: Repeats::default(),
            leases: Leases::default(),
            nesting: Nesting::default(),
            purges: Purges::default(),
            counters: CounterRegistry::new(recorder),
            refreshes: Arc::new(Refreshes::new(self.max_refreshes)),
            clock: self.clock,
        };
        let core = CacheCore {
            engine: Arc::new(engine),
            settings: origin::Settings {
                default_expire: self.default_expire,
                client_control: self.client_control,
                client_max_age: self.client_max_age,
                status_headers: StatusHeaders {
                    hit_header,
                    cache_name: self.cache_status.then(|| cache_name(&self.prefix)),
                },
                max_body: self.max_body,
            },
            buffers: BufferBudget::new(self.body_buffers),
            endless: EndlessKeys::default(),
        };
        Ok(Cache::new(Arc::new(core)))
    }

    fn open_store(&self, recorder: &MetricsRecorder) -> Result<Guard, Error> {
        let url = &*self.url.0;
        let clock = self.clock.clone();
        match url.split_once(':').map_or("", |(scheme, _)| scheme) {
            "memory" if matches!(url, "memory:" | "memory://") => {
                let store = MemoryStore::new(self.memory_size, self.max_body, clock.clone());
                Ok(Guard::memory(store, clock, recorder))
            }
            "memory" => Err(Error::settings(
                "the URL of the memory store has no parameters; use `memory://`, and set its size with \
                 `Cache::builder().memory_size(bytes)`",
            )),
            "redis" | "rediss" | "redis+unix" | "unix" => Ok(Guard::remote(
                open_redis(url)?,
                self.store_budget,
                clock,
                recorder,
            )),
            // The URL is not shown: if the scheme is wrong, a password may be anywhere in it.
            _ => Err(Error::settings(
                "the cache URL has none of the known schemes; \
                 use `memory://`, `redis://host:6379` or `redis+unix:///path/to/socket`",
            )),
        }
    }
}

#[cfg(feature = "redis")]
fn open_redis(url: &str) -> Result<Box<dyn Store>, Error> {
    Ok(Box::new(crate::store::RedisStore::open(url)?))
}

#[cfg(not(feature = "redis"))]
fn open_redis(_url: &str) -> Result<Box<dyn Store>, Error> {
    Err(Error::settings(
        "this build has no Redis store; enable the feature `redis` of `handler-cache`",
    ))
}

/// # Errors
/// If the name is not a header name, or is one that has a meaning for clients.
fn hit_header(name: &str) -> Result<HeaderName, Error> {
    let refuse = |why| Error::settings(format!("`response_header` is {why}: {name:?}"));
    let own = HeaderName::try_from(name).map_err(|_| refuse("not a header name"))?;
    match HeaderLines::is_common(&own) || rules::is_hop_by_hop(&own) {
        true => Err(refuse(
            "a header with a meaning of its own; use a name such as `x-cache`",
        )),
        false => Ok(own),
    }
}

fn check_prefix(prefix: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if prefix.is_empty() || prefix.len() > LONGEST_PREFIX || !prefix.bytes().all(allowed) {
        return Err(Error::settings(format!(
            "`prefix` is invalid: {prefix:?}; use 1 to {LONGEST_PREFIX} letters, digits, `.`, `_` or `-`"
        )));
    }
    Ok(())
}

/// The name of the cache in `Cache-Status`: a token if the prefix is one, else a string (RFC 8941 section 3.3).
fn cache_name(prefix: &str) -> HeaderValue {
    let name = if prefix.starts_with(|first: char| first.is_ascii_alphabetic()) {
        prefix.to_owned()
    } else {
        format!("\"{prefix}\"")
    };
    HeaderValue::try_from(name).expect("a prefix is visible ASCII")
}
