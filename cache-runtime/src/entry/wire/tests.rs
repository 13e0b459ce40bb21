use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::slot::Token;

const TOKEN: Token = Token(*b"token-of-16-byte");
const DIGEST: Digest = Digest(*b"digest-of-16-byt");

fn empty() -> Entry {
    Entry {
        fresh: Duration::from_millis(1),
        ..Entry::new(
            StatusCode::NO_CONTENT,
            HeaderMap::new(),
            Bytes::new(),
            Timestamp::from_millis(0),
        )
    }
}

fn full() -> Entry {
    let mut headers = HeaderMap::new();
    headers.append("content-type", HeaderValue::from_static("application/json"));
    headers.append("link", HeaderValue::from_static("</a.css>; rel=preload"));
    headers.append("link", HeaderValue::from_static("</b.js>; rel=preload"));
    headers.append("x-empty", HeaderValue::from_static(""));
    headers.append("x-latin", HeaderValue::from_bytes(b"caf\xe9").expect("obs-text"));
    headers.append("etag", HeaderValue::from_static("W/\"0123456789abcdef\""));
    Entry {
        fresh: Duration::from_secs(30),
        stale: Duration::from_secs(600),
        cost: Duration::from_millis(42),
        tags: vec!["shop:#t:user%3A5".into(), "shop:#t:".into()],
        variant: Some(Fingerprint(*b"variant-of-16-by")),
        ..Entry::new(
            StatusCode::OK,
            headers,
            Bytes::from_static(b"{\"price\":42}\0\xff\r\n"),
            Timestamp::from_millis(1_767_225_600_123),
        )
    }
}

/// The names with codes, in the order of their codes.
const CODED: [&str; 48] = [
    "accept-ranges",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "age",
    "allow",
    "alt-svc",
    "cache-control",
    "cache-status",
    "cdn-cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "content-range",
    "content-security-policy",
    "content-security-policy-report-only",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "pragma",
    "referrer-policy",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-content-type-options",
    "x-dns-prefetch-control",
    "x-frame-options",
    "x-xss-protection",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "server-timing",
    "x-request-id",
];

/// An entry with every name that has a code, and a sensitive value.
fn named() -> Entry {
    let mut headers = HeaderMap::new();
    for name in CODED {
        headers.append(name, HeaderValue::from_static(name));
    }
    let mut secret = HeaderValue::from_static("secret");
    secret.set_sensitive(true);
    headers.append("x-own", secret);
    Entry {
        fresh: Duration::from_millis(2),
        stale: Duration::from_millis(3),
        cost: Duration::from_millis(4),
        ..Entry::new(
            StatusCode::NOT_FOUND,
            headers,
            Bytes::new(),
            Timestamp::from_millis(1),
        )
    }
}

type Golden = (&'static [u8], fn() -> Entry);

/// Changing any of these bytes requires a new `VERSION`: this release would misread the entries of the last one.
const GOLDEN: [Golden; 3] = [
    (include_bytes!("../../../tests/golden/entry-v3-empty.bin"), empty),
    (include_bytes!("../../../tests/golden/entry-v3-full.bin"), full),
    (include_bytes!("../../../tests/golden/entry-v3-names.bin"), named),
];

#[test]
fn p8_wire_format_has_not_changed() {
    for (golden, entry) in GOLDEN {
        let decoded = decode(Bytes::from_static(golden)).expect("a golden entry decodes");
        assert_eq!(decoded.entry, entry());
        assert_eq!(decoded.digest, DIGEST);
        assert_eq!(encode(&decoded.entry, TOKEN, DIGEST), golden);
    }
}

#[test]
fn head_has_magic_version_and_token() {
    let wire = encode(&full(), TOKEN, DIGEST);
    assert_eq!(HEAD, 21);
    assert_eq!(wire[..5], *b"\xf5hce\x03");
    assert_eq!(wire[5..HEAD], TOKEN.0);
}

#[test]
fn body_and_header_values_are_slices_of_the_buffer() {
    let wire = Bytes::from(encode(&full(), TOKEN, DIGEST));
    let within = wire.as_ptr_range();
    let decoded = decode(wire).expect("a whole entry decodes");
    assert!(within.contains(&decoded.entry.body.as_ptr()));
    for (_, value) in decoded
        .entry
        .headers
        .iter()
        .filter(|(_, value)| !value.is_empty())
    {
        assert!(
            within.contains(&value.as_bytes().as_ptr()),
            "{value:?} was copied"
        );
    }
}

#[test]
fn order_and_repeated_names_survive() {
    let decoded = decode(encode(&full(), TOKEN, DIGEST).into()).expect("a whole entry decodes");
    let lines = |entry: &Entry| entry.headers.iter().collect::<Vec<_>>();
    assert_eq!(lines(&decoded.entry), lines(&full()));
}

#[test]
fn p8_truncated_or_lengthened_entry_is_a_miss() {
    let wire = Bytes::from(encode(&full(), TOKEN, DIGEST));
    for length in 0..wire.len() {
        assert_eq!(decode(wire.slice(..length)), None, "cut to {length} bytes");
    }
    let mut longer = BytesMut::from(&*wire);
    longer.extend_from_slice(b"x");
    assert_eq!(decode(longer.freeze()), None);
}

#[test]
fn p8_other_magic_or_version_is_a_miss_and_only_a_higher_version_is_newer() {
    for (at, to, newer) in [
        (0, b'H', false),
        (3, 0, false),
        (4, 0, false),
        (4, 2, false),
        (4, 4, true),
        (4, 255, true),
    ] {
        let mut wire = encode(&full(), TOKEN, DIGEST);
        wire[at] = to;
        assert_eq!(is_newer(&wire), newer, "byte {at} as {to}");
        assert_eq!(is_newer(&wire[..HEAD]), newer, "the head is enough");
        assert_eq!(decode(wire.into()), None, "byte {at} as {to}");
    }
    assert!(!is_newer(&encode(&full(), TOKEN, DIGEST)));
    assert!(!is_newer(b"\xf5hce"));
    assert!(!is_newer(b""));
}

#[test]
fn p8_forged_lengths_are_a_miss_and_allocate_nothing() {
    let forged_meta = |meta: u32| {
        let mut wire = encode(&empty(), TOKEN, DIGEST);
        wire[FIXED - 4..FIXED].copy_from_slice(&meta.to_be_bytes());
        wire
    };
    assert_eq!(decode(forged_meta(u32::MAX).into()), None);
    assert_eq!(decode(forged_meta(0).into()), None);

    let forged = |preamble: Preamble, rest: &[u8]| {
        let mut wire = encode(&empty(), TOKEN, DIGEST)[..FIXED].to_vec();
        preamble.write(&mut wire);
        wire.extend_from_slice(rest);
        let meta = (wire.len() - FIXED) as u32;
        wire[FIXED - 4..FIXED].copy_from_slice(&meta.to_be_bytes());
        decode(wire.into())
    };
    let preamble = |status, headers, body| Preamble {
        status,
        headers,
        tags: 0,
        variant: None,
        body,
    };
    assert!(forged(preamble(200, 0, 0), b"").is_some());
    assert!(forged(preamble(200, 11, 0), b"\0\0\0\0\x01a\0\0\0\x01b").is_some());
    assert_eq!(forged(preamble(99, 0, 0), b""), None, "bad status");
    assert_eq!(
        forged(preamble(200, u32::MAX, 0), b""),
        None,
        "more headers than bytes"
    );
    let tags = Preamble {
        tags: u32::MAX,
        ..preamble(200, 0, 0)
    };
    assert_eq!(forged(tags, b"\0\0\0\x01a"), None, "more tags than bytes");
    assert_eq!(
        forged(preamble(200, 5 * 40_000, 0), &b"\x01\0\0\0\0".repeat(40_000)),
        None,
        "more lines than a map takes"
    );
    assert_eq!(forged(preamble(200, 0, u64::MAX), b""), None, "a missing body");
    assert_eq!(
        forged(preamble(200, 0, 0), b"more"),
        None,
        "bytes after the meta data"
    );
    assert_eq!(
        forged(preamble(200, 11, 0), b"\0\0\0\0\x01 \0\0\0\x01b"),
        None,
        "bad header name"
    );
    assert_eq!(
        forged(preamble(200, 11, 0), b"\0\0\0\0\x01a\0\0\0\x01\n"),
        None,
        "bad header value"
    );
    assert_eq!(
        forged(preamble(200, 10, 0), b"\0\0\0\0\x01a\xff\xff\xff\xff"),
        None,
        "a missing value"
    );
    assert_eq!(forged(preamble(200, 3, 0), b"\x01\0\0"), None, "a truncated line");
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let name = "[a-z][a-z0-9-]{0,20}";
    let value = vec(prop_oneof![Just(b'\t'), 0x20..0x7f_u8, 0x80..=0xff_u8], 0..40);
    let parts = (
        100..1000_u16,
        vec((name, value), 0..20),
        vec(any::<u8>(), 0..400),
        any::<[u64; 4]>(),
        vec("[!-~]{0,12}", 0..4),
    );
    parts.prop_map(|(status, lines, body, [born, fresh, stale, cost], tags)| {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: HeaderName = name.parse().expect("the strategy makes header names");
            let value = HeaderValue::from_bytes(&value).expect("the strategy makes header values");
            headers.append(name, value);
        }
        Entry {
            fresh: Duration::from_millis(fresh),
            stale: Duration::from_millis(stale),
            cost: Duration::from_millis(cost),
            tags: tags.into_iter().map(Arc::from).collect(),
            ..Entry::new(
                StatusCode::from_u16(status).expect("the strategy makes statuses"),
                headers,
                body.into(),
                Timestamp::from_millis(born),
            )
        }
    })
}

proptest! {
    #[test]
    fn every_entry_survives_encoding_and_decoding(entry in any_entry(), token: [u8; 16], digest: [u8; 16]) {
        let (token, digest) = (Token(token), Digest(digest));
        let wire = encode(&entry, token, digest);
        let decoded = decode(wire.clone().into()).expect("a whole entry decodes");
        prop_assert_eq!(&decoded.entry, &entry);
        prop_assert_eq!(decoded.digest, digest);
        prop_assert_eq!(encode(&decoded.entry, token, digest), wire);
    }

    #[test]
    fn p8_truncation_anywhere_is_a_miss(entry in any_entry(), cut: prop::sample::Index) {
        let wire = Bytes::from(encode(&entry, TOKEN, DIGEST));
        prop_assert_eq!(decode(wire.slice(..cut.index(wire.len()))), None);
    }

    #[test]
    fn p8_flipped_bits_never_panic(entry in any_entry(), flips in vec(any::<(prop::sample::Index, u8)>(), 1..8)) {
        let mut wire = encode(&entry, TOKEN, DIGEST);
        for (at, mask) in flips {
            let at = at.index(wire.len());
            wire[at] ^= mask;
        }
        decode(wire.into());
    }

    #[test]
    fn p8_garbage_never_panics(garbage in vec(any::<u8>(), 0..300), framed: bool) {
        let mut wire = Vec::new();
        if framed {
            wire.extend_from_slice(&encode(&empty(), TOKEN, DIGEST)[..FIXED]);
        }
        wire.extend_from_slice(&garbage);
        decode(wire.into());
    }
}
