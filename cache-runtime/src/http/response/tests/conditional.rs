use http::StatusCode;

use super::*;

#[test]
fn a_current_client_receives_304_with_few_headers() {
    let own = [
        ("content-type", "text/plain"),
        ("content-location", "/here"),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("content-language", "en"),
        ("x-a", "1"),
        TAG,
    ];
    let entry = entry(secs(30), &own);
    let policy = REMAINING.vary(&["accept-language"]);
    let expected = [
        ("content-location", "/here"),
        TAG,
        ("cache-control", "private, max-age=25"),
        ("expires", "Sun, 06 Nov 1994 08:50:07 GMT"),
        ("vary", "accept-language"),
        ("x-cache", "Hit"),
    ];
    for method in ["GET", "HEAD"] {
        for line in [
            ("if-none-match", "\"0\", \"1\""),
            ("if-none-match", "*"),
            ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ] {
            let response = hit(&entry, &request(method, &[line]), &policy);
            assert_eq!(response.status(), 304);
            assert_eq!(lines(&response), expected);
            assert!(body(response).is_empty());
        }
    }
    let response = hit(&entry, &request("GET", &[("if-none-match", "\"2\"")]), &policy);
    assert_eq!(response.status(), 200);
    assert_eq!(body(response), "hello");
}

#[test]
fn a_304_repeats_the_freshness_of_the_handler() {
    let own = [
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("cache-control", "max-age=60"),
        ("expires", "Sun, 06 Nov 1994 08:51:37 GMT"),
        TAG,
    ];
    let response = hit(
        &entry(secs(30), &own),
        &request("GET", &[("if-none-match", "*")]),
        &Policy::new(),
    );
    let expected = [own[0], own[1], own[2], TAG, ("age", "5"), ("x-cache", "Hit")];
    assert_eq!(lines(&response), expected);
}

#[test]
fn a_miss_may_be_answered_by_304() {
    let response = respond(
        &entry(secs(30), &[TAG]),
        &request("GET", &[("if-none-match", "\"1\"")]),
        &Policy::new(),
        &STATUS_HEADERS,
        CacheStatus::Forwarded(Forwarded::STORED_MISS),
        NOW,
    );
    assert_eq!(response.status(), 304);
    assert_eq!(all(&response, "x-cache"), ["Miss"]);
}

#[test]
fn head_has_the_length_of_the_body_and_no_body() {
    let response = hit(&entry(secs(30), &[TAG]), &request("HEAD", &[]), &Policy::new());
    assert_eq!(all(&response, "content-length"), ["5"]);
    assert!(body(response).is_empty());
}

#[test]
fn a_304_and_a_204_have_no_length_that_a_server_could_write() {
    let mut entry = entry(secs(30), &[TAG]);
    let request = request("GET", &[("if-none-match", "*")]);
    let not_modified = hit(&entry, &request, &Policy::new());
    entry.status = StatusCode::NO_CONTENT;
    let no_content = hit(&entry, &request, &Policy::new());
    for (response, status) in [(not_modified, 304), (no_content, 204)] {
        assert_eq!(response.status(), status);
        let body = http_body::Body::size_hint(response.body());
        assert_eq!(body.exact(), None);
        assert!(http_body::Body::is_end_stream(response.body()));
        assert!(!response.headers().contains_key("content-length"));
    }
}
