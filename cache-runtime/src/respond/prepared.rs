//! The headers of plain responses. To lay out a map is most of what a hit costs, so each thread keeps some that are laid out,
//! copies them, and puts in the values.

use std::{cell::RefCell, ptr};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    Responder, Verdict,
    promise::{http_date, max_age},
};
use crate::{
    entry::{Entry, HeaderLines},
    policy::Visibility,
};

/// How many maps a thread keeps, and of which entries: some 350 KiB at most.
const KEPT: usize = 64;
const MOST_LINES: usize = 16;
const MOST_BYTES: usize = 1024;

/// Behind so many entries in a row that a map is not for, the next one takes its place.
const MISFITS: u32 = 2;

thread_local!(static PLACES: RefCell<[Place; KEPT]> = const { RefCell::new([const { Place::EMPTY }; KEPT]) });

struct Place {
    kept: Option<Prepared>,
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
struct Prepared {
    headers: HeaderMap,
    /// The entry's own, and how many they are.
    lines: HeaderLines,
    own: usize,
    /// `Expires` stands behind `Cache-Control`.
    tells_end: bool,
    /// What `Cache-Control` and `Expires` say now.
    told: Option<(Option<Visibility>, u64)>,
    end: Option<u64>,
    /// What else the names depend on.
    vary: &'static [&'static str],
    hit_header: HeaderName,
}

impl Responder<'_> {
    /// The headers of a response with the whole entry, if what the cache adds to them is always of the same names, and this
    /// thread has laid out such ones.
    pub(super) fn prepared(&self, entry: &Entry, verdict: Verdict) -> Option<HeaderMap> {
        let policy = self.policy;
        let is_plain =
            policy.http.is_none() && policy.client_max_age.is_none() && self.style.cache_status.is_none();
        if !is_plain {
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
            if verdict != Verdict::Hit {
                headers.insert(self.style.hit_header.clone(), verdict.as_value());
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
            &self.style.hit_header,
        ];
        lines.size() <= MOST_BYTES
            && lines.count() <= MOST_LINES
            && !lines.has_sensitive()
            && !written.iter().any(|name| lines.contains(name))
            && (self.policy.vary.is_empty() || !lines.contains(&header::VARY))
    }

    /// None where the end of the entry's life is no date.
    fn prepare(&self, entry: &Entry) -> Option<Prepared> {
        let lines = entry.headers.copied();
        let mut headers = lines.to_map(self.added());
        self.complete(&mut headers, entry, Verdict::Hit);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static(""));
        headers.contains_key(header::EXPIRES).then_some(Prepared {
            headers,
            own: lines.count(),
            tells_end: !lines.contains(&header::EXPIRES),
            lines,
            told: None,
            end: None,
            vary: self.policy.vary,
            hit_header: self.style.hit_header.clone(),
        })
    }
}

impl Prepared {
    fn is_for(&self, responder: &Responder<'_>) -> bool {
        ptr::eq(self.vary, responder.policy.vary) && self.hit_header == responder.style.hit_header
    }

    /// Those of a hit on this entry, if its own headers have the names that these are laid out for.
    fn filled(&mut self, responder: &Responder<'_>, entry: &Entry) -> Option<HeaderMap> {
        self.promise(responder, entry)?;
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

    /// Puts in what clients are told of the entry's life, where it is not what the last one was told.
    fn promise(&mut self, responder: &Responder<'_>, entry: &Entry) -> Option<()> {
        let left = responder.left(entry);
        let told = (responder.visibility(), left.as_secs());
        if self.told != Some(told) {
            *self.headers.values_mut().nth(self.own)? = max_age(told.0, told.1);
            self.told = Some(told);
        }
        let end = responder.times.local + left;
        if self.tells_end && self.end != Some(end.as_secs()) {
            *self.headers.values_mut().nth(self.own + 1)? = http_date(end)?;
            self.end = Some(end.as_secs());
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
