//! [`Policy`]: how the responses of one handler are cached, known at compile time.

use std::time::Duration;

use axum::routing::MethodFilter;
use http::response;

/// The longest TTL: a year of 365 days, as RFC 2616 advised, and the default of fastapi-redis-cache.
pub(crate) const ONE_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How the responses of one handler are cached.
///
/// A policy is built in a constant: [`new`](Self::new) has the defaults, and each method sets one option.
/// `#[cache(policy = …)]` takes it; options beside `policy` override it. [`CacheLayer`](crate::layer::CacheLayer) and
/// [`Cache::get_or_fill`](crate::Cache::get_or_fill) take policies, too.
///
/// ```
/// use std::time::Duration;
/// use handler_cache::{Policy, cache};
///
/// const BY_LANGUAGE: Policy = Policy::new()
///     .expire(Duration::from_secs(7200))
///     .stale_if_error(Duration::from_secs(86_400))
///     .vary(&["accept-language"]);
///
/// #[cache(policy = BY_LANGUAGE)]
/// async fn get_news() -> &'static str {
///     "none"
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    pub(crate) expiration: Expiration,
    pub(crate) methods: MethodFilter,
    pub(crate) vary: &'static [&'static str],
    pub(crate) stale_while_revalidate: Option<Duration>,
    pub(crate) stale_if_error: Option<Duration>,
    pub(crate) stale_if_slow: Option<Duration>,
    pub(crate) not_found: Option<Duration>,
    pub(crate) visibility: Visibility,
    pub(crate) client_max_age: Option<ClientMaxAge>,
    pub(crate) store_if: Option<fn(&response::Parts) -> bool>,
    pub(crate) max_body: Option<usize>,
    pub(crate) version: Option<&'static str>,
    /// Set for layers in RFC 9111 mode, where the responses' own headers decide how they are cached.
    pub(crate) http: Option<Http>,
}

/// Settings of the RFC 9111 mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Http {
    /// Whether a response without an explicit TTL gets a heuristic one from its `Last-Modified` (section 4.2.2).
    pub(crate) guesses: bool,
}

/// The option `expire`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiration {
    /// The cache's `default_expire`.
    Default,
    After(Duration),
    /// Until evicted, and [`ONE_YEAR`] at most.
    Never,
}

/// Whether shared caches may store a response, in the generated `Cache-Control`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    Private,
    Public,
}

/// The `max-age` of the generated `Cache-Control`: how long clients may reuse a response without asking again.
///
/// Never more than the remaining TTL of the entry. See
/// [`CacheBuilder::client_max_age`](crate::CacheBuilder::client_max_age).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientMaxAge {
    /// This long, in whole seconds. Less than a second is `no-cache`.
    Fixed(Duration),
    /// The remaining TTL of the entry.
    Remaining,
}

impl ClientMaxAge {
    pub(crate) const fn is_zero(self) -> bool {
        matches!(self, Self::Fixed(limit) if limit.as_secs() == 0)
    }
}

impl From<Duration> for ClientMaxAge {
    fn from(limit: Duration) -> Self {
        Self::Fixed(limit)
    }
}

/// Whether clients control the cache through `Cache-Control` and `Pragma` in their requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ClientControl {
    /// `no-cache` and `no-store` bypass the cache: nothing is read or stored. The default.
    #[default]
    Bypass,
    /// `no-cache` runs the handler and stores its response; `no-store` bypasses the cache.
    Refresh,
    /// Request directives are ignored: for public sites, where clients must not be able to force work.
    Ignore,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// The defaults: GET and HEAD are cached, for the cache's [`default_expire`](crate::CacheBuilder::default_expire).
    pub const fn new() -> Self {
        Self {
            expiration: Expiration::Default,
            methods: MethodFilter::GET,
            vary: &[],
            stale_while_revalidate: None,
            stale_if_error: None,
            stale_if_slow: None,
            not_found: None,
            visibility: Visibility::Private,
            client_max_age: None,
            store_if: None,
            max_body: None,
            version: None,
            http: None,
        }
    }

    /// The TTL: how long entries are fresh. Default: the cache's
    /// [`default_expire`](crate::CacheBuilder::default_expire).
    ///
    /// # Panics
    /// If `ttl` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    #[track_caller]
    pub const fn expire(mut self, ttl: Duration) -> Self {
        assert!(ttl.as_millis() > 0, "`expire` must be at least one millisecond");
        self.expiration = Expiration::After(ttl);
        self
    }

    /// As [`expire`](Self::expire), but a TTL below a millisecond stores nothing.
    pub(crate) const fn with_ttl(ttl: Duration) -> Self {
        let mut policy = Self::new();
        policy.expiration = Expiration::After(ttl);
        policy
    }

    /// Entries are fresh until they are evicted, and a year at most.
    #[must_use]
    pub const fn never_expires(mut self) -> Self {
        self.expiration = Expiration::Never;
        self
    }

    /// The methods that are cached. Default: `GET`, which includes `HEAD`. Other methods become part of the key.
    #[must_use]
    pub const fn methods(mut self, methods: MethodFilter) -> Self {
        self.methods = methods;
        self
    }

    /// Request headers, in lower case, that become part of the key and are named in the response's `Vary`.
    ///
    /// # Panics
    /// If a name is empty, not in lower case or not a header name; in a constant that is a compile error.
    #[must_use]
    pub const fn vary(mut self, names: &'static [&'static str]) -> Self {
        let mut index = 0;
        while index < names.len() {
            assert!(
                is_lower_case_header_name(names[index].as_bytes()),
                "`vary` takes names of headers, in lower case"
            );
            index += 1;
        }
        self.vary = names;
        self
    }

    /// How long a stale entry is served while a background refresh replaces it (RFC 5861 section 3). Default: not at
    /// all.
    ///
    /// # Panics
    /// If `window` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    pub const fn stale_while_revalidate(mut self, window: Duration) -> Self {
        assert!(
            window.as_millis() > 0,
            "`stale_while_revalidate` must be at least one millisecond"
        );
        self.stale_while_revalidate = Some(window);
        self
    }

    /// How long a stale entry is served when the handler fails, by a 5xx or a panic (RFC 5861 section 4). Default: not
    /// at all.
    ///
    /// # Panics
    /// If `window` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    pub const fn stale_if_error(mut self, window: Duration) -> Self {
        assert!(
            window.as_millis() > 0,
            "`stale_if_error` must be at least one millisecond"
        );
        self.stale_if_error = Some(window);
        self
    }

    /// How long a request waits for the handler if there is a stale entry. Then the entry is served, and the fill goes
    /// on in the background. Default: until the handler returns.
    ///
    /// Stale entries exist only within the windows of `stale_if_error` and `stale_while_revalidate`.
    ///
    /// # Panics
    /// If `limit` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    pub const fn stale_if_slow(mut self, limit: Duration) -> Self {
        assert!(
            limit.as_millis() > 0,
            "`stale_if_slow` must be at least one millisecond"
        );
        self.stale_if_slow = Some(limit);
        self
    }

    /// Stores 404 and 410 too, with this TTL. Default: they are not stored.
    ///
    /// # Panics
    /// If `ttl` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    pub const fn not_found(mut self, ttl: Duration) -> Self {
        assert!(
            ttl.as_millis() > 0,
            "`not_found` must be at least one millisecond"
        );
        self.not_found = Some(ttl);
        self
    }

    /// Sends `private` in the generated `Cache-Control`: a browser may store the response, shared caches may not. The
    /// default.
    #[must_use]
    pub const fn private(mut self) -> Self {
        self.visibility = Visibility::Private;
        self
    }

    /// Sends `public` in the generated `Cache-Control`: shared caches may store the response as well, and it is the
    /// same for everybody, also in answer to requests with credentials.
    #[must_use]
    pub const fn public(mut self) -> Self {
        self.visibility = Visibility::Public;
        self
    }

    /// The `max-age` of the generated `Cache-Control`, in whole seconds, and never more than the remaining TTL of the
    /// entry. Less than a second is `no-cache`: clients revalidate by ETag each time. That is the default.
    ///
    /// Takes effect if all arguments of the handler come from the URL, and beside [`public`](Self::public) or
    /// [`vary`](Self::vary), which say who may share the response. Otherwise a browser could show one user's page to
    /// the next user of the same browser.
    #[must_use]
    pub const fn client_max_age(mut self, limit: Duration) -> Self {
        self.client_max_age = Some(ClientMaxAge::Fixed(limit));
        self
    }

    /// As [`client_max_age`](Self::client_max_age), with the remaining TTL of the entry.
    #[must_use]
    pub const fn client_max_age_remaining(mut self) -> Self {
        self.client_max_age = Some(ClientMaxAge::Remaining);
        self
    }

    /// Stores only responses that this function accepts, in addition to the rules of the cache. It gets status and
    /// headers.
    #[must_use]
    pub const fn store_if(mut self, accepts: fn(&response::Parts) -> bool) -> Self {
        self.store_if = Some(accepts);
        self
    }

    /// The largest body that is stored, in bytes. Larger ones are passed on unstored. Default: the cache's
    /// [`max_body`](crate::CacheBuilder::max_body).
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = Some(bytes);
        self
    }

    /// A part of the key that abandons entries of an older release: change it when the response's format changes.
    #[must_use]
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// The TTL in a cache with this default.
    pub(crate) fn ttl(&self, default: Duration) -> Duration {
        match self.expiration {
            Expiration::Default => default,
            Expiration::After(ttl) => ttl,
            Expiration::Never => ONE_YEAR,
        }
    }

    /// Whether the policy itself says what responses depend on besides the URL: nothing, or the headers in `Vary`.
    pub(crate) const fn names_what_decides(&self) -> bool {
        matches!(self.visibility, Visibility::Public) || !self.vary.is_empty()
    }

    /// Whether the policy sets a `max-age`.
    pub(crate) const fn grants_max_age(&self) -> bool {
        matches!(self.client_max_age, Some(max_age) if !max_age.is_zero())
    }

    /// How long an entry is kept once it is stale.
    pub(crate) fn stale_window(&self) -> Duration {
        let revalidate = self.stale_while_revalidate.unwrap_or_default();
        revalidate.max(self.stale_if_error.unwrap_or_default())
    }

    /// Whether one argument list can have several entries.
    pub(crate) fn has_variants(&self) -> bool {
        !self.vary.is_empty()
            || self.methods != MethodFilter::GET
            || self.version.is_some()
            || self.http.is_some()
    }
}

const fn is_lower_case_header_name(name: &[u8]) -> bool {
    let mut index = 0;
    while index < name.len() {
        if !matches!(name[index], b'a'..=b'z' | b'0'..=b'9' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
        {
            return false;
        }
        index += 1;
    }
    !name.is_empty()
}
