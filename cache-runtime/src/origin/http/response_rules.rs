//! What decides about the responses to one request: the policy, the settings and the request's headers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, header, response::Parts};

use crate::{
    clock::Timestamp,
    engine::{FillContext, IsOutdated},
    entry::Entry,
    http::{
        Arrival, HandlerError, Ttl, date::http_date, etag, has_too_many_header_names, shared_cache,
        storability, stored_headers,
    },
    origin::CacheCore,
    outcome::NotStoredReason,
    policy::Policy,
};

/// What decides about the responses to a request, also after the request has ended.
#[derive(Debug)]
pub(super) struct ResponseRules {
    pub(super) core: Arc<CacheCore>,
    pub(super) policy: Policy,
    pub(super) method: Method,
    /// The request's headers, where the response says which of them matter.
    pub(super) asked: Option<Arc<HeaderMap>>,
}

impl ResponseRules {
    /// The largest body that is stored, in bytes.
    pub(super) fn max_body(&self) -> usize {
        self.core.max_body(&self.policy)
    }

    pub(super) fn ttl_of_fill(&self, parts: &Parts, fill: &FillContext) -> Result<Ttl, NotStoredReason> {
        if (fill.has_fallback || fill.has_fresh) && parts.status.is_server_error() {
            // The stored entry serves better (RFC 9111 section 4.3.3).
            return Err(match parts.extensions.get::<HandlerError>() {
                Some(_) => NotStoredReason::Error,
                None => NotStoredReason::Status,
            });
        }
        self.ttl(parts, fill.began)
    }

    /// How long a response to a request that began then may be stored, or why it may not.
    pub(super) fn ttl(&self, parts: &Parts, began: Timestamp) -> Result<Ttl, NotStoredReason> {
        let arrival = self.arrival(&parts.headers, began);
        let default = self.core.settings.default_expire;
        // A `store_if` that panics has not accepted the response; the client gets it all the same.
        let judged = catch_unwind(AssertUnwindSafe(|| {
            storability(parts, &self.policy, default, arrival)
        }));
        judged.unwrap_or(Err(NotStoredReason::StoreIf))
    }

    /// When the response arrived. The clocks are read only where something is compared with them.
    fn arrival(&self, headers: &HeaderMap, began: Timestamp) -> Arrival {
        let is_dated = headers.contains_key(header::DATE) || headers.contains_key(header::EXPIRES);
        if self.policy.http.is_none() && !is_dated {
            return Arrival {
                response_time: began,
                response_delay: Duration::ZERO,
            };
        }
        let clock = &self.core.engine.clock;
        Arrival {
            // The dates in a response are of this machine's clock, as it is now.
            response_time: clock.wall(),
            response_delay: clock.now().since(began),
        }
    }

    /// The recipient of a response without a date adds one (RFC 9110 section 6.6.1).
    pub(super) fn add_date(&self, parts: &mut Parts) {
        if !has_too_many_header_names(&parts.headers)
            && let Some(now) = http_date(self.core.engine.clock.wall())
        {
            parts.headers.entry(header::DATE).or_insert(now);
        }
    }

    pub(super) fn stored_headers(&self, headers: HeaderMap, body: &Bytes) -> HeaderMap {
        let keeps_dates = self.policy.http.is_some() || headers.contains_key(header::CACHE_CONTROL);
        let mut headers = stored_headers(headers, keeps_dates);
        // A service behind the RFC 9111 layer names its own validators.
        if self.policy.http.is_none() && !headers.contains_key(header::ETAG) {
            headers.insert(header::ETAG, etag(body));
        }
        headers
    }

    /// What others get of the leader's entry: without the fields that `Cache-Control` keeps from them.
    pub(super) fn without_qualified_fields(&self, entry: &Arc<Entry>) -> Arc<Entry> {
        let shown = self.asked.as_ref();
        match shown.and_then(|_| shared_cache::without_withheld_fields(&entry.headers.to_map(0))) {
            Some(headers) => Arc::new(Entry {
                headers: headers.into(),
                ..Entry::clone(entry)
            }),
            None => Arc::clone(entry),
        }
    }

    /// Identifies the entries that an answer to HEAD shows to be outdated (RFC 9111 section 4.3.5), if `stored` is one.
    pub(super) fn outdates(&self, parts: &Parts, stored: Option<&Entry>) -> Option<IsOutdated> {
        let (status, head) = (parts.status, &parts.headers);
        let is_outdated = stored.is_some_and(|stored| shared_cache::is_outdated(stored, status, head));
        if self.method != Method::HEAD || !is_outdated {
            return None;
        }
        let head = head.clone();
        Some(Box::new(move |entry: &Entry| {
            shared_cache::is_outdated(entry, status, &head)
        }))
    }
}
