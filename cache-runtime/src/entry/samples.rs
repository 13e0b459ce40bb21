//! Entries for the contract of stores.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::Entry;
use crate::clock::Timestamp;

/// An entry that is identified by its body.
pub(crate) fn text(body: &str, fresh: Duration, born: Timestamp) -> Entry {
    let mut headers = HeaderMap::new();
    headers.append("content-type", HeaderValue::from_static("text/plain"));
    let body = Bytes::copy_from_slice(body.as_bytes());
    Entry {
        fresh,
        ..Entry::new(StatusCode::OK, headers, body, born)
    }
}

/// Entries with several statuses, with repeated, empty and opaque headers, and with a binary body.
pub(crate) fn unusual(fresh: Duration, born: Timestamp) -> [Entry; 3] {
    let mut headers = HeaderMap::new();
    headers.append("link", HeaderValue::from_static("</a>; rel=next"));
    headers.append("etag", HeaderValue::from_static("W/\"1\""));
    headers.append("link", HeaderValue::from_static("</b>; rel=prev"));
    headers.append("x-empty", HeaderValue::from_static(""));
    let opaque = HeaderValue::from_bytes(b"\xe4\xf6").expect("a header value may have such bytes");
    headers.append("x-opaque", opaque);
    [
        (StatusCode::OK, &b"\0\xff\r\n not text"[..]),
        (StatusCode::NO_CONTENT, b""),
        (StatusCode::NOT_FOUND, b"{}"),
    ]
    .map(|(status, body)| Entry {
        fresh,
        ..Entry::new(status, headers.clone(), Bytes::from_static(body), born)
    })
}
