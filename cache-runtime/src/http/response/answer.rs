//! The response from an entry: in full, its head, a range of it, or 304.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::{no_body::NoBody, responder::Responder};
use crate::{
    entry::Entry,
    http::{
        conditional::is_not_modified,
        shared_cache::{SelectedRange, select_range},
    },
    outcome::CacheStatus,
};

/// The fields of the 200 that a 304 repeats (RFC 9110 section 15.4.5).
const NOT_MODIFIED_FIELDS: [HeaderName; 7] = [
    header::AGE,
    header::ETAG,
    header::CACHE_CONTROL,
    header::EXPIRES,
    header::VARY,
    header::CONTENT_LOCATION,
    header::DATE,
];

/// The status, header fields and body of a response.
type Content = (StatusCode, HeaderMap, Body);

impl Responder<'_> {
    /// The response from this entry.
    pub(crate) fn answer(&self, entry: &Entry, status: CacheStatus) -> Response {
        let is_not_modified = self.is_not_modified(entry);
        let is_complete =
            entry.status == StatusCode::OK && self.request.method != Method::HEAD && !is_not_modified;
        let templated = is_complete
            .then(|| self.templated_headers(entry, status))
            .flatten();
        response(match templated {
            Some(headers) => (entry.status, headers, Body::from(entry.body.clone())),
            None => self.assemble(entry, status, is_not_modified),
        })
    }

    /// The same response, without header templates: the reference for [`answer`](Self::answer).
    #[cfg(any(feature = "test-util", test))]
    pub(crate) fn without_template(&self, entry: &Entry, status: CacheStatus) -> Response {
        response(self.assemble(entry, status, self.is_not_modified(entry)))
    }

    fn assemble(&self, entry: &Entry, status: CacheStatus, is_not_modified: bool) -> Content {
        let mut content = match is_not_modified {
            true => {
                let headers = entry.headers.only(&NOT_MODIFIED_FIELDS);
                (StatusCode::NOT_MODIFIED, headers, Body::new(NoBody))
            }
            false => self.content(entry),
        };
        self.add_headers(&mut content.1, entry, status);
        content
    }

    /// Whether the client has the entry's body. Only a 200 is subject to the request's conditions (RFC 9111 section 4.3.2).
    fn is_not_modified(&self, entry: &Entry) -> bool {
        entry.status == StatusCode::OK && is_not_modified(self.request, |name| entry.headers.get(name))
    }

    /// The entry in full, its head, or a range of it.
    fn content(&self, entry: &Entry) -> Content {
        let mut headers = entry.headers.to_map(self.added_headers());
        if entry.status == StatusCode::NO_CONTENT {
            return (entry.status, headers, Body::new(NoBody));
        }
        if self.request.method == Method::HEAD {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(entry.body.len()));
            return (entry.status, headers, Body::new(NoBody));
        }
        if entry.status == StatusCode::OK && self.policy.http.is_some() && self.request.range {
            return range(entry, &self.request.fields().headers, headers);
        }
        (entry.status, headers, Body::from(entry.body.clone()))
    }
}

/// The range of a 200 that the request selects (RFC 9110 section 14).
fn range(entry: &Entry, request: &HeaderMap, mut headers: HeaderMap) -> Content {
    let length = entry.body.len();
    let content_range = |text: String| HeaderValue::try_from(text).expect("visible ASCII is a header value");
    match select_range(request, entry) {
        SelectedRange::Whole => (entry.status, headers, Body::from(entry.body.clone())),
        SelectedRange::Part(range) => {
            let (first, last) = (range.start(), range.end());
            let value = content_range(format!("bytes {first}-{last}/{length}"));
            headers.insert(header::CONTENT_RANGE, value);
            let part = entry.body.slice(*first..=*last);
            (StatusCode::PARTIAL_CONTENT, headers, Body::from(part))
        }
        SelectedRange::Unsatisfiable => {
            // The entry's fields describe a 200, and would let other caches store this response as one.
            headers.clear();
            headers.insert(header::CONTENT_RANGE, content_range(format!("bytes */{length}")));
            (StatusCode::RANGE_NOT_SATISFIABLE, headers, Body::empty())
        }
    }
}

fn response((status, headers, body): Content) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
