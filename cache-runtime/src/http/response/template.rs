//! Header templates: a cache of assembled header maps, since assembling one is most of the cost of a hit.
//!
//! Each thread keeps the header map of a response for entries whose fields have the same names, clones it for the next hit, and
//! replaces the values.

use std::{cell::RefCell, ptr};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{cache_headers::CacheHeaders, responder::Responder, status_headers::hit_header_value};
use crate::{
    entry::{Entry, HeaderLines},
    http::date::http_date,
    outcome::CacheStatus,
};

/// How many templates a thread keeps, and for which entries: about 350 KiB at most.
const BUCKETS: usize = 64;
const MAX_LINES: usize = 16;
const MAX_BYTES: usize = 1024;

/// The number of consecutive entries that the template of a bucket may fail to fit before it is replaced.
const MAX_MISFITS: u32 = 2;

thread_local!(
    static TEMPLATES: RefCell<[TemplateBucket; BUCKETS]> =
        const { RefCell::new([const { TemplateBucket::EMPTY }; BUCKETS]) };
);

struct TemplateBucket {
    template: Option<Template>,
    misfits: u32,
}

impl TemplateBucket {
    const EMPTY: Self = Self {
        template: None,
        misfits: MAX_MISFITS,
    };

    fn fill(&mut self, responder: &Responder<'_>, entry: &Entry) -> Option<HeaderMap> {
        let template = self.template.as_mut().filter(|template| template.fits(responder));
        template.and_then(|template| template.fill(responder, entry))
    }
}

/// The headers of a hit on entries whose fields have these names: first the entry's fields, then the ones that the cache adds,
/// `Cache-Control` first, and room for the `Content-Length` that axum adds.
///
/// The values are those of the last such entry. Values that entries have in common, such as `Content-Type`, are shared within
/// the thread; threads that respond from one entry share only its body.
struct Template {
    headers: HeaderMap,
    /// The fields of the entry that the template was made from, and their number.
    lines: HeaderLines,
    own: usize,
    /// `Expires` follows `Cache-Control`.
    writes_expires: bool,
    /// The seconds in the current values of `Cache-Control` and `Expires`.
    max_age: Option<u64>,
    expires: Option<u64>,
    /// The parts of the responder that the names and values depend on.
    cache_headers: CacheHeaders,
    vary: &'static [&'static str],
    hit_header: HeaderName,
}

impl Responder<'_> {
    /// The headers of a complete response from the entry. `None` if the names of the added fields depend on more than the
    /// template knows, or this thread has no template for the entry yet.
    pub(super) fn templated_headers(&self, entry: &Entry, status: CacheStatus) -> Option<HeaderMap> {
        if self.policy.http.is_some() || self.status_headers.cache_name.is_some() {
            return None;
        }
        TEMPLATES.with_borrow_mut(|buckets| {
            // The entries of a handler have fields of the same names, mostly of the same size.
            let bucket = &mut buckets[bucket_of(self.handler_number << 16 ^ entry.headers.size())];
            let mut headers = match bucket.fill(self, entry) {
                Some(headers) => {
                    bucket.misfits = 0;
                    headers
                }
                None if bucket.misfits < MAX_MISFITS => {
                    bucket.misfits += 1;
                    return None;
                }
                None => {
                    *bucket = self.template_bucket(entry);
                    bucket.fill(self, entry)?
                }
            };
            if status != CacheStatus::Hit {
                headers.insert(self.status_headers.hit_header.clone(), hit_header_value(status));
            }
            Some(headers)
        })
    }

    fn template_bucket(&self, entry: &Entry) -> TemplateBucket {
        TemplateBucket {
            template: self
                .may_template(&entry.headers)
                .then(|| self.template(entry))
                .flatten(),
            misfits: 0,
        }
    }

    /// Whether a template for these fields is small, holds no sensitive value, and has all fields at the expected positions.
    fn may_template(&self, lines: &HeaderLines) -> bool {
        let added = [
            &header::CACHE_CONTROL,
            &header::CONTENT_LENGTH,
            &self.status_headers.hit_header,
        ];
        lines.size() <= MAX_BYTES
            && lines.line_count() <= MAX_LINES
            && !lines.has_sensitive()
            && !added.iter().any(|name| lines.contains(name))
            && (self.policy.vary.is_empty() || !lines.contains(&header::VARY))
    }

    /// `None` if the end of the TTL cannot be written as a date.
    fn template(&self, entry: &Entry) -> Option<Template> {
        let lines = entry.headers.detached();
        let mut headers = lines.to_map(self.added_headers());
        self.add_headers(&mut headers, entry, CacheStatus::Hit);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static(""));
        let has_expires = self.cache_headers.has_expires();
        (!has_expires || headers.contains_key(header::EXPIRES)).then_some(Template {
            headers,
            own: lines.line_count(),
            writes_expires: has_expires && !lines.contains(&header::EXPIRES),
            lines,
            max_age: None,
            expires: None,
            cache_headers: self.cache_headers,
            vary: self.policy.vary,
            hit_header: self.status_headers.hit_header.clone(),
        })
    }
}

impl Template {
    fn fits(&self, responder: &Responder<'_>) -> bool {
        ptr::eq(self.vary, responder.policy.vary)
            && self.cache_headers == responder.cache_headers
            && self.hit_header == responder.status_headers.hit_header
    }

    /// The headers of a hit on the entry. `None` if its fields have other names than the template.
    fn fill(&mut self, responder: &Responder<'_>, entry: &Entry) -> Option<HeaderMap> {
        self.write_cache_headers(responder, entry)?;
        let mut headers = self.headers.clone();
        if entry.headers != self.lines {
            let mut own = headers.iter_mut().take(self.own);
            let is_filled = entry.headers.copy_values_into(&mut own) && own.next().is_none();
            is_filled.then_some(())?;
        }
        // A cloned map has no spare capacity. This makes room for the `Content-Length` that axum adds once the body is final.
        headers.remove(header::CONTENT_LENGTH);
        Some(headers)
    }

    /// Replaces the values of `Cache-Control` and `Expires` if they differ from the last ones. `no-cache` never does.
    fn write_cache_headers(&mut self, responder: &Responder<'_>, entry: &Entry) -> Option<()> {
        let Some(max_age) = self.cache_headers.max_age(entry, responder.times.now) else {
            return Some(());
        };
        if self.max_age != Some(max_age.as_secs()) {
            *self.headers.values_mut().nth(self.own)? = self.cache_headers.cache_control(Some(max_age));
            self.max_age = Some(max_age.as_secs());
        }
        let expires = responder.times.local + max_age;
        if self.writes_expires && self.expires != Some(expires.as_secs()) {
            *self.headers.values_mut().nth(self.own + 1)? = http_date(expires)?;
            self.expires = Some(expires.as_secs());
        }
        Some(())
    }
}

/// Fibonacci hashing: numbers at regular distances are spread over all buckets.
fn bucket_of(number: usize) -> usize {
    ((number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % BUCKETS
}

#[cfg(test)]
mod tests;
