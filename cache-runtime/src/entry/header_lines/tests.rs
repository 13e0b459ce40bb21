use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    super::length_prefixed as text,
    HeaderLines,
    names::{NAMES, SENSITIVE, SPELLED, code},
};
use crate::http::fixtures::headers;

fn lines() -> HeaderLines {
    let mut map = headers(&[
        ("content-type", "text/plain"),
        ("link", "</a>"),
        ("x-own", "1"),
        ("link", "</b>"),
    ]);
    let mut secret = HeaderValue::from_static("secret");
    secret.set_sensitive(true);
    map.insert("x-secret", secret);
    HeaderLines::from(map)
}

#[test]
fn header_map_survives() {
    let map = lines().to_map(0);
    let links: Vec<_> = map.get_all("link").iter().collect();
    assert_eq!(links, ["</a>", "</b>"]);
    assert_eq!(
        (&map["content-type"], &map["x-own"]),
        (&"text/plain".parse().unwrap(), &"1".parse().unwrap())
    );
    assert_eq!(map.len(), 5);
    assert_eq!(HeaderLines::from(&map), lines());
}

#[test]
fn names_are_found_by_code_and_by_text() {
    let lines = lines();
    assert_eq!(lines.get(&header::LINK).unwrap(), "</a>");
    let own = HeaderName::from_static("x-own");
    assert!(lines.contains(&own));
    assert_eq!(lines.get(&own).unwrap(), "1");
    for name in [header::ETAG, HeaderName::from_static("x-other")] {
        assert!(!lines.contains(&name));
        assert_eq!(lines.get(&name), None);
    }
}

#[test]
fn only_the_given_names_are_taken() {
    let own = HeaderName::from_static("x-own");
    let map = lines().only(&[header::LINK, header::ETAG, own]);
    let expected = headers(&[("link", "</a>"), ("link", "</b>"), ("x-own", "1")]);
    assert_eq!(map, expected);
}

#[test]
fn sensitive_values_stay_sensitive() {
    let map = lines().to_map(0);
    assert!(map["x-secret"].is_sensitive());
    assert!(!map["x-own"].is_sensitive());
}

#[test]
fn p1_largest_header_map_survives() {
    let mut map = HeaderMap::new();
    for number in 0..40_000_u32 {
        map.append("x-line", number.into());
    }
    assert_eq!(HeaderLines::from(&map).to_map(4), map);
    assert_eq!(HeaderLines::from(&map).name_count(), 1);
}

#[test]
fn every_name_has_one_code() {
    for (place, name) in NAMES.iter().enumerate() {
        assert_eq!(usize::from(code(name)), place + 1, "{name} has two codes");
    }
    assert!(NAMES.len() < usize::from(SENSITIVE));
}

#[test]
fn bytes_that_would_be_encoded_otherwise_are_rejected() {
    let spelled = |name: &[u8]| {
        let mut buffer = vec![SPELLED];
        text::write(name, &mut buffer);
        text::write(b"1", &mut buffer);
        HeaderLines::from_wire(buffer.into())
    };
    assert!(spelled(b"x-own").is_some());
    for name in [&b"etag"[..], b"ETag", b"X-Own", b"x own", b""] {
        assert_eq!(spelled(name), None, "{}", name.escape_ascii());
    }
    assert_eq!(
        HeaderLines::from_wire(Bytes::from_static(b"\x7f\0\0\0\0")),
        None,
        "no such code"
    );
}
