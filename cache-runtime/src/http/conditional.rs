//! Whether a conditional request is answered with 304 (RFC 9110 section 13).

use http::{HeaderName, HeaderValue, Method, header};

use super::{
    date::parse_date,
    etag::list_matches,
    request_head::{RequestFields, RequestHead},
};

/// Whether the client has the current response: then a 200 with these header fields, looked up by name, becomes a 304.
///
/// `If-None-Match` takes precedence over `If-Modified-Since` (RFC 9110 section 13.2.2). Both lead to a 304 for GET and HEAD
/// only.
pub(crate) fn is_not_modified(
    request: &RequestHead,
    header: impl Fn(&HeaderName) -> Option<HeaderValue>,
) -> bool {
    let RequestFields {
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
        (Some(tags), _) => list_matches(tags.as_bytes(), header(&header::ETAG).as_ref()),
        (None, Some(since)) => is_unmodified_since(since, header),
        (None, None) => false,
    }
}

fn is_unmodified_since(since: &HeaderValue, header: impl Fn(&HeaderName) -> Option<HeaderValue>) -> bool {
    // A cache compares with `Date` if the response has no `Last-Modified` (RFC 9111 section 4.3.2).
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

    use super::*;
    use crate::http::fixtures::{headers, request};

    fn is_not_modified(request: &RequestHead, headers: &HeaderMap) -> bool {
        super::is_not_modified(request, |name| headers.get(name).cloned())
    }

    const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn matches(if_none_match: &str, etag: &str) -> bool {
        is_not_modified(
            &request("GET", &[("if-none-match", if_none_match)]),
            &headers(&[("etag", etag)]),
        )
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
    fn other_and_malformed_tags_do_not_match() {
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
        assert!(is_not_modified(&request, &headers(&[("etag", "\"a\"")])));
    }

    #[test]
    fn a_star_matches_without_a_tag() {
        assert!(is_not_modified(
            &request("HEAD", &[("if-none-match", "*")]),
            &headers(&[])
        ));
    }

    #[test]
    fn if_none_match_beats_if_modified_since() {
        let stored = headers(&[("etag", "\"a\""), ("last-modified", MODIFIED)]);
        let both = [("if-none-match", "\"b\""), ("if-modified-since", MODIFIED)];
        assert!(!is_not_modified(&request("GET", &both), &stored));
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
            assert_eq!(is_not_modified(&request, &stored), unmodified, "{since}");
            assert!(
                !is_not_modified(&request, &headers(&[])),
                "no Last-Modified: {since}"
            );
        }
    }

    #[test]
    fn other_methods_are_not_answered_by_304() {
        let stored = headers(&[("etag", "\"a\""), ("last-modified", MODIFIED)]);
        for line in [("if-none-match", "\"a\""), ("if-modified-since", MODIFIED)] {
            assert!(!is_not_modified(&request("POST", &[line]), &stored));
        }
    }
}
