//! The settings of a cache, and how they become one.

mod open;

use std::time::Duration;

use super::{Cache, GLOBAL};
use crate::{
    clock::Clock,
    error::Error,
    policy::{ClientControl, ClientMaxAge, ONE_YEAR},
};

/// Settings for a [`Cache`].
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
#[must_use = "settings do nothing until `init` or `build`"]
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

/// Not shown: it may hold a password.
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

    /// Begins every key: letters, digits, `.`, `_` and `-`, at most 64. Default: `cache`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Where entries are kept; see [`Cache::init`]. Default: `memory://`.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Url(url.into());
        self
    }

    /// The life of entries whose attribute says none. Default: one year.
    pub fn default_expire(mut self, life: Duration) -> Self {
        self.default_expire = life;
        self
    }

    /// The header that says `Hit` or `Miss`. Default: `x-cache`.
    pub fn response_header(mut self, name: impl Into<String>) -> Self {
        self.response_header = name.into();
        self
    }

    /// Whether to send `Cache-Status` (RFC 9211), with the prefix as the cache's name. Default: no.
    pub fn cache_status(mut self, send: bool) -> Self {
        self.cache_status = send;
        self
    }

    /// What clients may ask through `Cache-Control` and `Pragma` in requests. Default: [`ClientControl::Bypass`].
    pub fn client_control(mut self, control: ClientControl) -> Self {
        self.client_control = control;
        self
    }

    /// For how long clients may use a response without asking again, where its handler or layer does not say: a `Duration` in
    /// whole seconds, or [`ClientMaxAge::Remaining`], never more than the remaining TTL of the entry. Default: `no-cache`,
    /// clients ask each time.
    ///
    /// Takes effect only for handlers whose every argument is known by its type to come from the URL (`Path`, `Query`,
    /// `RawQuery`, `Uri`, `OriginalUri`, `MatchedPath`, `Method`) or to be `State`, and for handlers and layers that say
    /// `public` or `vary`. All others say `no-cache`: a browser that changes its user would show the page of the last one.
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

    /// Bytes that `memory://` may hold, with keys, headers and overhead. Default: 64 MiB.
    pub fn memory_size(mut self, bytes: u64) -> Self {
        self.memory_size = bytes;
        self
    }

    /// Bodies of more bytes pass through whole, unstored; `max_body` on a handler overrides it. Default: 1 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Joins every key, to retire all entries of an older release at once. Evictions reach every version.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Time that one request may spend on the store before it goes on without it, by attribute and layer together. A call on
    /// [`Cache`] has a budget of its own. Default: 250 ms.
    pub fn store_budget(mut self, budget: Duration) -> Self {
        self.store_budget = budget;
        self
    }

    /// Stores an entry before the response is sent that it is made of, for programs that are stopped between requests, as on
    /// serverless platforms: what is written in the background is never written there. Each miss takes one round trip to the
    /// store longer, and at most another [`store_budget`](Self::store_budget). A body of unknown length is sent as it comes, and
    /// stored when it has ended. In memory entries are always stored first. Default: no.
    pub fn commit_before_response(mut self, first: bool) -> Self {
        self.commit_before_response = first;
        self
    }

    /// How long a request waits for other requests' fills of its key, in all; zero: not at all. After that it runs the handler
    /// itself, and is answered by whichever of the fills ends first. Should be longer than the slowest handler takes: a
    /// slower one runs once for each request that has waited so long. Default: 10 s.
    pub fn coalesce_timeout(mut self, limit: Duration) -> Self {
        self.coalesce_timeout = limit;
        self
    }

    /// Shortens each entry's life by a random part of up to this share, from 0 to 1, so that entries made together do
    /// not end together. What clients are told is the shortened life. Default: 0.
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// Renews an entry that is asked for shortly before its end, behind the response: the likelier, the nearer the end
    /// and the longer the handler took. 1 is a good start, more is earlier. Default: 0, not before the end.
    pub fn early_refresh(mut self, factor: f64) -> Self {
        self.early_refresh = factor;
        self
    }

    /// After a handler failed while a stale entry could be served, it is not run for that entry again for this long.
    /// Default: 30 s.
    pub fn failure_backoff(mut self, pause: Duration) -> Self {
        self.failure_backoff = pause;
        self
    }

    /// How long a handler goes on running when its client has left and no other request waits for it. Then it is dropped,
    /// together with what it holds, such as connections. `Duration::MAX`: never. Default: 1 minute, as long as its
    /// lease is renewed.
    pub fn abandoned_fill_timeout(mut self, limit: Duration) -> Self {
        self.abandoned_fill_timeout = limit;
        self
    }

    /// Bytes of response bodies that may be buffered at once while they stream to their clients. Beyond it a body is passed
    /// on and not stored. Default: 64 MiB.
    pub fn body_buffers(mut self, bytes: usize) -> Self {
        self.body_buffers = bytes;
        self
    }

    /// How many entries may be renewed behind responses at once; beyond that, stale ones are served without. Default: 64.
    pub fn max_refreshes(mut self, most: usize) -> Self {
        self.max_refreshes = most;
        self
    }

    /// How many runs of handlers may go on in tasks of their own, where clients may leave them. A request beyond that runs
    /// its handler itself, and nothing is stored. Default: 10 000.
    pub fn max_fills(mut self, most: usize) -> Self {
        self.max_fills = most;
        self
    }

    /// How many requests may wait for others' runs at once. One beyond that runs its handler itself, and nothing is
    /// stored. Default: 100 000.
    pub fn max_waiters(mut self, most: usize) -> Self {
        self.max_waiters = most;
        self
    }

    /// A clock that the test moves.
    #[cfg(feature = "test-util")]
    pub fn clock(mut self, clock: &crate::ManualClock) -> Self {
        self.clock = clock.clock();
        self
    }

    /// As if this machine's clock were so many seconds ahead, or behind.
    #[cfg(feature = "test-util")]
    pub fn clock_ahead(mut self, seconds: i64) -> Self {
        self.clock = Clock::system_ahead(seconds);
        self
    }

    /// A cache of its own, to [`attach`](Cache::attach).
    ///
    /// # Errors
    /// [`is_settings`](Error::is_settings) when a setting cannot be used.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn build(self) -> Result<Cache, Error> {
        let cache = self.open()?;
        cache.core.engine.start().await;
        Ok(cache)
    }

    /// The global cache; see [`Cache::init`].
    ///
    /// # Errors
    /// As [`Cache::init`].
    ///
    /// # Panics
    /// Outside a Tokio runtime.
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
