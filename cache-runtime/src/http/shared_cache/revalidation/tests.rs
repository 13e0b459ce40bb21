use http::Response;

use super::*;
use crate::http::fixtures::{entry, headers, secs};

const MODIFIED: (&str, &str) = ("last-modified", "Sun, 06 Nov 1994 08:00:00 GMT");

fn not_modified(lines: &[(&str, &str)]) -> response::Parts {
    let (mut parts, ()) = Response::new(()).into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers = headers(lines);
    parts
}

fn lines(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let lines = headers.iter();
    lines
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect()
}

fn freshened_headers(stored: &[(&str, &str)], received: &[(&str, &str)]) -> Option<HeaderMap> {
    super::freshened_headers(&entry(secs(1), stored), &not_modified(received))
}

#[test]
fn revalidation_sends_all_validators_of_the_entry() {
    let stored = entry(secs(1), &[("etag", "W/\"a\""), MODIFIED]);
    let mut request = headers(&[
        ("if-none-match", "\"client's\""),
        ("range", "bytes=0-0"),
        ("accept", "*/*"),
    ]);
    assert!(is_conditional(&request));
    remove_conditions(&mut request);
    assert!(!is_conditional(&request));
    add_validators(&mut request, &stored);
    let asked = [
        ("accept", "*/*"),
        ("if-none-match", "W/\"a\""),
        ("if-modified-since", MODIFIED.1),
    ];
    assert_eq!(lines(&request), asked);
    assert!(has_validators(&stored));
    assert!(!has_validators(&entry(secs(1), &[("date", MODIFIED.1)])));
}

#[test]
fn fields_of_the_304_replace_stored_fields() {
    let stored = [
        ("etag", "\"a\""),
        ("cache-control", "max-age=1"),
        ("x-kept", "1"),
        ("x-new", "old"),
        ("x-new", "older"),
        ("content-type", "text/plain"),
        ("age", "7"),
        ("date", "Sun, 06 Nov 1994 08:00:00 GMT"),
    ];
    let received = [
        ("etag", "\"a\""),
        ("cache-control", "max-age=9"),
        ("x-new", "new"),
        ("content-type", "text/html"),
        ("content-encoding", "gzip"),
        ("content-range", "bytes 0-0/1"),
        ("content-length", "0"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ];
    let merged = freshened_headers(&stored, &received).unwrap();
    let mut lines = lines(&merged);
    lines.sort_unstable();
    let expected = [
        ("cache-control", "max-age=9"),
        ("content-type", "text/plain"),
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("etag", "\"a\""),
        ("x-kept", "1"),
        ("x-new", "new"),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_304_about_another_response_does_not_freshen_the_entry() {
    let strong = [("etag", "\"a\""), MODIFIED];
    let weak = [("etag", "W/\"a\"")];
    let dated = [MODIFIED];
    let later = ("last-modified", "Sun, 06 Nov 1994 08:00:01 GMT");
    for (stored, received, same) in [
        (&strong[..], &[("etag", "\"a\"")][..], true),
        (&strong, &[("etag", "W/\"a\"")], true),
        (&strong, &[("etag", "\"b\"")], false),
        (&strong, &[("etag", "W/\"b\"")], false),
        (&strong, &[("etag", "\"b\""), MODIFIED], false),
        (&strong, &[], true),
        (&strong, &[later], false),
        (&weak, &[("etag", "W/\"a\"")], true),
        (&weak, &[("etag", "\"a\"")], false),
        (&dated, &[MODIFIED], true),
        (&dated, &[later], false),
        (&dated, &[("etag", "\"a\"")], false),
        (&dated, &[], true),
    ] {
        assert_eq!(
            freshened_headers(stored, received).is_some(),
            same,
            "{stored:?} {received:?}"
        );
    }
}

#[test]
fn a_response_to_head_may_show_that_the_entry_is_outdated() {
    let stored = entry(secs(1), &[("etag", "\"a\""), MODIFIED]);
    let outdated = |status: u16, lines: &[(&str, &str)]| {
        is_outdated(&stored, StatusCode::from_u16(status).unwrap(), &headers(lines))
    };
    assert!(!outdated(200, &[]));
    assert!(!outdated(
        200,
        &[("etag", "\"a\""), MODIFIED, ("content-length", "5")]
    ));
    assert!(outdated(200, &[("etag", "\"b\"")]));
    assert!(outdated(
        200,
        &[("last-modified", "Sun, 06 Nov 1994 08:00:01 GMT")]
    ));
    assert!(outdated(200, &[("content-length", "6")]));
    assert!(!outdated(404, &[("etag", "\"b\"")]));
}
