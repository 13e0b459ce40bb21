use http::{HeaderName, StatusCode};

use super::*;

#[test]
fn a_hit_is_the_stored_response_with_added_headers() {
    let own = [
        ("content-type", "text/plain"),
        ("link", "</a>"),
        ("link", "</b>"),
        ("x-a", "1"),
        TAG,
    ];
    let response = plain_hit(&own, &Policy::new());
    assert_eq!(response.status(), 200);
    let ours = [("cache-control", "private, no-cache"), ("x-cache", "Hit")];
    assert_eq!(lines(&response), [&own[..], &ours[..]].concat());
    assert_eq!(body(response), "hello");
}

#[test]
fn a_stored_miss_grants_the_whole_ttl() {
    let response = respond(
        &entry(secs(30), &[TAG]),
        &request("GET", &[]),
        &REMAINING,
        &STATUS_HEADERS,
        CacheStatus::Forwarded(Forwarded::STORED_MISS),
        NOW,
    );
    let expected = [
        TAG,
        ("cache-control", "private, max-age=30"),
        ("expires", "Sun, 06 Nov 1994 08:50:07 GMT"),
        ("x-cache", "Miss"),
    ];
    assert_eq!(lines(&response), expected);
}

#[test]
fn stored_statuses_survive() {
    for status in [203, 301, 308, 404, 410] {
        let mut entry = entry(secs(30), &[("location", "/x"), TAG]);
        entry.status = StatusCode::from_u16(status).unwrap();
        let response = hit(
            &entry,
            &request("GET", &[("if-none-match", "W/\"1\"")]),
            &Policy::new(),
        );
        assert_eq!(response.status(), status, "conditions do not touch it");
        assert_eq!(response.headers()["location"], "/x");
        assert_eq!(body(response), "hello");
    }
}

#[test]
fn the_hit_header_has_the_configured_name() {
    let status_headers = StatusHeaders {
        hit_header: HeaderName::from_static("x-shop-cache"),
        cache_name: None,
    };
    let entry = entry(secs(30), &[("x-cache", "upstream")]);
    let response = respond(
        &entry,
        &request("GET", &[]),
        &Policy::new(),
        &status_headers,
        CacheStatus::Hit,
        NOW,
    );
    assert_eq!(all(&response, "x-shop-cache"), ["Hit"]);
    assert_eq!(all(&response, "x-cache"), ["upstream"]);
    let response = plain_hit(&[("x-cache", "upstream")], &Policy::new());
    assert_eq!(all(&response, "x-cache"), ["Hit"]);
}

#[test]
fn headers_in_the_key_are_named_in_vary() {
    let one = Policy::new().vary(&["accept-language"]);
    let two = Policy::new().vary(&["accept-language", "x-tenant"]);
    assert_eq!(all(&plain_hit(&[], &Policy::new()), "vary"), Vec::<&str>::new());
    assert_eq!(all(&plain_hit(&[], &one), "vary"), ["accept-language"]);
    assert_eq!(all(&plain_hit(&[], &two), "vary"), ["accept-language, x-tenant"]);
    let own = ("vary", "X-Tenant");
    assert_eq!(
        all(&plain_hit(&[own], &two), "vary"),
        ["X-Tenant", "accept-language"]
    );
    assert_eq!(
        all(&plain_hit(&[("vary", "x,Accept-Language")], &one), "vary"),
        ["x,Accept-Language"]
    );
}

#[test]
fn cache_status_reports_hits_and_forwards() {
    let status = |cache_status| {
        let request = request("GET", &[]);
        let entry = entry(secs(30), &[("cache-status", "upstream; hit")]);
        let response = respond(
            &entry,
            &request,
            &Policy::new(),
            &named(),
            cache_status,
            NOW + secs(1),
        );
        all(&response, "cache-status").join(" | ")
    };
    assert_eq!(status(CacheStatus::Hit), "upstream; hit | shop; hit; ttl=29");
    assert_eq!(
        status(CacheStatus::Forwarded(Forwarded::STORED_MISS)),
        "upstream; hit | shop; fwd=miss; stored"
    );
}
