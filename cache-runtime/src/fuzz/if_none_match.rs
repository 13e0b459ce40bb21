//! `If-None-Match`: a tag is found exactly if a naive parser finds it.

use http::{HeaderMap, HeaderValue, Method, header};

use super::source::{field, field_values, request};
use crate::http::{etag, is_not_modified};

/// The first line is the stored tag, the others are the list.
///
/// A naive parser of the list gives the same answer, and a tag that the cache made is found anywhere in a list.
pub fn if_none_match(data: &[u8]) {
    let mut lines = field_values(data).into_iter();
    let tag = lines.next();
    let lines: Vec<HeaderValue> = lines.collect();
    let list = lines.iter().map(HeaderValue::as_bytes);
    let list = list.collect::<Vec<_>>().join(&b", "[..]);

    let tag = tag.unwrap_or_else(|| HeaderValue::from_static(""));
    let found = !lines.is_empty() && names(&list, tag.as_bytes());
    assert_eq!(matches(&lines, &tag), found, "{lines:?} {tag:?}");
    if opaque(tag.as_bytes()).is_some() {
        assert_eq!(matches(&lines, &other_strength(&tag)), found, "{lines:?} {tag:?}");
    }
    assert!(
        !answers(Method::POST, &lines, &tag),
        "only GET and HEAD are answered"
    );
    assert!(matches(&[HeaderValue::from_static(" *")], &tag));
    own(data, &list);
}

/// Checks the tag that the cache makes from a body.
fn own(body: &[u8], list: &[u8]) {
    let own = etag(body);
    assert_eq!(own, etag(body));
    let first = HeaderValue::try_from([own.as_bytes(), b",", list].concat());
    let first = first.expect("a list of header values is a header value");
    assert!(matches(&[first], &own), "{own:?}");

    let opaque = |text: &[u8]| HeaderValue::try_from([b"\"", text, b"\""].concat());
    let others = list
        .split(|byte| *byte == b'"')
        .filter_map(|text| opaque(text).ok());
    let mut lines: Vec<HeaderValue> = others.collect();
    assert_eq!(matches(&lines, &own), lines.contains(&other_strength(&own)));
    lines.push(own.clone());
    assert!(matches(&lines, &own), "after {lines:?}");
    lines.push(HeaderValue::from_static("after"));
    assert!(matches(&lines, &other_strength(&own)), "within {lines:?}");
}

fn matches(list: &[HeaderValue], tag: &HeaderValue) -> bool {
    let get = answers(Method::GET, list, tag);
    assert_eq!(get, answers(Method::HEAD, list, tag));
    get
}

/// Whether a request with these lines is answered with 304 if `tag` is stored.
fn answers(method: Method, list: &[HeaderValue], tag: &HeaderValue) -> bool {
    let mut stored = HeaderMap::new();
    stored.insert(header::ETAG, tag.clone());
    let request = request(method, field(&header::IF_NONE_MATCH, list));
    is_not_modified(&request, |name| stored.get(name).cloned())
}

/// The tag as a weak one if it is strong, or else as a strong one. The comparison ignores it (RFC 9110 section 13.1.2).
fn other_strength(tag: &HeaderValue) -> HeaderValue {
    let tag = match tag.as_bytes().strip_prefix(b"W/") {
        Some(strong) => HeaderValue::from_bytes(strong),
        None => HeaderValue::try_from([b"W/", tag.as_bytes()].concat()),
    };
    tag.expect("a header value stays one with or without the prefix")
}

/// A naive parser: splits the list at the commas outside quotes and stops at the first member that is not a tag.
fn names(list: &[u8], tag: &[u8]) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    let Some(tag) = opaque(tag) else {
        return false;
    };
    let mut quoted = false;
    let members = list.split(|byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    members
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
        .map_while(opaque)
        .any(|listed| listed == tag)
}

fn opaque(tag: &[u8]) -> Option<&[u8]> {
    let quoted = tag.strip_prefix(b"W/").unwrap_or(tag);
    let opaque = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    (!opaque.contains(&b'"')).then_some(opaque)
}
