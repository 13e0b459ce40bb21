use std::{future::Future, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    clock::Timestamp,
    http::fixtures::{NOW, entry, headers, request, secs},
    policy::{ClientMaxAge, Http},
};

/// As if no clock were off.
fn respond(
    entry: &Entry,
    request: &RequestHead,
    policy: &Policy,
    status_headers: &StatusHeaders,
    cache_status: CacheStatus,
    now: Timestamp,
) -> Response {
    responder(request, policy, status_headers, now).answer(entry, cache_status)
}

pub(super) fn responder<'a>(
    request: &'a RequestHead,
    policy: &'a Policy,
    status_headers: &'a StatusHeaders,
    now: Timestamp,
) -> Responder<'a> {
    let times = Times { now, local: now };
    Responder {
        number: 0,
        request,
        policy,
        status_headers,
        cache_headers: CacheHeaders::new(policy, None, true),
        times,
    }
}

/// Tells clients the remaining TTL.
pub(super) const REMAINING: Policy = Policy::new().client_max_age_remaining();

pub(super) const STYLE: StatusHeaders = StatusHeaders {
    hit_header: HeaderName::from_static("x-cache"),
    cache_name: None,
};
const UNSTORED: Forwarded = Forwarded {
    stored: false,
    ..Forwarded::STORED_MISS
};
pub(super) const TAG: (&str, &str) = ("etag", "W/\"1\"");

pub(super) fn named() -> StatusHeaders {
    StatusHeaders {
        cache_name: Some(HeaderValue::from_static("shop")),
        ..STYLE
    }
}

/// A hit five seconds after the entry was born.
fn hit(entry: &Entry, request: &RequestHead, policy: &Policy) -> Response {
    respond(entry, request, policy, &STYLE, CacheStatus::Hit, NOW + secs(5))
}

fn plain_hit(lines: &[(&str, &str)], policy: &Policy) -> Response {
    hit(&entry(secs(30), lines), &request("GET", &[]), policy)
}

pub(super) fn lines(response: &Response) -> Vec<(&str, &str)> {
    let headers = response.headers().iter();
    headers
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect()
}

fn all<'a>(response: &'a Response, name: &str) -> Vec<&'a str> {
    let values = response.headers().get_all(name).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

pub(super) fn body(response: Response) -> Bytes {
    wait(axum::body::to_bytes(response.into_body(), usize::MAX)).unwrap()
}

#[test]
fn a_hit_is_what_was_stored_and_our_headers() {
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
fn a_stored_miss_says_so_and_promises_the_whole_life() {
    let response = respond(
        &entry(secs(30), &[TAG]),
        &request("GET", &[]),
        &REMAINING,
        &STYLE,
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
fn the_hit_header_has_the_name_it_was_given() {
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
fn the_word_is_private_unless_the_policy_says_public_whatever_the_request_carries() {
    let entry = entry(secs(30), &[]);
    for credentials in [&[][..], &[("authorization", "Bearer x")], &[("cookie", "a=b")]] {
        let request = request("GET", credentials);
        let control = |policy: &Policy| hit(&entry, &request, policy).headers()["cache-control"].clone();
        assert_eq!(control(&Policy::new()), "private, no-cache");
        assert_eq!(control(&Policy::new().private()), "private, no-cache");
        assert_eq!(control(&Policy::new().public()), "public, no-cache");
        assert_eq!(control(&Policy::new().public().private()), "private, no-cache");
        assert_eq!(control(&REMAINING), "private, max-age=25");
        assert_eq!(control(&REMAINING.private()), "private, max-age=25");
        assert_eq!(control(&REMAINING.public()), "public, max-age=25");
    }
}

#[test]
fn no_cache_has_no_expires_fresh_or_stale() {
    for cache_status in [
        CacheStatus::Hit,
        CacheStatus::Stale,
        CacheStatus::Forwarded(Forwarded::STORED_MISS),
    ] {
        let (entry, request) = (entry(secs(30), &[TAG]), request("GET", &[]));
        let response = respond(
            &entry,
            &request,
            &Policy::new(),
            &STYLE,
            cache_status,
            NOW + secs(40),
        );
        assert_eq!(all(&response, "cache-control"), ["private, no-cache"]);
        assert!(!response.headers().contains_key("expires"));
        assert_eq!(all(&response, "etag"), [TAG.1]);
    }
}

#[test]
fn clients_are_told_their_own_max_age_but_no_more_than_is_left() {
    for (told, expected) in [
        (10, "private, max-age=10"),
        (25, "private, max-age=25"),
        (600, "private, max-age=25"),
    ] {
        let response = plain_hit(&[], &Policy::new().client_max_age(secs(told)));
        assert_eq!(all(&response, "cache-control"), [expected]);
    }
    let response = plain_hit(&[], &Policy::new().client_max_age(secs(10)));
    assert_eq!(all(&response, "expires"), ["Sun, 06 Nov 1994 08:49:52 GMT"]);
}

#[test]
fn a_client_max_age_of_zero_makes_clients_revalidate() {
    for limit in [Duration::ZERO, Duration::from_millis(999)] {
        let policy = Policy::new().client_max_age(limit);
        let response = plain_hit(&[], &policy);
        let expected = [("cache-control", "private, no-cache"), ("x-cache", "Hit")];
        assert_eq!(lines(&response), expected);
        let response = plain_hit(&[], &policy.public());
        assert_eq!(all(&response, "cache-control"), ["public, no-cache"]);
    }
}

#[test]
fn p5_a_max_age_is_granted_only_where_url_public_or_vary_decides() {
    let entry = entry(secs(30), &[]);
    let thirty = ClientMaxAge::Fixed(secs(30));
    let policies = [
        (Policy::new(), None),
        (Policy::new().client_max_age(secs(30)), None),
        (Policy::new().client_max_age_remaining(), None),
        (Policy::new(), Some(ClientMaxAge::Remaining)),
        (Policy::new(), Some(thirty)),
        (
            Policy::new().client_max_age(secs(30)),
            Some(ClientMaxAge::Remaining),
        ),
    ];
    for (index, (policy, default)) in policies.into_iter().enumerate() {
        let is_granted = |policy: Policy, url_decides| {
            let headers = CacheHeaders::new(&policy, default, url_decides);
            headers.max_age(&entry, NOW) == Some(secs(30))
        };
        assert_eq!(is_granted(policy, true), index > 0);
        assert_eq!(is_granted(policy.public(), false), index > 0);
        assert_eq!(is_granted(policy.vary(&["accept"]), false), index > 0);
        assert!(!is_granted(policy, false));
        assert!(!is_granted(policy.vary(&[]), false));
        assert!(
            !is_granted(policy.client_max_age(Duration::ZERO), true),
            "zero overrides"
        );
    }
}

#[test]
fn the_handlers_own_cache_control_stays_and_age_is_added() {
    let own = ("cache-control", "public, max-age=60, immutable");
    let response = plain_hit(&[own], &Policy::new().private());
    assert_eq!(lines(&response), [own, ("age", "5"), ("x-cache", "Hit")]);

    // It came with an age, and so it was made before it was stored.
    let mut passed_on = entry(secs(30), &[own, ("age", "7")]);
    passed_on.born = NOW - secs(7);
    let response = hit(&passed_on, &request("GET", &[]), &Policy::new());
    assert_eq!(all(&response, "age"), ["12"]);
}

#[test]
fn a_miss_under_its_own_cache_control_has_no_age() {
    let own = ("cache-control", "max-age=60");
    let response = respond(
        &entry(secs(30), &[own]),
        &request("GET", &[]),
        &Policy::new(),
        &STYLE,
        CacheStatus::Forwarded(Forwarded::STORED_MISS),
        NOW,
    );
    assert_eq!(lines(&response), [own, ("x-cache", "Miss")]);
}

#[test]
fn the_handlers_own_expires_stays() {
    let own = ("expires", "Sun, 06 Nov 1994 08:50:07 GMT");
    let response = plain_hit(&[own], &Policy::new());
    assert_eq!(
        lines(&response),
        [own, ("cache-control", "private, no-cache"), ("x-cache", "Hit")]
    );
    let response = plain_hit(&[own], &REMAINING);
    assert_eq!(
        lines(&response),
        [own, ("cache-control", "private, max-age=25"), ("x-cache", "Hit")]
    );
}

#[test]
fn a_life_beyond_a_year_is_told_as_a_year() {
    let entry = entry(Duration::from_secs(1 << 31), &[]);
    let request = request("GET", &[]);
    for policy in [REMAINING, Policy::new().client_max_age(Duration::MAX)] {
        let response = hit(&entry, &request, &policy);
        assert_eq!(all(&response, "cache-control"), ["private, max-age=31536000"]);
    }
}

#[test]
fn a_date_past_the_year_9999_is_not_written() {
    let mut entry = entry(secs(30), &[]);
    entry.born = Timestamp::from_millis(u64::MAX - 1);
    let now = entry.born;
    let response = respond(
        &entry,
        &request("GET", &[]),
        &REMAINING,
        &STYLE,
        CacheStatus::Hit,
        now,
    );
    assert_eq!(
        lines(&response),
        [("cache-control", "private, max-age=30"), ("x-cache", "Hit")]
    );
}

#[test]
fn what_joins_the_key_is_named_in_vary() {
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
fn what_the_client_has_is_answered_by_304_with_its_headers_alone() {
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
fn a_304_repeats_the_handlers_own_freshness() {
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
fn a_miss_too_is_answered_by_304() {
    let response = respond(
        &entry(secs(30), &[TAG]),
        &request("GET", &[("if-none-match", "\"1\"")]),
        &Policy::new(),
        &STYLE,
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

#[test]
fn cache_status_tells_what_happened() {
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

#[test]
fn what_is_not_stored_gets_the_hit_header_alone() {
    let own = [("cache-control", "no-store"), ("set-cookie", "a=b")];
    let handlers = || {
        let mut response = Response::new(Body::from("hello"));
        *response.headers_mut() = headers(&own);
        response
    };
    let response = uncached(handlers(), &Policy::new(), &STYLE, UNSTORED);
    assert_eq!(lines(&response), [own[0], own[1], ("x-cache", "Miss")]);
    assert_eq!(body(response), "hello");
    let response = uncached(handlers(), &Policy::new(), &named(), UNSTORED);
    assert_eq!(all(&response, "cache-status"), ["shop; fwd=miss"]);
}

#[test]
fn p5_what_is_not_stored_is_for_no_proxy_either() {
    let control = |policy: &Policy, own: &[(&str, &str)]| {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = headers(own);
        let response = uncached(response, policy, &STYLE, UNSTORED);
        all(&response, "cache-control").join(" | ")
    };
    for policy in [
        Policy::new(),
        Policy::new().public(),
        REMAINING,
        REMAINING.public(),
    ] {
        assert_eq!(control(&policy, &[("set-cookie", "a=b")]), "private, no-cache");
        assert_eq!(control(&policy, &[("expires", "0")]), "private, no-cache");
        assert_eq!(
            control(&policy, &[("cache-control", "public")]),
            "public",
            "the handler's own word"
        );
    }
    let http = Policy {
        http: Some(Http::default()),
        ..Policy::new()
    };
    assert_eq!(control(&http, &[]), "", "responses speak for themselves there");
}

#[test]
fn what_is_not_stored_names_in_vary_what_it_depends_on() {
    let policy = Policy::new().vary(&["accept-language"]);
    let response = uncached(Response::new(Body::empty()), &policy, &STYLE, UNSTORED);
    assert_eq!(all(&response, "vary"), ["accept-language"]);
}

#[test]
fn a_replay_is_what_was_kept_and_nothing_of_ours() {
    let own = [("retry-after", "5"), ("x-a", "1"), ("x-a", "2")];
    let mut entry = entry(Duration::ZERO, &own);
    entry.status = StatusCode::SERVICE_UNAVAILABLE;
    let response = replay(&entry);
    assert_eq!(response.status(), 503);
    assert_eq!(lines(&response), own);
    assert_eq!(body(response), "hello");
}

#[test]
fn nothing_to_give_is_a_gateway_timeout() {
    let response = gateway_timeout(&STYLE);
    assert_eq!(response.status(), 504);
    assert_eq!(lines(&response), [("x-cache", "Miss")]);
    let response = gateway_timeout(&named());
    assert_eq!(all(&response, "cache-status"), ["shop; detail=only-if-cached"]);
    assert!(body(response).is_empty());
}

proptest! {
    #[test]
    fn max_age_is_never_more_than_what_is_left(
        life in 1..100_000_000_u64, passed in 0..200_000_000_u64, born in 0..4_000_000_000_000_u64,
        told in proptest::option::of(0..200_000_u64), public in any::<bool>(),
    ) {
        let mut entry = entry(Duration::from_millis(life), &[]);
        entry.born = Timestamp::from_millis(born);
        let now = entry.born + Duration::from_millis(passed);
        let mut policy = told.map_or(REMAINING, |told| Policy::new().client_max_age(secs(told)));
        if public {
            policy = policy.public();
        }
        let response = respond(&entry, &request("GET", &[]), &policy, &STYLE, CacheStatus::Hit, now);

        let control = response.headers()["cache-control"].to_str().unwrap();
        let word = if public { "public, " } else { "private, " };
        let control = control.strip_prefix(word).unwrap();
        if told == Some(0) {
            prop_assert_eq!(control, "no-cache");
            prop_assert!(!response.headers().contains_key("expires"));
            return Ok(());
        }
        let seconds: u64 = control.strip_prefix("max-age=").unwrap().parse().unwrap();
        let left = Duration::from_millis(life.saturating_sub(passed));
        prop_assert!(secs(seconds) <= left);
        prop_assert!(told.is_none_or(|told| seconds <= told));
        let expires = httpdate::parse_http_date(response.headers()["expires"].to_str().unwrap()).unwrap();
        prop_assert!(expires <= (now + left).to_system_time());
    }
}
