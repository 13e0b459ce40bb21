//! The header fields that report how the cache handled a request: `x-cache`, and `Cache-Status` (RFC 9211).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    clock::Timestamp,
    entry::Entry,
    outcome::{CacheStatus, ForwardReason, Forwarded},
};

/// Which of these fields the cache sends.
#[derive(Debug, Clone)]
pub(crate) struct StatusHeaders {
    /// The name of the field that says `Hit` or `Miss`, `x-cache` by default.
    pub(crate) hit_header: HeaderName,
    /// The cache's name in `Cache-Status`, a token or a quoted string. `None`: the field is not sent.
    pub(crate) cache_name: Option<HeaderValue>,
}

impl StatusHeaders {
    /// Adds the fields. `parameters` are those of `Cache-Status`.
    pub(super) fn write(
        &self,
        headers: &mut HeaderMap,
        status: CacheStatus,
        parameters: impl FnOnce() -> String,
    ) {
        headers.insert(self.hit_header.clone(), hit_header_value(status));
        if let Some(cache) = &self.cache_name {
            let line = [cache.as_bytes(), b"; ", parameters().as_bytes()].concat();
            let line =
                HeaderValue::try_from(line).expect("a header value and visible ASCII are a header value");
            // Appended: caches nearer to the origin come first (RFC 9211 section 2).
            headers.append(header::CACHE_STATUS, line);
        }
    }
}

/// The value of the hit header.
pub(super) fn hit_header_value(status: CacheStatus) -> HeaderValue {
    HeaderValue::from_static(match status {
        CacheStatus::Hit => "Hit",
        CacheStatus::Stale => "Stale",
        CacheStatus::Forwarded(Forwarded {
            revalidated: true, ..
        }) => "Revalidated",
        CacheStatus::Forwarded(_) => "Miss",
    })
}

/// The parameters of `Cache-Status` for a response from the entry (RFC 9211 section 2).
pub(super) fn parameters(status: CacheStatus, entry: &Entry, now: Timestamp) -> String {
    match status {
        CacheStatus::Hit => format!("hit; ttl={}", entry.remaining_ttl(now).as_secs()),
        // Negative once the entry is stale (RFC 9211 section 2.3).
        CacheStatus::Stale => match now.since(entry.born + entry.fresh).as_secs() {
            0 => "hit; ttl=0".to_owned(),
            staleness => format!("hit; ttl=-{staleness}"),
        },
        CacheStatus::Forwarded(forwarded) => forwarded_parameters(forwarded),
    }
}

/// The parameters of `Cache-Status` for a request that reached the handler.
pub(super) fn forwarded_parameters(forwarded: Forwarded) -> String {
    let reason = match forwarded.reason {
        ForwardReason::Miss => "fwd=miss",
        ForwardReason::Stale => "fwd=stale",
        ForwardReason::Request => "fwd=request",
    };
    let revalidated = match forwarded.revalidated {
        true => "; fwd-status=304",
        false => "",
    };
    let stored = if forwarded.stored { "; stored" } else { "" };
    [reason, revalidated, stored].concat()
}
