use std::{ptr, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use proptest::prelude::*;

use super::*;
use crate::{
    http::{
        fixtures::{NOW, entry, headers, request, secs},
        request_head::RequestHead,
        response::{
            StatusHeaders,
            tests::{REMAINING, STATUS_HEADERS, TAG, body, lines, named, responder},
        },
    },
    outcome::Forwarded,
    policy::{Http, Policy},
};

const TYPE: (&str, &str) = ("content-type", "text/plain");
const DATE: (&str, &str) = ("expires", "Sun, 06 Nov 1994 09:00:00 GMT");

fn secret(text: &'static str) -> HeaderValue {
    let mut value = HeaderValue::from_static(text);
    value.set_sensitive(true);
    value
}

/// Names, including the ones of added fields, and values of few lengths, so that many headers have the same size.
const NAMES: [&str; 14] = [
    "content-type",
    "etag",
    "link",
    "x-a",
    "x-b",
    "x-cache",
    "expires",
    "vary",
    "age",
    "cache-control",
    "content-length",
    "cache-status",
    "last-modified",
    "x-very-own",
];
const VALUES: [&str; 6] = ["", "a", "b", "5", DATE.1, "max-age=7"];

/// An entry with these lines as on the wire, where repeated names need not be adjacent.
fn wired(places: &[(usize, usize, bool)]) -> Entry {
    let mut buffer = Vec::new();
    for (name, value, is_sensitive) in places {
        let mut value = HeaderValue::from_static(VALUES[*value]);
        value.set_sensitive(*is_sensitive);
        let line = HeaderMap::from_iter([(HeaderName::from_static(NAMES[*name]), value)]);
        buffer.extend_from_slice(HeaderLines::from(line).as_wire());
    }
    Entry {
        headers: HeaderLines::from_wire(buffer.into()).unwrap(),
        ..entry(secs(30), &[])
    }
}

fn requests() -> [RequestHead; 4] {
    [
        request("GET", &[]),
        request("GET", &[("authorization", "Basic eDp4")]),
        request("GET", &[("if-none-match", TAG.1)]),
        request("HEAD", &[]),
    ]
}

fn policies() -> [Policy; 12] {
    [
        Policy::new(),
        Policy::new().public(),
        REMAINING,
        REMAINING.public(),
        REMAINING.vary(&["accept-language"]),
        Policy::new().client_max_age(secs(7)).public(),
        Policy::new().vary(&["accept-language"]),
        Policy::new().vary(&["accept-language", "x-a"]),
        Policy::new().vary(&["age"]),
        Policy::new().client_max_age(secs(3)),
        Policy::new().client_max_age(Duration::ZERO),
        Policy {
            http: Some(Http::default()),
            ..Policy::new()
        },
    ]
}

fn all_status_headers() -> [StatusHeaders; 4] {
    let hit_header = |name| StatusHeaders {
        hit_header: HeaderName::from_static(name),
        ..STATUS_HEADERS
    };
    [STATUS_HEADERS, hit_header("x-own"), hit_header("x-a"), named()]
}

prop_compose! {
    /// Entries, some with equal names and other values.
    fn entries()(
        kinds in prop::collection::vec(
            prop::collection::vec((0..NAMES.len(), 0..VALUES.len(), prop::bool::weighted(0.05)), 0..5),
            1..6,
        ),
    ) -> Vec<Entry> {
        let others = kinds.iter().map(|places| {
            let places = places.iter().map(|(name, value, _)| (*name, (value + 1) % VALUES.len(), false));
            wired(&places.collect::<Vec<_>>())
        });
        kinds.iter().map(|places| wired(places)).chain(others).collect()
    }
}

proptest! {
    #[test]
    fn p2_responses_do_not_depend_on_earlier_requests(
        entries in entries(),
        requested in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..4_usize, 0..12_usize, 0..4_usize, 0..3_usize, 0..40_000_u64),
            1..60,
        ),
    ) {
        let (requests, policies, all_status_headers) = (requests(), policies(), all_status_headers());
        let statuses = [CacheStatus::Hit, CacheStatus::Stale, CacheStatus::Forwarded(Forwarded::STORED_MISS)];
        for (entry, request, policy, status_headers, cache_status, millis) in requested {
            let (entry, cache_status) = (entry.get(&entries), statuses[cache_status]);
            let now = NOW + Duration::from_millis(millis);
            let responder = responder(&requests[request], &policies[policy], &all_status_headers[status_headers], now);
            let response = responder.answer(entry, cache_status);
            let expected = responder.without_template(entry, cache_status);
            prop_assert_eq!(response.status(), expected.status());
            prop_assert_eq!(lines(&response), lines(&expected), "{:?} {:?}", entry, cache_status);
            let sensitive = |value: &HeaderValue| value.is_sensitive();
            prop_assert!(response.headers().values().map(sensitive).eq(expected.headers().values().map(sensitive)));
            prop_assert_eq!(body(response), body(expected));
        }
    }
}

#[test]
fn p2_lines_of_equal_size_with_fewer_names_are_not_mistaken() {
    let (request, policy, status_headers) = (request("GET", &[]), Policy::new(), STATUS_HEADERS);
    let responder = responder(&request, &policy, &status_headers, NOW);
    let two = entry(secs(30), &[("etag", "1"), ("link", "22")]);
    let one = entry(secs(30), &[("etag", "12345678")]);
    assert_eq!(one.headers.size(), two.headers.size());
    for entry in [&two, &one, &two, &one] {
        let response = responder.answer(entry, CacheStatus::Hit);
        assert_eq!(
            lines(&response),
            lines(&responder.without_template(entry, CacheStatus::Hit))
        );
    }
}

#[test]
fn p5_sensitive_values_stay_sensitive_and_no_others_become_so() {
    let mut map = headers(&[TAG]);
    map.insert(header::CONTENT_TYPE, secret(TYPE.1));
    let secret = &Entry {
        headers: map.into(),
        ..entry(secs(30), &[])
    };
    let plain = &entry(secs(30), &[TAG, TYPE]);
    let (request, policy, status_headers) = (request("GET", &[]), Policy::new(), STATUS_HEADERS);
    let responder = responder(&request, &policy, &status_headers, NOW);
    for entry in [secret, secret, plain, plain, plain, plain, plain, secret] {
        let response = responder.answer(entry, CacheStatus::Hit);
        let is_sensitive = response.headers()[header::CONTENT_TYPE].is_sensitive();
        assert_eq!(is_sensitive, ptr::eq(entry, secret));
    }
}

#[test]
fn p5_nothing_is_added_in_rfc_9111_mode() {
    let (entry, request, status_headers) = (entry(secs(30), &[DATE]), request("GET", &[]), STATUS_HEADERS);
    for http in [None, None, Some(Http::default())] {
        let policy = Policy {
            http,
            ..Policy::new()
        };
        let responder = responder(&request, &policy, &status_headers, NOW);
        for _ in 0..4 {
            let response = responder.answer(&entry, CacheStatus::Hit);
            let has_cache_control = response.headers().contains_key(header::CACHE_CONTROL);
            assert_eq!(has_cache_control, http.is_none());
        }
    }
}

/// Whether the thread has a template for the entry after several hits.
fn has_template(entry: &Entry) -> bool {
    has_template_under(entry, Policy::new())
}

fn has_template_under(entry: &Entry, policy: Policy) -> bool {
    let (request, status_headers) = (request("GET", &[]), STATUS_HEADERS);
    let responder = responder(&request, &policy, &status_headers, NOW);
    (0..=MAX_MISFITS).any(|_| responder.templated_headers(entry, CacheStatus::Hit).is_some())
}

#[test]
fn every_policy_has_a_template() {
    for policy in policies().into_iter().filter(|policy| policy.http.is_none()) {
        assert!(
            has_template_under(&entry(secs(30), &[TAG, TYPE]), policy),
            "{policy:?}"
        );
    }
}

#[test]
fn p6_templates_are_small() {
    let of_lines = |count: usize| {
        let line = |number| (HeaderName::try_from(format!("x-{number}")).unwrap(), secret("1"));
        let mut map: HeaderMap = (0..count).map(line).collect();
        map.values_mut().for_each(|value| value.set_sensitive(false));
        Entry {
            headers: map.into(),
            ..entry(secs(30), &[])
        }
    };
    assert!(has_template(&of_lines(MAX_LINES)) && !has_template(&of_lines(MAX_LINES + 1)));
    let of_bytes = |size: usize| {
        // A code and a length precede the value.
        let value = "x".repeat(size - 5);
        entry(secs(30), &[("etag", &value)])
    };
    assert!(has_template(&of_bytes(MAX_BYTES)) && !has_template(&of_bytes(MAX_BYTES + 1)));
}

#[test]
fn p6_templates_hold_no_entry_in_memory() {
    let (headers, body) = HeaderLines::with_body(&headers(&[TAG, TYPE]), b"hello");
    let entry = Entry {
        headers,
        ..Entry::new(StatusCode::OK, HeaderMap::new(), body.clone(), NOW)
    };
    assert!(has_template(&entry));
    drop(entry);
    assert!(Bytes::is_unique(&body));
}
