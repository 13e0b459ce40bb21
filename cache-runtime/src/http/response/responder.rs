//! What responses from entries depend on besides the entry, and the header fields that the cache adds to them.

use http::{HeaderMap, HeaderValue, header};

use super::{
    cache_headers::CacheHeaders,
    status_headers::{StatusHeaders, parameters},
};
use crate::{
    clock::Times,
    entry::Entry,
    http::{age::current_age, request_head::RequestHead, vary::add_vary},
    outcome::CacheStatus,
    policy::Policy,
};

/// Builds the response to one request from entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Responder<'a> {
    /// The number of the handler, by which header templates are found.
    pub(crate) handler_number: usize,
    pub(crate) request: &'a RequestHead,
    pub(crate) policy: &'a Policy,
    pub(crate) status_headers: &'a StatusHeaders,
    pub(crate) cache_headers: CacheHeaders,
    /// The current times.
    pub(crate) times: Times,
}

impl Responder<'_> {
    /// Adds the cache's header fields to those of the entry.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap, entry: &Entry, status: CacheStatus) {
        let now = self.times.now;
        let declares_caching = self.policy.http.is_some() || entry.headers.contains(&header::CACHE_CONTROL);
        if !declares_caching {
            self.cache_headers.write(headers, entry, self.times);
        } else if matches!(status, CacheStatus::Hit | CacheStatus::Stale) {
            // Not on a miss: `Age` says that the response was not generated for this request (RFC 9111 section 5.1).
            let age = current_age(entry, now).as_secs();
            headers.insert(header::AGE, HeaderValue::from(age));
        }
        add_vary(headers, self.policy.vary);
        self.status_headers
            .write(headers, status, || parameters(status, entry, now));
    }

    /// The largest number of header fields that a response has besides those of its entry: `Cache-Control`, the hit header, the
    /// `Content-Length` that axum adds, and the optional ones. With room for them, the map is not reallocated.
    pub(super) fn added_headers(&self) -> usize {
        3 + usize::from(self.cache_headers.has_expires())
            + usize::from(!self.policy.vary.is_empty())
            + usize::from(self.status_headers.cache_name.is_some())
    }
}
