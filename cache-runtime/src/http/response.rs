//! A response from an entry: its own headers and those that the cache adds, 304 and HEAD.

mod cache_headers;
mod template;

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body::{Frame, SizeHint};

pub(crate) use self::cache_headers::{CacheHeaders, http_date};
use crate::{
    clock::Times,
    entry::Entry,
    http::{
        self as rules, current_age, not_modified, remaining_ttl, request_head::RequestHead,
        shared_cache::SelectedRange,
    },
    outcome::{CacheStatus, ForwardReason, Forwarded},
    policy::Policy,
};

/// How the cache shows itself in the responses it had a hand in.
#[derive(Debug, Clone)]
pub(crate) struct StatusHeaders {
    /// The header that says `Hit` or `Miss`.
    pub(crate) hit_header: HeaderName,
    /// The cache's name in `Cache-Status` (RFC 9211), a token or a quoted string; none, none is sent.
    pub(crate) cache_name: Option<HeaderValue>,
}

/// What a 304 repeats of the 200 (RFC 9110 section 15.4.5).
const REPEATED: [HeaderName; 7] = [
    header::AGE,
    header::ETAG,
    header::CACHE_CONTROL,
    header::EXPIRES,
    header::VARY,
    header::CONTENT_LOCATION,
    header::DATE,
];

/// With more names than these, a response of the handler's is not added to: a [`HeaderMap`] panics beyond 24,576, and axum adds
/// one more.
const FULL: usize = 24_500;

/// Answers one request from entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Responder<'a> {
    /// Of its handler.
    pub(crate) number: usize,
    pub(crate) request: &'a RequestHead,
    pub(crate) policy: &'a Policy,
    pub(crate) status_headers: &'a StatusHeaders,
    pub(crate) cache_headers: CacheHeaders,
    /// Now.
    pub(crate) times: Times,
}

impl Responder<'_> {
    /// The response from this entry.
    pub(crate) fn answer(&self, entry: &Entry, cache_status: CacheStatus) -> Response {
        let is_unchanged = self.is_unchanged(entry);
        let is_whole = entry.status == StatusCode::OK && self.request.method != Method::HEAD && !is_unchanged;
        let templated = is_whole.then(|| self.templated(entry, cache_status)).flatten();
        assembled(match templated {
            Some(headers) => (entry.status, headers, Body::from(entry.body.clone())),
            None => self.assemble(entry, cache_status, is_unchanged),
        })
    }

    /// The same, whatever this thread keeps: what [`answer`](Self::answer) is held to.
    #[cfg(any(feature = "test-util", test))]
    pub(crate) fn without_template(&self, entry: &Entry, cache_status: CacheStatus) -> Response {
        assembled(self.assemble(entry, cache_status, self.is_unchanged(entry)))
    }

    /// What it consists of, made from nothing. The client may have the entry's content already.
    fn assemble(&self, entry: &Entry, cache_status: CacheStatus, is_unchanged: bool) -> Content {
        let (status, mut headers, body) = match is_unchanged {
            true => {
                let headers = entry.headers.only(&REPEATED);
                (StatusCode::NOT_MODIFIED, headers, Body::new(NoBody))
            }
            false => self.content(entry),
        };
        self.complete(&mut headers, entry, cache_status);
        (status, headers, body)
    }

    /// Adds what the cache has to say.
    fn complete(&self, headers: &mut HeaderMap, entry: &Entry, cache_status: CacheStatus) {
        let now = self.times.now;
        let is_stored = matches!(cache_status, CacheStatus::Hit | CacheStatus::Stale);
        // What the response says of its life is all there is to say.
        let is_told = self.policy.http.is_some() || entry.headers.contains(&header::CACHE_CONTROL);
        if !is_told {
            self.write_cache_headers(headers, entry);
        } else if is_stored {
            // Not on a miss: there `Age` would deny that the handler has just answered (RFC 9111 section 5.1).
            let age = current_age(entry, now).as_secs();
            headers.insert(header::AGE, HeaderValue::from(age));
        }
        name_variants(headers, self.policy.vary);
        headers.insert(
            self.status_headers.hit_header.clone(),
            hit_header_value(cache_status),
        );
        if let Some(cache) = &self.status_headers.cache_name {
            let parameters = match cache_status {
                CacheStatus::Hit => format!("hit; ttl={}", remaining_ttl(entry, now).as_secs()),
                // Negative once it is stale (RFC 9211 section 2.3).
                CacheStatus::Stale => match now.since(entry.born + entry.fresh).as_secs() {
                    0 => "hit; ttl=0".to_owned(),
                    late => format!("hit; ttl=-{late}"),
                },
                CacheStatus::Forwarded(forwarded) => forwarded_parameters(forwarded),
            };
            append_status(headers, cache, &parameters);
        }
    }

    /// The most headers that a response has besides those of its entry: `Cache-Control`, the one that says hit or miss, the
    /// `Content-Length` that axum adds, and what is asked for. A map without room for them is laid out anew.
    fn added(&self) -> usize {
        3 + usize::from(self.cache_headers.has_expires())
            + usize::from(!self.policy.vary.is_empty())
            + usize::from(self.status_headers.cache_name.is_some())
    }

    /// Whether the client has it already. Only a 200 is weighed against the request's conditions (RFC 9111 section
    /// 4.3.2).
    fn is_unchanged(&self, entry: &Entry) -> bool {
        entry.status == StatusCode::OK && not_modified(self.request, |name| entry.headers.get(name))
    }

    /// What the request gets of an entry that it does not have: all of it, its headers, or a part.
    fn content(&self, entry: &Entry) -> Content {
        let mut headers = entry.headers.to_map(self.added());
        if entry.status == StatusCode::NO_CONTENT {
            return (entry.status, headers, Body::new(NoBody));
        }
        if self.request.method == Method::HEAD {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(entry.body.len()));
            return (entry.status, headers, Body::new(NoBody));
        }
        if entry.status == StatusCode::OK && self.policy.http.is_some() && self.request.range {
            return part(entry, &self.request.fields().headers, headers);
        }
        (entry.status, headers, Body::from(entry.body.clone()))
    }
}

type Content = (StatusCode, HeaderMap, Body);

fn assembled((status, headers, body): Content) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The part of a 200 that was asked for (RFC 9110 section 14).
fn part(entry: &Entry, asked: &HeaderMap, mut headers: HeaderMap) -> Content {
    let length = entry.body.len();
    let range =
        |text: String| HeaderValue::try_from(text).expect("digits and plain text make a header value");
    match rules::shared_cache::select_range(asked, entry) {
        SelectedRange::Whole => (entry.status, headers, Body::from(entry.body.clone())),
        SelectedRange::Part(part) => {
            let (first, last) = (part.start(), part.end());
            headers.insert(
                header::CONTENT_RANGE,
                range(format!("bytes {first}-{last}/{length}")),
            );
            let part = entry.body.slice(*first..=*last);
            (StatusCode::PARTIAL_CONTENT, headers, Body::from(part))
        }
        SelectedRange::Unsatisfiable => {
            // Nothing that describes the whole, or has others keep this for it.
            headers.clear();
            headers.insert(header::CONTENT_RANGE, range(format!("bytes */{length}")));
            (StatusCode::RANGE_NOT_SATISFIABLE, headers, Body::empty())
        }
    }
}

/// Marks a response that was looked up, and is the handler's own because it was not stored.
///
/// Proxies and browsers may store responses without `Cache-Control` by heuristics (RFC 9111 section 4.2.2). What is not
/// fit to be stored here is not for a proxy either, whatever the policy says of hits.
///
/// One with so many headers that there may be no room for more is left as it is.
pub(crate) fn uncached(
    mut response: Response,
    policy: &Policy,
    status_headers: &StatusHeaders,
    forwarded: Forwarded,
) -> Response {
    if response.headers().keys_len() > FULL {
        return response;
    }
    let headers = response.headers_mut();
    if policy.http.is_none() && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, CacheHeaders::DEFAULT);
    }
    name_variants(headers, policy.vary);
    headers.insert(
        status_headers.hit_header.clone(),
        hit_header_value(CacheStatus::Forwarded(forwarded)),
    );
    if let Some(cache) = &status_headers.cache_name {
        append_status(headers, cache, &forwarded_parameters(forwarded));
    }
    response
}

/// A response whose body is still to come, as the request's conditions have it.
pub(crate) fn conditional(response: Response, request: &RequestHead) -> Response {
    if response.status() != StatusCode::OK
        || !not_modified(request, |name| response.headers().get(name).cloned())
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

/// The response that was kept, and nothing of ours: for what is shared without being stored.
pub(crate) fn replay(entry: &Entry) -> Response {
    assembled((
        entry.status,
        entry.headers.to_map(1),
        Body::from(entry.body.clone()),
    ))
}

/// The answer to `only-if-cached` when there is nothing to give (RFC 9111 section 5.2.1.7).
pub(crate) fn gateway_timeout(status_headers: &StatusHeaders) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
    let headers = response.headers_mut();
    headers.insert(
        status_headers.hit_header.clone(),
        hit_header_value(CacheStatus::Forwarded(Forwarded::STORED_MISS)),
    );
    if let Some(cache) = &status_headers.cache_name {
        append_status(headers, cache, "detail=only-if-cached");
    }
    response
}

/// The value of the hit header, `x-cache` by default.
fn hit_header_value(status: CacheStatus) -> HeaderValue {
    HeaderValue::from_static(match status {
        CacheStatus::Hit => "Hit",
        CacheStatus::Stale => "Stale",
        CacheStatus::Forwarded(Forwarded {
            revalidated: true, ..
        }) => "Revalidated",
        CacheStatus::Forwarded(_) => "Miss",
    })
}

/// The parameters of `Cache-Status` for a forwarded request (RFC 9211 section 2).
fn forwarded_parameters(forwarded: Forwarded) -> String {
    let reason = match forwarded.reason {
        ForwardReason::Miss => "fwd=miss",
        ForwardReason::Stale => "fwd=stale",
        ForwardReason::Request => "fwd=request",
    };
    let revalidated = if forwarded.revalidated {
        "; fwd-status=304"
    } else {
        ""
    };
    let stored = if forwarded.stored { "; stored" } else { "" };
    [reason, revalidated, stored].concat()
}

/// Adds to `Vary` what the key takes in and the handler did not name.
fn name_variants(headers: &mut HeaderMap, keyed: &'static [&'static str]) {
    match keyed {
        [] => {}
        _ if headers.contains_key(header::VARY) => {
            for name in keyed {
                if !names(headers, name) {
                    headers.append(header::VARY, HeaderValue::from_static(name));
                }
            }
        }
        [name] => {
            headers.insert(header::VARY, HeaderValue::from_static(name));
        }
        _ => {
            let list = HeaderValue::try_from(keyed.join(", "));
            headers.insert(header::VARY, list.expect("a policy takes header names only"));
        }
    }
}

fn names(headers: &HeaderMap, keyed: &str) -> bool {
    rules::vary_names(headers).any(|name| name.eq_ignore_ascii_case(keyed.as_bytes()))
}

/// Appends: caches nearer to the origin stand first (RFC 9211 section 2).
fn append_status(headers: &mut HeaderMap, cache: &HeaderValue, status: &str) {
    let line = [cache.as_bytes(), b"; ", status.as_bytes()].concat();
    let line = HeaderValue::try_from(line).expect("a header value and plain text make a header value");
    headers.append(header::CACHE_STATUS, line);
}

/// No body, and none whose length could be told: axum would write `Content-Length: 0` for an empty one, which
/// a 204 must not have, and which in a 304 says that the 200 is empty (RFC 9110 section 8.6).
struct NoBody;

impl http_body::Body for NoBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
