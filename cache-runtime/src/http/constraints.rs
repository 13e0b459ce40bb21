//! Whether a request may use the cache, and how it constrains the response (RFC 9111 section 5.2.1).

use std::time::Duration;

use http::{HeaderName, Method, header};

use super::{cache_control::RequestDirectives, methods::accepts_method, request_head::RequestHead};
use crate::policy::{ClientControl, Policy};

/// Whether a request uses the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The request bypasses the cache: the handler runs, nothing is read or stored, and no header is added.
    Bypass,
    /// The request uses the cache under these constraints.
    Serve(RequestConstraints),
}

/// What a request demands of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestConstraints {
    /// No entry is accepted: the handler runs, and its response is stored.
    pub(crate) refresh: bool,
    /// The handler must not run. Together with `refresh`, no response is possible.
    pub(crate) only_if_cached: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) min_fresh: Option<Duration>,
    /// [`Duration::MAX`]: any staleness is accepted.
    pub(crate) max_stale: Option<Duration>,
    /// Whether the handler's response may be stored. Not for HEAD, whose response has no body, and not for `Range`.
    pub(crate) fills: bool,
}

impl RequestConstraints {
    /// Accepts any fresh entry.
    pub(crate) const fn none(fills: bool) -> Self {
        Self {
            refresh: false,
            only_if_cached: false,
            max_age: None,
            min_fresh: None,
            max_stale: None,
            fills,
        }
    }
}

/// Preconditions on the state of the resource, which only the origin can evaluate (RFC 9111 section 4.3.2).
const ORIGIN_PRECONDITIONS: [HeaderName; 2] = [header::IF_MATCH, header::IF_UNMODIFIED_SINCE];

/// Decides by the method, `Range`, `Cache-Control` and `Pragma`, and in RFC 9111 mode by preconditions.
pub(crate) fn admit(request: &RequestHead, policy: &Policy, control: ClientControl) -> Admission {
    if !accepts_method(policy.methods, &request.method) || has_unsupported_fields(request, policy) {
        return Admission::Bypass;
    }
    let fills = request.method != Method::HEAD && !request.range;
    let plain = RequestConstraints {
        refresh: request.forces_refresh,
        ..RequestConstraints::none(fills)
    };
    if control == ClientControl::Ignore {
        return Admission::Serve(plain);
    }
    let Some(directives) = RequestDirectives::from_request(request) else {
        return Admission::Serve(plain);
    };
    let refreshes = policy.http.is_some() || control == ClientControl::Refresh;
    let bypasses = directives.no_store || (directives.no_cache && !refreshes);
    // `only-if-cached` forbids to run the handler, and a bypass is nothing else.
    if bypasses && !directives.only_if_cached {
        return Admission::Bypass;
    }
    Admission::Serve(RequestConstraints {
        refresh: directives.no_cache,
        only_if_cached: directives.only_if_cached,
        max_age: directives.max_age,
        min_fresh: directives.min_fresh,
        max_stale: directives.max_stale,
        fills,
    })
}

/// Whether the request has fields that only the handler can act on.
fn has_unsupported_fields(request: &RequestHead, policy: &Policy) -> bool {
    match policy.http {
        // No part of the body is cut out of an entry.
        None => request.range,
        Some(_) => ORIGIN_PRECONDITIONS
            .iter()
            .any(|name| request.fields().headers.contains_key(name)),
    }
}

#[cfg(test)]
mod tests;
