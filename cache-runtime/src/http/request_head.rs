//! Of a request, just what caching needs.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

use axum::http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// The method and the headers that matter. Small, because it is passed on by value from room to room.
#[derive(Debug, Clone)]
pub(crate) struct RequestHead {
    pub(crate) method: Method,
    /// The request asks for a part of the body.
    pub(crate) range: bool,
    /// A line of `Cache-Control` is `no-store`.
    pub(crate) no_store: bool,
    /// A line of `Cache-Control` or `Pragma` is `no-cache`.
    pub(crate) no_cache: bool,
    /// No client's: the application has the entry made anew.
    pub(crate) forces_refresh: bool,
    fields: Option<Box<Fields>>,
}

/// What few requests have; header values share their bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    // Without the lines that are noted by themselves.
    pub(crate) cache_control: Option<HeaderValue>,
    pub(crate) pragma: Option<HeaderValue>,
    pub(crate) if_none_match: Option<HeaderValue>,
    pub(crate) if_modified_since: Option<HeaderValue>,
    /// The headers that join the key; empty when none does.
    pub(crate) headers: HeaderMap,
}

/// In a request's extensions: the caches of the layers around, and whether the handler caches itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct EnclosingLayers {
    /// By their addresses.
    caches: Vec<usize>,
    defer_to_handler: Arc<AtomicBool>,
}

impl EnclosingLayers {
    /// One more, of this cache.
    pub(crate) fn with(around: Option<&Self>, cache: usize) -> Self {
        let mut caches = around.map_or_else(Vec::new, |around| around.caches.clone());
        caches.push(cache);
        Self {
            caches,
            defer_to_handler: Arc::default(),
        }
    }

    /// Whether one of them is of this cache.
    pub(crate) fn contains(&self, cache: usize) -> bool {
        self.caches.contains(&cache)
    }

    pub(crate) fn defer_to_handler(&self) {
        self.defer_to_handler.store(true, Ordering::Relaxed);
    }

    pub(crate) fn defers_to_handler(&self) -> bool {
        self.defer_to_handler.load(Ordering::Relaxed)
    }
}

/// Which headers may join the key.
#[derive(Debug, Clone, Copy)]
pub enum KeptHeaders {
    /// These.
    Named(&'static [&'static str]),
    /// Not known where the request is read: all are kept.
    All,
}

impl RequestHead {
    /// No client's: stands for requests without headers.
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

    /// Has the entry of such requests made anew.
    pub(crate) fn refreshing(method: Method) -> Self {
        Self {
            forces_refresh: true,
            ..Self::plain(method)
        }
    }

    /// Of a client's request.
    pub(crate) fn from_parts(parts: &Parts, kept: KeptHeaders) -> Self {
        let headers = &parts.headers;
        let mut head = Self::plain(parts.method.clone());
        // One pass: looking each up would cost more than most requests have headers.
        for (name, value) in headers {
            if *name == header::CACHE_CONTROL {
                // What clients say that mean to bypass caches, and it costs little: nothing is kept of the request then.
                match value.as_bytes() {
                    b"no-store" => head.no_store = true,
                    b"no-cache" => head.no_cache = true,
                    _ => join(&mut head.fields_mut().cache_control, value),
                }
            } else if *name == header::PRAGMA {
                match value.as_bytes() {
                    b"no-cache" => head.no_cache = true,
                    _ => join(&mut head.fields_mut().pragma, value),
                }
            } else if *name == header::IF_NONE_MATCH {
                join(&mut head.fields_mut().if_none_match, value);
            } else if *name == header::IF_MODIFIED_SINCE {
                let first = &mut head.fields_mut().if_modified_since;
                first.get_or_insert_with(|| value.clone());
            }
            head.range |= *name == header::RANGE;
        }
        match kept {
            KeptHeaders::Named([]) => {}
            KeptHeaders::Named(names) => head.fields_mut().headers = named(headers, names),
            KeptHeaders::All => head.fields_mut().headers = headers.clone(),
        }
        head
    }

    pub(crate) fn fields(&self) -> &Fields {
        static NONE: LazyLock<Fields> = LazyLock::new(Fields::default);
        self.fields.as_deref().unwrap_or(&NONE)
    }

    fn fields_mut(&mut self) -> &mut Fields {
        self.fields.get_or_insert_default()
    }
}

/// Adds a line to the field's list (RFC 9110 section 5.3).
fn join(list: &mut Option<HeaderValue>, line: &HeaderValue) {
    *list = match list {
        None => Some(line.clone()),
        Some(lines) => HeaderValue::from_bytes(&[lines.as_bytes(), line.as_bytes()].join(&b", "[..])).ok(),
    };
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
