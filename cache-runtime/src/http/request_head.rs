//! The part of a request that the cache works with: its method, and the header fields that matter to caching.

use std::sync::LazyLock;

use axum::http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// The method and the relevant header fields of a request. Small, since it is passed on by value.
#[derive(Debug, Clone)]
pub(crate) struct RequestHead {
    pub(crate) method: Method,
    /// The request has a `Range`.
    pub(crate) range: bool,
    /// A line of `Cache-Control` is `no-store`.
    pub(crate) no_store: bool,
    /// A line of `Cache-Control` or `Pragma` is `no-cache`.
    pub(crate) no_cache: bool,
    /// The application refreshes the entry; no client sent this request.
    pub(crate) forces_refresh: bool,
    fields: Option<Box<RequestFields>>,
}

/// The fields that few requests have.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestFields {
    /// Without the lines that set [`RequestHead::no_store`] and [`RequestHead::no_cache`].
    pub(crate) cache_control: Option<HeaderValue>,
    /// Without the lines that set [`RequestHead::no_cache`].
    pub(crate) pragma: Option<HeaderValue>,
    pub(crate) if_none_match: Option<HeaderValue>,
    pub(crate) if_modified_since: Option<HeaderValue>,
    /// The header fields selected by [`KeptHeaders`].
    pub(crate) headers: HeaderMap,
}

/// The header fields of a request that are kept, because entries may vary by them.
#[derive(Debug, Clone, Copy)]
pub enum KeptHeaders {
    /// The fields with these names; they join the key.
    Named(&'static [&'static str]),
    /// All fields: the `Vary` of the response, which is not known yet, selects among them.
    All,
}

impl RequestHead {
    /// A request without header fields, for lookups that no client asked for.
    pub(crate) fn plain(method: Method) -> Self {
        Self {
            method,
            range: false,
            no_store: false,
            no_cache: false,
            forces_refresh: false,
            fields: None,
        }
    }

    /// The request with these header fields, which join the key.
    pub(crate) fn with_headers(mut self, headers: &HeaderMap) -> Self {
        if !headers.is_empty() {
            self.fields_mut().headers = headers.clone();
        }
        self
    }

    /// A request by which the application refreshes an entry.
    pub(crate) fn refreshing(method: Method) -> Self {
        Self {
            forces_refresh: true,
            ..Self::plain(method)
        }
    }

    /// The head of a client's request.
    pub(crate) fn from_parts(parts: &Parts, kept: KeptHeaders) -> Self {
        let headers = &parts.headers;
        let mut head = Self::plain(parts.method.clone());
        // One pass: a lookup of each name would cost more, since most requests have few fields.
        for (name, value) in headers {
            if *name == header::CACHE_CONTROL {
                // The lines of clients that bypass caches. They are the common ones, and as flags they need no allocation.
                match value.as_bytes() {
                    b"no-store" => head.no_store = true,
                    b"no-cache" => head.no_cache = true,
                    _ => append_line(&mut head.fields_mut().cache_control, value),
                }
            } else if *name == header::PRAGMA {
                match value.as_bytes() {
                    b"no-cache" => head.no_cache = true,
                    _ => append_line(&mut head.fields_mut().pragma, value),
                }
            } else if *name == header::IF_NONE_MATCH {
                append_line(&mut head.fields_mut().if_none_match, value);
            } else if *name == header::IF_MODIFIED_SINCE {
                let first = &mut head.fields_mut().if_modified_since;
                first.get_or_insert_with(|| value.clone());
            }
            head.range |= *name == header::RANGE;
        }
        match kept {
            KeptHeaders::Named([]) => {}
            KeptHeaders::Named(names) => head.fields_mut().headers = headers_with_names(headers, names),
            KeptHeaders::All => head.fields_mut().headers = headers.clone(),
        }
        head
    }

    pub(crate) fn fields(&self) -> &RequestFields {
        static NONE: LazyLock<RequestFields> = LazyLock::new(RequestFields::default);
        self.fields.as_deref().unwrap_or(&NONE)
    }

    fn fields_mut(&mut self) -> &mut RequestFields {
        self.fields.get_or_insert_default()
    }
}

/// Appends a line to the list of a field (RFC 9110 section 5.3).
fn append_line(list: &mut Option<HeaderValue>, line: &HeaderValue) {
    *list = match list {
        None => Some(line.clone()),
        Some(lines) => HeaderValue::from_bytes(&[lines.as_bytes(), line.as_bytes()].join(&b", "[..])).ok(),
    };
}

fn headers_with_names(headers: &HeaderMap, names: &[&'static str]) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(names.len());
    for name in names {
        for value in headers.get_all(*name) {
            kept.append(HeaderName::from_static(name), value.clone());
        }
    }
    kept
}
