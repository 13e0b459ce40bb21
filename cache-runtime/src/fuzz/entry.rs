//! The wire format of entries: a decoded entry is complete, equals the encoded one, and can be served.

use std::{ops::Range, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::source::{Source, field_value, request};
use crate::{
    clock::{Times, Timestamp},
    entry::{
        Entry,
        wire::{FIXED, HEAD, decode, encode, is_newer},
    },
    http::response::{CacheHeaders, Responder, StatusHeaders},
    outcome::CacheStatus,
    policy::Policy,
    slot::{Digest, Fingerprint, Token},
};

/// Bytes from a store are a miss, or an entry that is complete, copies nothing, survives encoding and can be served. So does
/// every entry that can be drawn from the bytes.
pub fn entry(data: &[u8]) {
    read(Bytes::copy_from_slice(data));
    let mut source = Source::new(data);
    let (token, digest) = (Token(source.array()), Digest(source.array()));
    survives(&drawn(source), token, digest);
}

/// Decodes bytes that a store may return.
fn read(wire: Bytes) {
    let newer = is_newer(&wire);
    assert_eq!(
        is_newer(&wire[..wire.len().min(HEAD)]),
        newer,
        "the head is enough"
    );
    let Some(decoded) = decode(wire.clone()) else {
        return;
    };
    assert!(!newer, "an entry of a newer version was decoded");
    assert_only_whole(&wire);
    assert_slices(&decoded.entry, &wire);
    let token: [u8; 16] = *wire[..HEAD].last_chunk().expect("the head ends with a token");
    survives(&decoded.entry, Token(token), decoded.digest);
}

/// An encoded entry is decoded as it was, and only from all of its bytes.
fn survives(entry: &Entry, token: Token, digest: Digest) {
    let wire = Bytes::from(encode(entry, token, digest));
    assert!(!is_newer(&wire));
    assert!(wire[..HEAD].ends_with(&token.0));
    let decoded = decode(wire.clone()).expect("an encoded entry can be decoded");
    assert_eq!(decoded.entry, *entry);
    assert_eq!(decoded.digest, digest);
    assert_eq!(encode(&decoded.entry, token, digest), wire);
    assert_only_whole(&wire);
    assert_all_decoded(&wire, entry.body.len());
    assert_slices(&decoded.entry, &wire);
    serve(&decoded.entry);
}

/// No prefix of the bytes is an entry, nor are the bytes with one more.
fn assert_only_whole(wire: &Bytes) {
    for length in 0..wire.len() {
        assert_eq!(decode(wire.slice(..length)), None, "cut to {length} bytes");
    }
    let longer = [wire, &b"\0"[..]].concat();
    assert_eq!(decode(longer.into()), None, "a byte longer");
}

/// Every byte before the body is decoded.
fn assert_all_decoded(wire: &Bytes, body: usize) {
    let (meta, body) = wire[FIXED..].split_at(wire.len() - FIXED - body);
    let longer = u32::try_from(meta.len() + 1).expect("inputs are short");
    let fixed = &wire[..FIXED - 4];
    let extended = [fixed, &longer.to_be_bytes(), meta, b"\0", body].concat();
    assert_eq!(decode(extended.into()), None, "a byte that is not decoded");
}

/// The body and every header value are slices of the buffer, not copies.
fn assert_slices(entry: &Entry, wire: &Bytes) {
    let whole = addresses(wire);
    let body = addresses(&entry.body);
    assert!(
        body.is_empty() || (whole.start < body.start && body.end == whole.end),
        "the body was copied"
    );
    let head = whole.start..whole.end - body.len();
    for (_, value) in entry.headers.iter().filter(|(_, value)| !value.is_empty()) {
        let value = addresses(value.as_bytes());
        assert!(
            head.start < value.start && value.end <= head.end,
            "a value was copied"
        );
    }
}

fn addresses(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr().addr();
    start..start + bytes.len()
}

/// No entry makes its response panic, whatever its times and whenever it is served. A hit is the same however often it was
/// served.
fn serve(entry: &Entry) {
    let plain = StatusHeaders {
        hit_header: HeaderName::from_static("x-cache"),
        cache_name: None,
    };
    let status_headers = StatusHeaders {
        cache_name: Some(HeaderValue::from_static("shop")),
        ..plain.clone()
    };
    let request = request(Method::GET, HeaderMap::new());
    let policy = Policy::new();
    let responder = |now, status_headers| Responder {
        handler_number: 0,
        request: &request,
        policy: &policy,
        status_headers,
        cache_headers: CacheHeaders::new(&policy, None, false),
        times: Times { now, local: now },
    };
    let ends = [entry.born, entry.born + entry.fresh, entry.expires()];
    for now in [0, u64::MAX].map(Timestamp::from_millis).into_iter().chain(ends) {
        let responder = responder(now, &status_headers);
        for status in [CacheStatus::Hit, CacheStatus::Stale] {
            let response = responder.answer(entry, status);
            assert_eq!(response.status(), entry.status);
            let sent = response.headers().keys_len();
            assert!(
                sent > 0 && sent >= entry.headers.to_map(0).keys_len(),
                "a header was lost"
            );
        }
    }
    // While the entry is fresh.
    for age in [Duration::ZERO, entry.fresh / 2, entry.fresh / 2] {
        let now = entry.born + age;
        let responder = responder(now, &plain);
        let expected = responder.without_template(entry, CacheStatus::Hit);
        assert_eq!(
            responder.answer(entry, CacheStatus::Hit).headers(),
            expected.headers()
        );
    }
}

/// An arbitrary entry. The rest of the bytes is its body.
fn drawn(mut source: Source<'_>) -> Entry {
    let status = u16::from_be_bytes(source.array()) % 900 + 100;
    let [born, fresh, stale, cost] = [(); 4].map(|()| u64::from_be_bytes(source.array()));
    let lines = source.list(|source| (HeaderName::from_bytes(source.bytes()), source.bytes()));
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        if let Ok(name) = name {
            let mut own = field_value(value);
            own.set_sensitive(value.first() == Some(&b'!'));
            headers.append(name, own);
        }
    }
    let tags = source.list(|source| source.text().into());
    Entry {
        fresh: Duration::from_millis(fresh),
        stale: Duration::from_millis(stale),
        cost: Duration::from_millis(cost),
        tags,
        variant: (born % 2 == 1).then(|| Fingerprint::of_bytes(&born.to_be_bytes())),
        ..Entry::new(
            StatusCode::from_u16(status).expect("statuses are 100 to 999"),
            headers,
            Bytes::copy_from_slice(source.rest()),
            Timestamp::from_millis(born),
        )
    }
}
