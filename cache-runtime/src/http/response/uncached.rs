//! Responses that were not stored.

use axum::{body::Body, response::Response};
use http::{StatusCode, header};

use super::{
    cache_headers::CacheHeaders,
    no_body::NoBody,
    status_headers::{StatusHeaders, forwarded_parameters},
};
use crate::{
    entry::Entry,
    http::{conditional::is_not_modified, request_head::RequestHead, vary::add_vary},
    outcome::{CacheStatus, Forwarded},
    policy::Policy,
};

/// With more header names than this, nothing is added to a response: a `HeaderMap` panics beyond 24,576, and axum adds one
/// more.
const MAX_NAMES: usize = 24_500;

/// Adds the cache's header fields to a response of the handler that was not stored.
///
/// Proxies and browsers may store responses without `Cache-Control` by heuristics (RFC 9111 section 4.2.2). A response that
/// must not be stored here is not for a proxy either, so it is `private, no-cache`, whatever the policy grants for hits.
pub(crate) fn uncached(
    mut response: Response,
    policy: &Policy,
    status_headers: &StatusHeaders,
    forwarded: Forwarded,
) -> Response {
    let headers = response.headers_mut();
    if headers.keys_len() > MAX_NAMES {
        return response;
    }
    if policy.http.is_none() && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, CacheHeaders::DEFAULT);
    }
    add_vary(headers, policy.vary);
    status_headers.write(headers, CacheStatus::Forwarded(forwarded), || {
        forwarded_parameters(forwarded)
    });
    response
}

/// Applies the request's conditions to a response whose body is not read yet: a 200 that the client has becomes a 304.
pub(crate) fn apply_conditions(response: Response, request: &RequestHead) -> Response {
    if response.status() != StatusCode::OK
        || !is_not_modified(request, |name| response.headers().get(name).cloned())
    {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    for name in [
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
    ] {
        parts.headers.remove(name);
    }
    Response::from_parts(parts, Body::new(NoBody))
}

/// The response as the handler sent it, for a failure that is shared with waiters and not stored.
pub(crate) fn replay(entry: &Entry) -> Response {
    let mut response = Response::new(Body::from(entry.body.clone()));
    *response.status_mut() = entry.status;
    *response.headers_mut() = entry.headers.to_map(1);
    response
}

/// The response to `only-if-cached` when nothing usable is stored (RFC 9111 section 5.2.1.7).
pub(crate) fn gateway_timeout(status_headers: &StatusHeaders) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
    let status = CacheStatus::Forwarded(Forwarded::STORED_MISS);
    status_headers.write(response.headers_mut(), status, || {
        "detail=only-if-cached".to_owned()
    });
    response
}
