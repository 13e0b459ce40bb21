//! What the attribute asked for, known at compile time.

use std::time::Duration;

use axum::routing::MethodFilter;
use http::response;

/// The longest life: a year of 365 days, as RFC 2616 advised and fastapi-redis-cache defaults to.
pub(crate) const ONE_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How the responses of one handler are cached.
///
/// A preset of your own is a constant, and `#[cache(policy = …)]` takes it; options beside `policy` override it.
///
/// ```
/// use std::time::Duration;
/// use handler_cache::Policy;
///
/// const TWO_HOURS: Policy = Policy::expire(Duration::from_secs(7200)).vary(&["accept-language"]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    pub(crate) life: Life,
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
    /// Of a layer in this mode: the responses themselves say how they are cached.
    pub(crate) http: Option<Http>,
}

/// How the responses' own words on caching are read (RFC 9111).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Http {
    /// Where they say nothing of their life, but when they were last modified, it is guessed from that.
    pub(crate) guesses: bool,
}

/// How long an entry lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// As long as the cache's `default_expire`.
    Default,
    For(Duration),
    /// Until evicted, and [`ONE_YEAR`] at the most.
    Never,
}

/// Whether proxies may store a response, by the generated `Cache-Control`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    Private,
    Public,
}

/// For how long clients may use a response without asking again: the `max-age` of the generated `Cache-Control`.
///
/// Never more than the remaining TTL of the entry. See [`CacheBuilder::client_max_age`](crate::CacheBuilder::client_max_age).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientMaxAge {
    /// This long, in whole seconds; less than a second says `no-cache`.
    Fixed(Duration),
    /// As long as the entry is fresh.
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

/// What clients may ask of the cache through `Cache-Control` and `Pragma` in their requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ClientControl {
    /// `no-cache` and `no-store` go past the cache: nothing is read or stored. The default.
    #[default]
    Bypass,
    /// `no-cache` runs the handler and stores its answer; `no-store` goes past the cache.
    Refresh,
    /// Request directives are ignored, for public sites whose clients must not be able to force work.
    Ignore,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// GET and HEAD, for the cache's `default_expire`.
    pub const fn new() -> Self {
        Self {
            life: Life::Default,
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

    /// Entries live this long.
    ///
    /// # Panics
    /// When `life` is below a millisecond; in a constant that is a compile error.
    #[track_caller]
    pub const fn expire(life: Duration) -> Self {
        Self::new().with_expire(life)
    }

    /// As [`expire`](Self::expire); a life below a millisecond stores nothing.
    pub(crate) const fn lasting(life: Duration) -> Self {
        let mut policy = Self::new();
        policy.life = Life::For(life);
        policy
    }

    /// Replaces the life of entries.
    ///
    /// # Panics
    /// When `life` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    #[track_caller]
    pub const fn with_expire(mut self, life: Duration) -> Self {
        assert!(life.as_millis() > 0, "`expire` must be at least one millisecond");
        self.life = Life::For(life);
        self
    }

    /// Entries live until they are evicted, and a year at the most.
    #[must_use]
    pub const fn never_expires(mut self) -> Self {
        self.life = Life::Never;
        self
    }

    /// The methods that are cached: `GET` (with `HEAD`) unless set. Others join the key with their name.
    #[must_use]
    pub const fn methods(mut self, methods: MethodFilter) -> Self {
        self.methods = methods;
        self
    }

    /// Request headers, in lower case, that join the key and are named in `Vary`.
    ///
    /// # Panics
    /// When a name is empty, not in lower case or not a header name; in a constant that is a compile error.
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

    /// For this long past its life an entry is served all the same, while one run behind the response renews it
    /// (RFC 5861 section 3).
    ///
    /// # Panics
    /// When `window` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    pub const fn stale_while_revalidate(mut self, window: Duration) -> Self {
        assert!(
            window.as_millis() > 0,
            "`stale_while_revalidate` must be at least one millisecond"
        );
        self.stale_while_revalidate = Some(window);
        self
    }

    /// For this long past its life an entry answers instead of a handler that fails: a 5xx or a panic (RFC 5861
    /// section 4).
    ///
    /// # Panics
    /// When `window` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    pub const fn stale_if_error(mut self, window: Duration) -> Self {
        assert!(
            window.as_millis() > 0,
            "`stale_if_error` must be at least one millisecond"
        );
        self.stale_if_error = Some(window);
        self
    }

    /// Where there is an entry past its life, the handler is waited for this long; then that entry answers, and the run
    /// goes on behind the response. How long entries are kept past their life is for `stale_if_error` and
    /// `stale_while_revalidate` to say.
    ///
    /// # Panics
    /// When `limit` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    pub const fn stale_if_slow(mut self, limit: Duration) -> Self {
        assert!(
            limit.as_millis() > 0,
            "`stale_if_slow` must be at least one millisecond"
        );
        self.stale_if_slow = Some(limit);
        self
    }

    /// Keeps 404 and 410 too, this long.
    ///
    /// # Panics
    /// When `life` is below a millisecond; in a constant that is a compile error.
    #[must_use]
    pub const fn not_found(mut self, life: Duration) -> Self {
        assert!(
            life.as_millis() > 0,
            "`not_found` must be at least one millisecond"
        );
        self.not_found = Some(life);
        self
    }

    /// Says `private` in the generated `Cache-Control`: a browser may store it, proxies may not. The default.
    #[must_use]
    pub const fn private(mut self) -> Self {
        self.visibility = Visibility::Private;
        self
    }

    /// Says `public` in the generated `Cache-Control`: proxies may store the response too, and it is for everybody, also in
    /// answer to requests with credentials.
    #[must_use]
    pub const fn public(mut self) -> Self {
        self.visibility = Visibility::Public;
        self
    }

    /// The `max-age` of the generated `Cache-Control`, in whole seconds, and never more than the remaining TTL of the entry;
    /// less than a second says `no-cache`, so that clients revalidate by ETag. That is the default.
    ///
    /// Takes effect where all arguments of the handler come from the URL, and beside [`public`](Self::public) or
    /// [`vary`](Self::vary), which say who may share the response; else a browser that changes its user would show the page
    /// of the last one.
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

    /// Stores only what this accepts, and never more than the rules allow.
    #[must_use]
    pub const fn store_if(mut self, accepts: fn(&response::Parts) -> bool) -> Self {
        self.store_if = Some(accepts);
        self
    }

    /// Bodies of more bytes pass through whole, unstored.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = Some(bytes);
        self
    }

    /// Joins the key, to retire entries of an older shape.
    #[must_use]
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// How long an entry lives, in a cache with this default.
    pub(crate) fn life(&self, default: Duration) -> Duration {
        match self.life {
            Life::Default => default,
            Life::For(life) => life,
            Life::Never => ONE_YEAR,
        }
    }

    /// Whether it says itself what the responses depend on besides the URL: nothing, or headers that `Vary` names.
    pub(crate) const fn names_what_decides(&self) -> bool {
        matches!(self.visibility, Visibility::Public) || !self.vary.is_empty()
    }

    /// Whether it asks for a `max-age` of its own.
    pub(crate) const fn grants_max_age(&self) -> bool {
        matches!(self.client_max_age, Some(max_age) if !max_age.is_zero())
    }

    /// How long an entry is kept past its life.
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
