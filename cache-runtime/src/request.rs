//! Of a request, just what caching needs.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// The method and the headers that matter, cloned cheaply: header values share their bytes.
#[derive(Debug, Clone)]
pub(crate) struct RequestHead {
    pub(crate) method: Method,
    pub(crate) cache_control: Option<HeaderValue>,
    pub(crate) pragma: Option<HeaderValue>,
    pub(crate) if_none_match: Option<HeaderValue>,
    pub(crate) if_modified_since: Option<HeaderValue>,
    /// The request asks for a part of the body.
    pub(crate) range: bool,
    /// The request carries `Authorization` or `Cookie`.
    pub(crate) credentials: bool,
    /// No client's: the application has the entry made anew.
    pub(crate) renews: bool,
    /// The headers that join the key; empty when none does.
    pub(crate) vary: HeaderMap,
}

/// In a request's extensions: a layer around the handler would cache it, and learns here that the handler does so itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct LayerAround(Arc<AtomicBool>);

impl LayerAround {
    pub(crate) fn leave_it(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_to_leave_it(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Which headers may join the key.
#[derive(Debug, Clone, Copy)]
pub enum Vary {
    /// These.
    Names(&'static [&'static str]),
    /// Not known where the request is read: all are kept.
    All,
}

impl RequestHead {
    /// No client's: stands for requests without headers.
    pub(crate) fn plain(method: Method) -> Self {
        Self {
            method,
            cache_control: None,
            pragma: None,
            if_none_match: None,
            if_modified_since: None,
            range: false,
            credentials: false,
            renews: false,
            vary: HeaderMap::new(),
        }
    }

    /// Has the entry of such requests made anew.
    pub(crate) fn renewing(method: Method) -> Self {
        Self {
            renews: true,
            ..Self::plain(method)
        }
    }

    /// Of a client's request.
    pub(crate) fn of(parts: &Parts, vary: Vary) -> Self {
        let headers = &parts.headers;
        Self {
            method: parts.method.clone(),
            cache_control: joined(headers, header::CACHE_CONTROL),
            pragma: joined(headers, header::PRAGMA),
            if_none_match: joined(headers, header::IF_NONE_MATCH),
            if_modified_since: headers.get(header::IF_MODIFIED_SINCE).cloned(),
            range: headers.contains_key(header::RANGE),
            credentials: headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE),
            renews: false,
            vary: match vary {
                Vary::Names([]) => HeaderMap::new(),
                Vary::Names(names) => named(headers, names),
                Vary::All => headers.clone(),
            },
        }
    }
}

/// The field's lines as one list (RFC 9110 section 5.3).
fn joined(headers: &HeaderMap, name: HeaderName) -> Option<HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    let Some(second) = lines.next() else {
        return Some(first.clone());
    };
    let mut all = first.as_bytes().to_vec();
    for line in std::iter::once(second).chain(lines) {
        all.extend_from_slice(b", ");
        all.extend_from_slice(line.as_bytes());
    }
    HeaderValue::from_bytes(&all).ok()
}

fn named(headers: &HeaderMap, names: &[&'static str]) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(names.len());
    for name in names {
        for value in headers.get_all(*name) {
            kept.append(HeaderName::from_static(name), value.clone());
        }
    }
    kept
}
