//! The builder of a [`Cache`].

mod open;

use std::time::Duration;

use super::{Cache, GLOBAL};
use crate::{
    clock::Clock,
    error::Error,
    policy::{ClientControl, ClientMaxAge, ONE_YEAR},
};

/// Builds a [`Cache`]. Every setting has a default.
///
/// ```
/// # async fn start() -> Result<(), handler_cache::Error> {
/// use std::time::Duration;
/// use handler_cache::Cache;
///
/// let cache = Cache::builder()
///     .prefix("shop")
///     .url("memory://")
///     .default_expire(Duration::from_secs(60))
///     .memory_size(16 * 1024 * 1024)
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `init` or `build`"]
pub struct CacheBuilder {
    prefix: String,
    url: Url,
    default_expire: Duration,
    response_header: String,
    cache_status: bool,
    client_control: ClientControl,
    client_max_age: Option<ClientMaxAge>,
    memory_size: u64,
    max_body: usize,
    version: Option<String>,
    store_budget: Duration,
    commit_before_response: bool,
    coalesce_timeout: Duration,
    jitter: f64,
    early_refresh: f64,
    failure_backoff: Duration,
    abandoned_fill_timeout: Duration,
    body_buffers: usize,
    max_refreshes: usize,
    max_fills: usize,
    max_waiters: usize,
    clock: Clock,
}

/// Not shown by `Debug`: it may contain a password.
struct Url(String);

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl CacheBuilder {
    pub(super) fn new() -> Self {
        Self {
            prefix: "cache".to_owned(),
            url: Url("memory://".to_owned()),
            default_expire: ONE_YEAR,
            response_header: "x-cache".to_owned(),
            cache_status: false,
            client_control: ClientControl::default(),
            client_max_age: None,
            memory_size: 64 * 1024 * 1024,
            max_body: 1024 * 1024,
            version: None,
            store_budget: Duration::from_millis(250),
            commit_before_response: false,
            coalesce_timeout: Duration::from_secs(10),
            jitter: 0.0,
            early_refresh: 0.0,
            failure_backoff: Duration::from_secs(30),
            abandoned_fill_timeout: Duration::from_secs(60),
            body_buffers: 64 * 1024 * 1024,
            max_refreshes: 64,
            max_fills: 10_000,
            max_waiters: 100_000,
            clock: Clock::system(),
        }
    }

    /// The start of every key: 1 to 64 letters, digits, `.`, `_` or `-`. Programs with different prefixes share a
    /// server without sharing entries. Default: `cache`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The store; see [`Cache::init`]. Default: `memory://`.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Url(url.into());
        self
    }

    /// The TTL of entries whose attribute or policy sets none, at least a millisecond. Default: one year.
    pub fn default_expire(mut self, ttl: Duration) -> Self {
        self.default_expire = ttl;
        self
    }

    /// The name of the response header that is `Hit`, `Miss` or `Stale`. Default: `x-cache`.
    pub fn response_header(mut self, name: impl Into<String>) -> Self {
        self.response_header = name.into();
        self
    }

    /// Whether responses have a `Cache-Status` header (RFC 9211), with the prefix as the name of the cache. Default:
    /// no.
    pub fn cache_status(mut self, enabled: bool) -> Self {
        self.cache_status = enabled;
        self
    }

    /// Whether clients control the cache through `Cache-Control` and `Pragma` in their requests. Default:
    /// [`ClientControl::Bypass`].
    pub fn client_control(mut self, control: ClientControl) -> Self {
        self.client_control = control;
        self
    }

    /// The `max-age` of responses whose handler or layer sets none: a `Duration`, in whole seconds, or
    /// [`ClientMaxAge::Remaining`]; never more than the remaining TTL of the entry. Default: `no-cache`, clients ask
    /// each time.
    ///
    /// Takes effect only for handlers whose arguments all come from the URL, as their types prove (`Path`, `Query`,
    /// `RawQuery`, `Uri`, `OriginalUri`, `MatchedPath`, `Method`) or are `State`, and for handlers and layers with
    /// `public` or `vary`. All others send `no-cache`: otherwise a browser could show one user's page to the next user
    /// of the same browser.
    ///
    /// ```
    /// use std::time::Duration;
    /// use handler_cache::{Cache, policy::ClientMaxAge};
    ///
    /// let half_a_minute = Cache::builder().client_max_age(Duration::from_secs(30));
    /// let while_fresh = Cache::builder().client_max_age(ClientMaxAge::Remaining);
    /// ```
    pub fn client_max_age(mut self, limit: impl Into<ClientMaxAge>) -> Self {
        self.client_max_age = Some(limit.into());
        self
    }

    /// The capacity of `memory://` in bytes, including keys, headers and overhead. Not zero. Default: 64 MiB.
    pub fn memory_size(mut self, bytes: u64) -> Self {
        self.memory_size = bytes;
        self
    }

    /// The largest body that is stored, in bytes; `max_body` of a handler overrides it. Larger bodies are passed on
    /// unstored. Default: 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// A part of every key that abandons all entries of an older release. Evictions reach every version. Default: none.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// How long one request may wait for the store, with all of its attributes and layers together; then it is served
    /// without it. A call on [`Cache`] has a budget of its own. Not zero. Default: 250 ms.
    pub fn store_budget(mut self, budget: Duration) -> Self {
        self.store_budget = budget;
        self
    }

    /// Whether an entry is stored before its response is sent: for programs that are stopped between requests, as on
    /// serverless platforms, where a write in the background would be lost. Each miss then takes one more round trip to
    /// the store, and at most another [`store_budget`](Self::store_budget). A body of unknown length is sent as it
    /// arrives, and stored when it has ended. In memory, entries are always stored first. Default: no.
    pub fn commit_before_response(mut self, enabled: bool) -> Self {
        self.commit_before_response = enabled;
        self
    }

    /// How long a request waits for other requests' fills of its key, in total; zero: not at all. Then it runs the
    /// handler itself, and is answered by whichever fill ends first. Set it longer than the slowest handler takes: a
    /// slower handler runs once for each request that has waited so long. Default: 10 s.
    pub fn coalesce_timeout(mut self, limit: Duration) -> Self {
        self.coalesce_timeout = limit;
        self
    }

    /// Shortens the TTL of each entry by a random share of up to this, from 0 to 1, so that entries stored together do
    /// not expire together. The `max-age` for clients is shortened as well. Default: 0.
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// Refreshes an entry in the background before it is stale: with a probability that grows toward the end of its
    /// TTL, and with the time that the handler took. 1 is a good start; larger is earlier. Default: 0, never before the
    /// end.
    pub fn early_refresh(mut self, factor: f64) -> Self {
        self.early_refresh = factor;
        self
    }

    /// How long a handler is not run again for an entry after it failed, while a stale entry can be served. Default: 30
    /// s.
    pub fn failure_backoff(mut self, pause: Duration) -> Self {
        self.failure_backoff = pause;
        self
    }

    /// How long a fill keeps running once its client has disconnected and no other request waits for it. Then the
    /// handler is dropped, with all that it holds, such as connections. `Duration::MAX`: no limit. Default: 1 minute,
    /// which is as long as its lease is renewed.
    pub fn abandoned_fill_timeout(mut self, limit: Duration) -> Self {
        self.abandoned_fill_timeout = limit;
        self
    }

    /// How many bytes of response bodies are buffered at once, over all requests, while they stream to their clients.
    /// Beyond that a body is passed on and not stored. Default: 64 MiB.
    pub fn body_buffers(mut self, bytes: usize) -> Self {
        self.body_buffers = bytes;
        self
    }

    /// How many background refreshes run at once. Beyond that, stale entries are served without a refresh. Default: 64.
    pub fn max_refreshes(mut self, limit: usize) -> Self {
        self.max_refreshes = limit;
        self
    }

    /// How many fills run at once in tasks of their own, which outlive their clients. Beyond that a request runs its
    /// handler without storing the response. Default: 10 000.
    pub fn max_fills(mut self, limit: usize) -> Self {
        self.max_fills = limit;
        self
    }

    /// How many requests wait for other requests' fills at once. Beyond that a request runs its handler without storing
    /// the response. Default: 100 000.
    pub fn max_waiters(mut self, limit: usize) -> Self {
        self.max_waiters = limit;
        self
    }

    /// Sets a clock that the test moves.
    #[cfg(feature = "test-util")]
    pub fn clock(mut self, clock: &crate::ManualClock) -> Self {
        self.clock = clock.clock();
        self
    }

    /// Sets a clock that is `seconds` ahead of this machine's; a negative number sets it behind.
    #[cfg(feature = "test-util")]
    pub fn clock_ahead(mut self, seconds: i64) -> Self {
        self.clock = Clock::system_ahead(seconds);
        self
    }

    /// Builds a cache that is not the global one, to [`attach`](Cache::attach) to a router.
    ///
    /// A Redis that does not answer is not an error; see [`Cache::init`].
    ///
    /// # Errors
    /// [`is_settings`](Error::is_settings) if a setting is invalid.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    ///
    /// # Cancel safety
    /// If cancelled, there is no cache.
    pub async fn build(self) -> Result<Cache, Error> {
        let cache = self.open()?;
        cache.core.engine.start().await;
        Ok(cache)
    }

    /// Builds the global cache; see [`Cache::init`].
    ///
    /// # Errors
    /// As [`Cache::init`].
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    ///
    /// # Cancel safety
    /// As [`Cache::init`].
    pub async fn init(self) -> Result<Cache, Error> {
        let mut first = false;
        let cache = GLOBAL.get_or_try_init(|| {
            first = true;
            self.open()
        })?;
        if !first {
            return Err(Error::already_initialized());
        }
        cache.core.engine.start().await;
        Ok(cache.clone())
    }
}
