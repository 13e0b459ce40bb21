//! The headers of plain responses. To lay out a map is most of what a hit costs, so each thread keeps some that are laid out,
//! copies them, and puts in the values.

use std::{cell::RefCell, ptr};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    Responder,
    cache_headers::{CacheHeaders, http_date},
    hit_header_value,
};
use crate::{
    entry::{Entry, HeaderLines},
    outcome::CacheStatus,
};

/// How many maps a thread keeps, and of which entries: some 350 KiB at most.
const KEPT: usize = 64;
const MOST_LINES: usize = 16;
const MOST_BYTES: usize = 1024;

/// Behind so many entries in a row that a map is not for, the next one takes its place.
const MISFITS: u32 = 2;

thread_local!(static PLACES: RefCell<[Place; KEPT]> = const { RefCell::new([const { Place::EMPTY }; KEPT]) });

struct Place {
    kept: Option<Template>,
    misfits: u32,
}

impl Place {
    const EMPTY: Self = Self {
        kept: None,
        misfits: MISFITS,
    };

    fn filled(&mut self, responder: &Responder<'_>, entry: &Entry) -> Option<HeaderMap> {
        let kept = self.kept.as_mut().filter(|kept| kept.is_for(responder));
        kept.and_then(|kept| kept.filled(responder, entry))
    }
}

/// A map laid out for entries whose headers have these names: the entry's own, then what the cache adds, `Cache-Control` first,
/// and room for the length that axum adds.
///
/// The values are those of the first such entry: what others have in common with it, as the `Content-Type`, is shared within
/// this thread. Threads that answer from one entry share nothing but its body.
struct Template {
    headers: HeaderMap,
    /// The entry's own, and how many they are.
    lines: HeaderLines,
    own: usize,
    /// `Expires` stands behind `Cache-Control`.
    writes_expires: bool,
    /// The seconds that `Cache-Control` and `Expires` say now.
    max_age: Option<u64>,
    expires: Option<u64>,
    /// What else the names and values depend on.
    cache_headers: CacheHeaders,
    vary: &'static [&'static str],
    hit_header: HeaderName,
}

impl Responder<'_> {
    /// The headers of a response with the whole entry, if what the cache adds to them is always of the same names, and this
    /// thread has laid out such ones.
    pub(super) fn templated(&self, entry: &Entry, cache_status: CacheStatus) -> Option<HeaderMap> {
        if self.policy.http.is_some() || self.status_headers.cache_name.is_some() {
            return None;
        }
        PLACES.with_borrow_mut(|places| {
            // Entries of one handler have headers of the same names, and most of the same size.
            let place = &mut places[place_of(self.number << 16 ^ entry.headers.size())];
            let mut headers = match place.filled(self, entry) {
                Some(headers) => {
                    place.misfits = 0;
                    headers
                }
                None if place.misfits < MISFITS => {
                    place.misfits += 1;
                    return None;
                }
                None => {
                    *place = self.place(entry);
                    place.filled(self, entry)?
                }
            };
            if cache_status != CacheStatus::Hit {
                headers.insert(
                    self.status_headers.hit_header.clone(),
                    hit_header_value(cache_status),
                );
            }
            Some(headers)
        })
    }

    fn place(&self, entry: &Entry) -> Place {
        Place {
            kept: self.is_fit(&entry.headers).then(|| self.prepare(entry)).flatten(),
            misfits: 0,
        }
    }

    /// Whether a map for these lines is small, keeps no secret, and has each name in the place where it is looked for.
    fn is_fit(&self, lines: &HeaderLines) -> bool {
        let written = [
            &header::CACHE_CONTROL,
            &header::CONTENT_LENGTH,
            &self.status_headers.hit_header,
        ];
        lines.size() <= MOST_BYTES
            && lines.count() <= MOST_LINES
            && !lines.has_sensitive()
            && !written.iter().any(|name| lines.contains(name))
            && (self.policy.vary.is_empty() || !lines.contains(&header::VARY))
    }

    /// None where the end of the entry's life cannot be written as a date.
    fn prepare(&self, entry: &Entry) -> Option<Template> {
        let lines = entry.headers.copied();
        let mut headers = lines.to_map(self.added());
        self.complete(&mut headers, entry, CacheStatus::Hit);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static(""));
        let has_expires = self.cache_headers.has_expires();
        (!has_expires || headers.contains_key(header::EXPIRES)).then_some(Template {
            headers,
            own: lines.count(),
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
    fn is_for(&self, responder: &Responder<'_>) -> bool {
        ptr::eq(self.vary, responder.policy.vary)
            && self.cache_headers == responder.cache_headers
            && self.hit_header == responder.status_headers.hit_header
    }

    /// Those of a hit on this entry, if its own headers have the names that these are laid out for.
    fn filled(&mut self, responder: &Responder<'_>, entry: &Entry) -> Option<HeaderMap> {
        self.write_cache_headers(responder, entry)?;
        let mut headers = self.headers.clone();
        if entry.headers != self.lines {
            let mut own = headers.iter_mut().take(self.own);
            let is_filled = entry.headers.put_into(&mut own) && own.next().is_none();
            is_filled.then_some(())?;
        }
        // A copy has no room. This makes some for the length that axum adds, once nobody can change the body any more.
        headers.remove(header::CONTENT_LENGTH);
        Some(headers)
    }

    /// Replaces the values of `Cache-Control` and `Expires` where they differ from those of the last response. `no-cache` is
    /// always the same.
    fn write_cache_headers(&mut self, responder: &Responder<'_>, entry: &Entry) -> Option<()> {
        let Some(max_age) = self.cache_headers.max_age(entry, responder.times.now) else {
            return Some(());
        };
        if self.max_age != Some(max_age.as_secs()) {
            *self.headers.values_mut().nth(self.own)? = self.cache_headers.control(Some(max_age));
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

/// By Fibonacci hashing: what lies at even distances gets places of its own.
fn place_of(number: usize) -> usize {
    ((number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % KEPT
}

#[cfg(test)]
mod tests;
