//! Requests, responses and entries for the tests of the rules.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, response};

use crate::{
    clock::Timestamp,
    entry::Entry,
    http::request_head::{KeptHeaders, RequestHead},
};

/// Sun, 06 Nov 1994 08:49:37 GMT, the date that RFC 9110 shows.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

pub(crate) fn request(method: &str, lines: &[(&str, &str)]) -> RequestHead {
    let mut request = Request::builder().method(method).body(Body::empty()).unwrap();
    *request.headers_mut() = headers(lines);
    RequestHead::from_parts(&request.into_parts().0, KeptHeaders::Named(&[]))
}

/// A 200 with the body `hello`, born at [`NOW`].
pub(crate) fn entry(fresh: Duration, lines: &[(&str, &str)]) -> Entry {
    Entry {
        fresh,
        ..Entry::new(StatusCode::OK, headers(lines), Bytes::from_static(b"hello"), NOW)
    }
}

/// A response with these header lines.
pub(crate) fn response_parts(status: u16, lines: &[(&str, &str)]) -> response::Parts {
    let (mut parts, ()) = http::Response::new(()).into_parts();
    parts.status = StatusCode::from_u16(status).unwrap();
    parts.headers = headers(lines);
    parts
}
