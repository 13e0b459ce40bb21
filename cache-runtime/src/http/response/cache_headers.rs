//! `Cache-Control` and `Expires`: how long clients may use a response without asking, and whether proxies may store it.

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header};
use httpdate::HttpDate;

use super::Responder;
use crate::{
    clock::Timestamp,
    entry::Entry,
    http::remaining_ttl,
    policy::{ClientMaxAge, ONE_YEAR, Policy, Visibility},
};

/// What the responses to one request say about caching, where the handler does not say it itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheHeaders {
    visibility: Visibility,
    /// `None`: `no-cache`.
    max_age: Option<ClientMaxAge>,
}

impl CacheHeaders {
    /// `private, no-cache`: every client asks each time, and no proxy stores the response.
    pub(super) const DEFAULT: HeaderValue = HeaderValue::from_static("private, no-cache");

    /// Grants a `max-age` only where a browser that changes its user may keep the response: where nothing but the URL
    /// decides it (`url_decides`), or where the policy names what else does. `default` is the builder's.
    pub(crate) fn new(policy: &Policy, default: Option<ClientMaxAge>, url_decides: bool) -> Self {
        let asked = policy.client_max_age.or(default);
        Self {
            visibility: policy.visibility,
            max_age: asked.filter(|asked| !asked.is_zero() && (url_decides || policy.names_what_decides())),
        }
    }

    /// Whether `Expires` stands beside `Cache-Control`.
    pub(super) fn has_expires(self) -> bool {
        self.max_age.is_some()
    }

    /// The `max-age` of a response from this entry, never more than its remaining TTL; `None`: `no-cache`.
    ///
    /// Clients gain nothing by more than a year, and some count no further.
    pub(super) fn max_age(self, entry: &Entry, now: Timestamp) -> Option<Duration> {
        let limit = match self.max_age? {
            ClientMaxAge::Fixed(limit) => limit.min(ONE_YEAR),
            ClientMaxAge::Remaining => ONE_YEAR,
        };
        Some(remaining_ttl(entry, now).min(limit))
    }

    /// `Cache-Control` for this `max-age`.
    pub(super) fn control(self, max_age: Option<Duration>) -> HeaderValue {
        match (max_age, self.visibility) {
            (Some(max_age), visibility) => write_max_age(visibility, max_age.as_secs()),
            (None, Visibility::Private) => Self::DEFAULT,
            (None, Visibility::Public) => HeaderValue::from_static("public, no-cache"),
        }
    }
}

impl Responder<'_> {
    /// Writes `Cache-Control` and, beside a `max-age`, `Expires` unless the handler did.
    pub(super) fn write_cache_headers(&self, headers: &mut HeaderMap, entry: &Entry) {
        let max_age = self.cache_headers.max_age(entry, self.times.now);
        headers.insert(header::CACHE_CONTROL, self.cache_headers.control(max_age));
        if let Some(max_age) = max_age
            && !entry.headers.contains(&header::EXPIRES)
            // The parts of a second count, so that every hit names the same.
            && let Some(expires) = http_date(self.times.local + max_age)
        {
            headers.insert(header::EXPIRES, expires);
        }
    }
}

/// Each thread keeps what it wrote last of every few seconds, for entries that were made together end together.
fn write_max_age(visibility: Visibility, seconds: u64) -> HeaderValue {
    type Written = Option<(Visibility, u64, HeaderValue)>;
    const KEPT: usize = 64;
    thread_local!(static WRITTEN: RefCell<[Written; KEPT]> = const { RefCell::new([const { None }; KEPT]) });
    WRITTEN.with_borrow_mut(|written| {
        let place = &mut written[seconds as usize % KEPT];
        match place {
            Some((whose, told, line)) if (*whose, *told) == (visibility, seconds) => line.clone(),
            _ => {
                let mut line = Line::new();
                line.push(match visibility {
                    Visibility::Private => "private, max-age=",
                    Visibility::Public => "public, max-age=",
                });
                line.push(itoa::Buffer::new().format(seconds));
                let line = line.into_value();
                *place = Some((visibility, seconds, line.clone()));
                line
            }
        }
    })
}

/// None past the year 9999, which HTTP dates cannot say.
pub(crate) fn http_date(time: Timestamp) -> Option<HeaderValue> {
    const YEAR_10000: Timestamp = Timestamp::from_millis(253_402_300_800_000);
    if time >= YEAR_10000 {
        return None;
    }
    // Hits of one entry name the same second again and again.
    thread_local!(static LAST: RefCell<Option<(u64, HeaderValue)>> = const { RefCell::new(None) });
    let second = time.as_secs();
    LAST.with_borrow_mut(|last| match last {
        Some((of, date)) if *of == second => Some(date.clone()),
        _ => {
            let mut line = Line::new();
            write!(line, "{}", HttpDate::from(time.to_system_time())).expect("the longest line has room");
            let date = line.into_value();
            *last = Some((second, date.clone()));
            Some(date)
        }
    })
}

/// A short header value in the making, on the stack.
struct Line {
    bytes: [u8; 40],
    length: usize,
}

impl Line {
    fn new() -> Self {
        Self {
            bytes: [0; 40],
            length: 0,
        }
    }

    /// Takes what this module writes: "private, max-age=" and at most 8 digits, or an HTTP date of 29 characters.
    fn push(&mut self, text: &str) {
        self.write_str(text).expect("the longest line has room");
    }

    fn into_value(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.bytes[..self.length]).expect("only plain text is written")
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
