mod cache_headers;
mod conditional;
mod hits;
mod oracle;
mod uncached;

use std::future::Future;

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::{CacheHeaders, Responder, StatusHeaders};
use crate::{
    clock::{Times, Timestamp},
    entry::Entry,
    http::{
        fixtures::{NOW, entry, request, secs},
        request_head::RequestHead,
    },
    outcome::{CacheStatus, Forwarded},
    policy::Policy,
};

/// The response, with equal clocks.
fn respond(
    entry: &Entry,
    request: &RequestHead,
    policy: &Policy,
    status_headers: &StatusHeaders,
    cache_status: CacheStatus,
    now: Timestamp,
) -> Response {
    responder(request, policy, status_headers, now).answer(entry, cache_status)
}

pub(super) fn responder<'a>(
    request: &'a RequestHead,
    policy: &'a Policy,
    status_headers: &'a StatusHeaders,
    now: Timestamp,
) -> Responder<'a> {
    let times = Times { now, local: now };
    Responder {
        handler_number: 0,
        request,
        policy,
        status_headers,
        cache_headers: CacheHeaders::new(policy, None, true),
        times,
    }
}

/// Grants clients the remaining TTL.
pub(super) const REMAINING: Policy = Policy::new().client_max_age_remaining();

pub(super) const STATUS_HEADERS: StatusHeaders = StatusHeaders {
    hit_header: HeaderName::from_static("x-cache"),
    cache_name: None,
};
const UNSTORED: Forwarded = Forwarded {
    stored: false,
    ..Forwarded::STORED_MISS
};
pub(super) const TAG: (&str, &str) = ("etag", "W/\"1\"");

pub(super) fn named() -> StatusHeaders {
    StatusHeaders {
        cache_name: Some(HeaderValue::from_static("shop")),
        ..STATUS_HEADERS
    }
}

/// A hit five seconds after the entry was born.
fn hit(entry: &Entry, request: &RequestHead, policy: &Policy) -> Response {
    respond(
        entry,
        request,
        policy,
        &STATUS_HEADERS,
        CacheStatus::Hit,
        NOW + secs(5),
    )
}

fn plain_hit(lines: &[(&str, &str)], policy: &Policy) -> Response {
    hit(&entry(secs(30), lines), &request("GET", &[]), policy)
}

pub(super) fn lines(response: &Response) -> Vec<(&str, &str)> {
    let headers = response.headers().iter();
    headers
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect()
}

fn all<'a>(response: &'a Response, name: &str) -> Vec<&'a str> {
    let values = response.headers().get_all(name).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

pub(super) fn body(response: Response) -> Bytes {
    wait(axum::body::to_bytes(response.into_body(), usize::MAX)).unwrap()
}
