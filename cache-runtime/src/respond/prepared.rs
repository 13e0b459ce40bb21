//! The headers of hits on entries that are asked for again and again: each thread keeps some, copies them, and puts in what
//! counts down.

use std::{
    cell::RefCell,
    sync::{Arc, Weak},
};

use http::{HeaderMap, HeaderValue, header};

use super::{Responder, Verdict, promise::max_age};
use crate::entry::{Entry, HeaderLines};

/// How many entries a thread keeps headers of, and of which: some 300 KiB at most.
const KEPT: usize = 64;
const MOST_LINES: usize = 16;
const MOST_BYTES: usize = 1024;

thread_local!(static PLACES: RefCell<[Place; KEPT]> = const { RefCell::new([const { Place::EMPTY }; KEPT]) });

struct Place {
    /// Where in memory the entry is that was asked for last: if it is the next one as well, its headers are kept.
    last: usize,
    /// While this stands, no other entry has the same address.
    prepared: Option<(Weak<Entry>, HeaderMap)>,
}

impl Place {
    const EMPTY: Self = Self {
        last: 0,
        prepared: None,
    };
}

impl Responder<'_> {
    /// The headers of a whole hit in this process's memory, if there is nothing more to them than a `max-age` that counts
    /// down, and the entry is one of those that this thread is often asked for.
    pub(super) fn prepared(&self, entry: &Arc<Entry>) -> Option<HeaderMap> {
        let policy = self.policy;
        let counts_down_alone =
            policy.http.is_none() && policy.client_max_age.is_none() && self.style.cache_status.is_none();
        if !counts_down_alone {
            return None;
        }
        let mut headers = PLACES.with_borrow_mut(|places| {
            let address = Arc::as_ptr(entry).addr();
            let place = &mut places[place_of(address)];
            match &place.prepared {
                Some((of, headers)) if of.as_ptr().addr() == address => {
                    place.last = address;
                    Some(headers.clone())
                }
                _ if place.last != address => {
                    place.last = address;
                    None
                }
                _ if !is_fit(&entry.headers) => None,
                _ => {
                    let headers = self.prepare(entry);
                    place.prepared = Some((Arc::downgrade(entry), headers.clone()));
                    Some(headers)
                }
            }
        })?;
        // A copy has no room. This makes some for the length that axum adds, once nobody can change the body any more.
        headers.remove(header::CONTENT_LENGTH);
        if let Some(told) = headers.values_mut().next() {
            *told = max_age(self.visibility(), self.left(entry).as_secs());
        }
        Some(headers)
    }

    /// With `Cache-Control` first, where it is found without a search. The values are copies: threads that answer from one
    /// entry share nothing but its body.
    fn prepare(&self, entry: &Entry) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(""));
        for (name, value) in entry.headers.iter() {
            let own = HeaderValue::from_bytes(value.as_bytes()).expect("it was a header value");
            headers.append(name, own);
        }
        self.complete(&mut headers, entry, Verdict::Hit);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static(""));
        headers
    }
}

/// By Fibonacci hashing: entries of one size lie at even distances.
fn place_of(address: usize) -> usize {
    ((address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % KEPT
}

fn is_fit(lines: &HeaderLines) -> bool {
    lines.size() <= MOST_BYTES
        && lines.count() <= MOST_LINES
        && !lines.has_sensitive()
        && !lines.contains(&header::CACHE_CONTROL)
}
