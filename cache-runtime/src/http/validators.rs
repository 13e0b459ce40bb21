//! Does the client have this already (RFC 9110 section 13)?

use http::{HeaderName, HeaderValue, Method, header};

use super::freshness::parse_date;
use crate::http::request_head::{Fields, RequestHead};

/// A weak entity tag of the body, the same in every process: 128 bits of its BLAKE3.
///
/// Weak, because layers outside may still code the body: the bytes on the wire can differ, the meaning not.
pub(crate) fn etag(body: &[u8]) -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let hash = blake3::hash(body);
    let mut text = *b"W/\"________________________________\"";
    for (pair, byte) in text[3..35].chunks_exact_mut(2).zip(hash.as_bytes()) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
    HeaderValue::from_bytes(&text).expect("hexadecimal digits in quotes are a header value")
}

/// Whether a 200 with these headers, each by its name, is answered by 304 instead.
///
/// `If-None-Match` beats `If-Modified-Since` (RFC 9110 section 13.2.2). Both ask for a 304 in GET and HEAD only.
pub(crate) fn not_modified(
    request: &RequestHead,
    header: impl Fn(&HeaderName) -> Option<HeaderValue>,
) -> bool {
    let Fields {
        if_none_match,
        if_modified_since,
        ..
    } = request.fields();
    if if_none_match.is_none() && if_modified_since.is_none() {
        return false;
    }
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return false;
    }
    match (if_none_match, if_modified_since) {
        (Some(tags), _) => lists(tags.as_bytes(), header(&header::ETAG).as_ref()),
        (None, Some(since)) => unmodified_since(since, header),
        (None, None) => false,
    }
}

/// Whether both tags are well-formed, equal and strong (RFC 9110 section 8.8.3.2).
pub(super) fn is_same_strongly(one: &HeaderValue, other: &HeaderValue) -> bool {
    one == other && one.as_bytes().starts_with(b"\"") && matches!(entity_tag(one.as_bytes()), Some((_, [])))
}

/// Whether a 304 with this tag is about what was stored with that one: a strong tag is about the same bytes, a weak one
/// about the same meaning (RFC 9111 section 4.3.4).
pub(super) fn is_same(told: &HeaderValue, stored: &HeaderValue) -> bool {
    let is_weak = told.as_bytes().starts_with(b"W/");
    told == stored || (is_weak && lists(told.as_bytes(), Some(stored)))
}

/// Whether the list names the tag or is `*`. What is malformed matches nothing, nor does what stands behind it.
fn lists(list: &[u8], tag: Option<&HeaderValue>) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    let Some((tag, [])) = tag.and_then(|tag| entity_tag(tag.as_bytes())) else {
        return false;
    };
    let mut rest = list;
    loop {
        rest = rest.trim_ascii_start();
        if let [b',', behind @ ..] = rest {
            rest = behind;
            continue;
        }
        let Some((listed, behind)) = entity_tag(rest) else {
            return false;
        };
        rest = behind.trim_ascii_start();
        match rest {
            [] | [b',', ..] if listed == tag => return true,
            [b',', ..] => {}
            _ => return false,
        }
    }
}

/// The opaque part of the first tag, and what stands behind it. Weakness does not count here (RFC 9110 section
/// 8.8.3.2), and within a tag there are no escapes.
fn entity_tag(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"W/").unwrap_or(text).strip_prefix(b"\"")?;
    let end = text.iter().position(|&byte| byte == b'"')?;
    Some((&text[..end], &text[end + 1..]))
}

fn unmodified_since(since: &HeaderValue, header: impl Fn(&HeaderName) -> Option<HeaderValue>) -> bool {
    // Without a date of modification that of the answer stands for it (RFC 9111 section 4.3.2).
    let modified = header(&header::LAST_MODIFIED).or_else(|| header(&header::DATE));
    let modified = modified.and_then(|date| parse_date(date.as_bytes()));
    match (modified, parse_date(since.as_bytes())) {
        (Some(modified), Some(since)) => modified <= since,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use proptest::prelude::*;

    use super::*;
    use crate::http::fixtures::{headers, request};

    fn not_modified(request: &RequestHead, headers: &HeaderMap) -> bool {
        super::not_modified(request, |name| headers.get(name).cloned())
    }

    const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn matches(if_none_match: &str, etag: &str) -> bool {
        not_modified(
            &request("GET", &[("if-none-match", if_none_match)]),
            &headers(&[("etag", etag)]),
        )
    }

    #[test]
    fn the_tag_of_a_body_is_the_same_in_every_process() {
        // The first half of BLAKE3 of nothing, as its specification prints it.
        assert_eq!(etag(b""), "W/\"af1349b9f5f9a1a6a0404dea36dcc949\"");
        assert_eq!(etag(b"a"), etag(b"a"));
        assert_ne!(etag(b"a"), etag(b"b"));
    }

    #[test]
    fn a_list_matches_by_weak_comparison() {
        for (list, tag) in [
            ("\"a\"", "\"a\""),
            ("W/\"a\"", "\"a\""),
            ("\"a\"", "W/\"a\""),
            ("W/\"a\"", "W/\"a\""),
            ("\"x\", W/\"y\" ,\"a\"", "\"a\""),
            (",, \"a\" ,", "\"a\""),
            ("\"x,\", \"a,b\"", "\"a,b\""),
            ("\"\"", "\"\""),
            (" * ", "\"a\""),
            // A backslash is a character like others.
            ("\"\\\",\"a\"", "\"a\""),
        ] {
            assert!(matches(list, tag), "{list} {tag}");
        }
    }

    #[test]
    fn what_differs_or_is_malformed_does_not_match() {
        for (list, tag) in [
            ("\"b\"", "\"a\""),
            ("\"A\"", "\"a\""),
            ("\"a,b\"", "\"a\""),
            ("a", "\"a\""),
            ("w/\"a\"", "\"a\""),
            ("W/a", "\"a\""),
            ("\"a", "\"a\""),
            ("\"a\"b", "\"a\""),
            ("\"a\" \"a\"", "\"a\""),
            ("\"x\", *", "\"a\""),
            ("x, \"a\"", "\"a\""),
            ("", "\"a\""),
            (",", "\"a\""),
            ("\"a\"", "a"),
            ("\"a\"", "\"a\", \"b\""),
        ] {
            assert!(!matches(list, tag), "{list} {tag}");
        }
    }

    #[test]
    fn lines_of_if_none_match_are_one_list() {
        let request = request("GET", &[("if-none-match", "\"x\""), ("if-none-match", "\"a\"")]);
        assert!(not_modified(&request, &headers(&[("etag", "\"a\"")])));
    }

    #[test]
    fn a_star_matches_without_a_tag() {
        assert!(not_modified(
            &request("HEAD", &[("if-none-match", "*")]),
            &headers(&[])
        ));
    }

    #[test]
    fn if_none_match_beats_if_modified_since() {
        let stored = headers(&[("etag", "\"a\""), ("last-modified", MODIFIED)]);
        let both = [("if-none-match", "\"b\""), ("if-modified-since", MODIFIED)];
        assert!(!not_modified(&request("GET", &both), &stored));
    }

    #[test]
    fn if_modified_since_is_compared_with_last_modified() {
        let stored = headers(&[("last-modified", MODIFIED)]);
        for (since, unmodified) in [
            (MODIFIED, true),
            ("Sunday, 06-Nov-94 08:49:37 GMT", true),
            ("Sun Nov  6 08:49:38 1994", true),
            ("Sun, 06 Nov 1994 08:49:36 GMT", false),
            ("784111777", false),
            ("", false),
        ] {
            let request = request("GET", &[("if-modified-since", since)]);
            assert_eq!(not_modified(&request, &stored), unmodified, "{since}");
            assert!(
                !not_modified(&request, &headers(&[])),
                "no Last-Modified: {since}"
            );
        }
    }

    #[test]
    fn other_methods_are_not_answered_by_304() {
        let stored = headers(&[("etag", "\"a\""), ("last-modified", MODIFIED)]);
        for line in [("if-none-match", "\"a\""), ("if-modified-since", MODIFIED)] {
            assert!(!not_modified(&request("POST", &[line]), &stored));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_list_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            lists(&bytes, Some(&HeaderValue::from_static("\"a\"")));
        }

        #[test]
        fn no_soup_of_the_grammar_makes_the_list_panic(text in "[ \",*aW/]{0,40}") {
            lists(text.as_bytes(), Some(&HeaderValue::from_static("\"a\"")));
        }

        #[test]
        fn a_list_matches_exactly_its_members(
            members in proptest::collection::vec(("[ab,\\\\]{0,2}", any::<bool>()), 0..6),
            tag in "[ab,\\\\]{0,2}", weak in any::<bool>(), comma in "[ \t]{0,2},[ ,]{0,3}",
        ) {
            let write = |opaque: &str, weak: bool| format!("{}\"{opaque}\"", if weak { "W/" } else { "" });
            let list: Vec<String> = members.iter().map(|(opaque, weak)| write(opaque, *weak)).collect();
            let own = HeaderValue::from_str(&write(&tag, weak)).unwrap();
            prop_assert_eq!(
                lists(list.join(&comma).as_bytes(), Some(&own)),
                members.iter().any(|(opaque, _)| *opaque == tag)
            );
        }
    }
}
