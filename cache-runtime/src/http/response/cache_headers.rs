//! `Cache-Control` and `Expires`: how long clients may use a response without revalidation, and whether proxies may store it.

use std::{cell::RefCell, fmt::Write as _, time::Duration};

use http::{HeaderMap, HeaderValue, header};

use crate::{
    clock::{Times, Timestamp},
    entry::Entry,
    http::{date::http_date, value_writer::ValueWriter},
    policy::{ClientMaxAge, ONE_YEAR, Policy, Visibility},
};

/// The cache headers of the responses to one request, for responses without a `Cache-Control` of the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheHeaders {
    visibility: Visibility,
    /// `None`: `no-cache`.
    max_age: Option<ClientMaxAge>,
}

impl CacheHeaders {
    /// `private, no-cache`: every client revalidates each time, and no proxy stores the response.
    pub(super) const DEFAULT: HeaderValue = HeaderValue::from_static("private, no-cache");

    /// Grants a `max-age` only where a browser may keep the response although its user changes: where the response depends on
    /// nothing but the URL (`url_decides`), or where the policy declares what else it depends on. `default` is the builder's.
    pub(crate) fn new(policy: &Policy, default: Option<ClientMaxAge>, url_decides: bool) -> Self {
        let may_grant = url_decides || policy.names_what_decides();
        let max_age = policy.client_max_age.or(default);
        Self {
            visibility: policy.visibility,
            max_age: max_age.filter(|max_age| !max_age.is_zero() && may_grant),
        }
    }

    /// Whether `Expires` is sent beside `Cache-Control`.
    pub(super) fn has_expires(self) -> bool {
        self.max_age.is_some()
    }

    /// The `max-age` of a response from this entry, never more than its remaining TTL. `None`: `no-cache`.
    ///
    /// At most a year: clients gain nothing by more, and some do not accept it.
    pub(super) fn max_age(self, entry: &Entry, now: Timestamp) -> Option<Duration> {
        let limit = match self.max_age? {
            ClientMaxAge::Fixed(limit) => limit.min(ONE_YEAR),
            ClientMaxAge::Remaining => ONE_YEAR,
        };
        Some(entry.remaining_ttl(now).min(limit))
    }

    /// The value of `Cache-Control` for this `max-age`.
    pub(super) fn cache_control(self, max_age: Option<Duration>) -> HeaderValue {
        match (max_age, self.visibility) {
            (Some(max_age), visibility) => with_max_age(visibility, max_age.as_secs()),
            (None, Visibility::Private) => Self::DEFAULT,
            (None, Visibility::Public) => HeaderValue::from_static("public, no-cache"),
        }
    }

    /// Adds `Cache-Control` and, with a `max-age`, `Expires` unless the handler sent it.
    pub(super) fn write(self, headers: &mut HeaderMap, entry: &Entry, times: Times) {
        let max_age = self.max_age(entry, times.now);
        headers.insert(header::CACHE_CONTROL, self.cache_control(max_age));
        if let Some(max_age) = max_age
            && !entry.headers.contains(&header::EXPIRES)
            // With the fraction of a second, so that all hits of an entry write the same date.
            && let Some(expires) = http_date(times.local + max_age)
        {
            headers.insert(header::EXPIRES, expires);
        }
    }
}

/// The value with a `max-age`. Each thread caches one value per bucket: entries that were stored together have the same one.
fn with_max_age(visibility: Visibility, seconds: u64) -> HeaderValue {
    type Cached = Option<(Visibility, u64, HeaderValue)>;
    const BUCKETS: usize = 64;
    thread_local!(static CACHED: RefCell<[Cached; BUCKETS]> = const { RefCell::new([const { None }; BUCKETS]) });
    CACHED.with_borrow_mut(|cached| {
        let bucket = &mut cached[seconds as usize % BUCKETS];
        match bucket {
            Some((cached_visibility, cached_seconds, value))
                if (*cached_visibility, *cached_seconds) == (visibility, seconds) =>
            {
                value.clone()
            }
            _ => {
                let value = format_max_age(visibility, seconds);
                *bucket = Some((visibility, seconds, value.clone()));
                value
            }
        }
    })
}

fn format_max_age(visibility: Visibility, seconds: u64) -> HeaderValue {
    let prefix = match visibility {
        Visibility::Private => "private, max-age=",
        Visibility::Public => "public, max-age=",
    };
    let mut value = ValueWriter::new();
    for text in [prefix, itoa::Buffer::new().format(seconds)] {
        value.write_str(text).expect("a year has 8 digits, which fit");
    }
    value.into_value()
}
