//! The steps of a hit one by one, for `benches/steps.rs`. Not part of the public API.

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::{
    clock::{Clock, Times},
    entry::{
        Entry,
        wire::{decode, encode},
    },
    http::{
        request_head::{KeptHeaders, RequestHead},
        response::{CacheHeaders, Responder, StatusHeaders},
        write_key_variant,
    },
    key::names::Names,
    outcome::CacheStatus,
    policy::Policy,
    store::{Digest, Fingerprint, MemoryStore, Slot, Store, Token, WriteRequest},
};

const HANDLER: &str = "shop::products::product";
const POLICY: Policy = Policy::new().expire(TTL);
/// Longer than any measurement.
const TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The capacity of the memory store, in bytes.
const CAPACITY: u64 = 64 * 1024 * 1024;
const LARGEST_BODY: usize = 1024 * 1024;

/// An entry in memory and in the wire format, and requests for it.
#[derive(Debug)]
pub struct Steps {
    names: Names,
    store: MemoryStore,
    key: Arc<str>,
    entry: Arc<Entry>,
    wire: Bytes,
    request: RequestHead,
    revalidation: RequestHead,
    status_headers: StatusHeaders,
    times: Times,
}

impl Steps {
    /// The steps for a response with this JSON body.
    ///
    /// # Panics
    ///
    /// The memory store does not take the body.
    pub fn new(body: Bytes) -> Self {
        let clock = Clock::system();
        let times = clock.times();
        let tag = HeaderValue::from_static("W/\"0123456789abcdef0123456789abcdef\"");
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (header::ETAG, tag.clone()),
        ]);
        let entry = Arc::new(Entry {
            fresh: TTL,
            ..Entry::new(StatusCode::OK, headers, body, times.now)
        });
        let slot = slot();
        let store = MemoryStore::new(CAPACITY, LARGEST_BODY, clock);
        put(&store, &slot, &entry);
        Self {
            names: Names::new("shop", None),
            store,
            key: slot.key,
            wire: encode(&entry, Token::new(), Digest([0; 16])).into(),
            entry,
            request: get(HeaderMap::new()),
            revalidation: get(HeaderMap::from_iter([(header::IF_NONE_MATCH, tag)])),
            status_headers: StatusHeaders {
                hit_header: HeaderName::from_static("x-cache"),
                cache_name: None,
            },
            times,
        }
    }

    /// Builds the key of a request with this argument and returns its length in bytes.
    ///
    /// # Panics
    ///
    /// The argument fails to serialize.
    pub fn key<T: Serialize>(&self, argument: &T) -> usize {
        let written = self.names.with_key(
            HANDLER,
            POLICY.version,
            |arguments| arguments.arg("argument").serialize(argument),
            |key| write_key_variant(key, &POLICY, &self.request),
            |key, _| key.len(),
        );
        written.expect("the argument has a text")
    }

    /// Looks the entry up in memory.
    pub fn look_up(&self) -> Option<Arc<Entry>> {
        self.store.peek(&self.key)
    }

    /// Decodes the entry, as after a read from Redis.
    pub fn decode(&self) -> Option<Entry> {
        decode(self.wire.clone()).map(|decoded| decoded.entry)
    }

    /// The response to a plain request.
    pub fn hit(&self) -> Response {
        self.responder(&self.request)
            .answer(&self.entry, CacheStatus::Hit)
    }

    /// The response to a request that has the entry's `ETag`.
    pub fn not_modified(&self) -> Response {
        self.responder(&self.revalidation)
            .answer(&self.entry, CacheStatus::Hit)
    }

    fn responder<'a>(&'a self, request: &'a RequestHead) -> Responder<'a> {
        Responder {
            handler_number: 0,
            request,
            policy: &POLICY,
            status_headers: &self.status_headers,
            cache_headers: CacheHeaders::new(&POLICY, None, false),
            times: self.times,
        }
    }
}

/// A slot without tags of its own.
fn slot() -> Slot {
    Slot {
        key: format!("shop:{HANDLER}(id=42)").into(),
        owner: Fingerprint([0; 16]),
        tags: ["shop:#root".into(), format!("shop:#h:{HANDLER}").into()].into(),
        tag_epoch: "shop:#any".into(),
    }
}

fn put(store: &MemoryStore, slot: &Slot, entry: &Arc<Entry>) {
    let read = store.read(slot).now_or_never();
    let read = read.expect("memory does not wait").expect("memory answers");
    let put = WriteRequest {
        token: Token::new(),
        snapshot: read.snapshot,
        entry: Arc::clone(entry),
    };
    let stored = store.write(slot, put).now_or_never();
    assert_eq!(
        stored.expect("memory does not wait").ok(),
        Some(true),
        "the entry is stored"
    );
}

fn get(headers: HeaderMap) -> RequestHead {
    let mut request = http::Request::new(());
    *request.method_mut() = Method::GET;
    *request.headers_mut() = headers;
    RequestHead::from_parts(&request.into_parts().0, KeptHeaders::Named(&[]))
}
