use std::time::Duration;

use axum::body::Body;
use http::StatusCode;

use super::*;
use crate::{
    http::{
        fixtures::headers,
        response::{gateway_timeout, replay, uncached},
    },
    policy::Http,
};

#[test]
fn an_unstored_response_gets_only_the_hit_header() {
    let own = [("cache-control", "no-store"), ("set-cookie", "a=b")];
    let handlers = || {
        let mut response = Response::new(Body::from("hello"));
        *response.headers_mut() = headers(&own);
        response
    };
    let response = uncached(handlers(), &Policy::new(), &STATUS_HEADERS, UNSTORED);
    assert_eq!(lines(&response), [own[0], own[1], ("x-cache", "Miss")]);
    assert_eq!(body(response), "hello");
    let response = uncached(handlers(), &Policy::new(), &named(), UNSTORED);
    assert_eq!(all(&response, "cache-status"), ["shop; fwd=miss"]);
}

#[test]
fn p5_an_unstored_response_is_not_for_proxies_either() {
    let control = |policy: &Policy, own: &[(&str, &str)]| {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = headers(own);
        let response = uncached(response, policy, &STATUS_HEADERS, UNSTORED);
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
fn an_unstored_response_names_the_headers_of_the_key_in_vary() {
    let policy = Policy::new().vary(&["accept-language"]);
    let response = uncached(Response::new(Body::empty()), &policy, &STATUS_HEADERS, UNSTORED);
    assert_eq!(all(&response, "vary"), ["accept-language"]);
}

#[test]
fn a_replay_adds_nothing() {
    let own = [("retry-after", "5"), ("x-a", "1"), ("x-a", "2")];
    let mut entry = entry(Duration::ZERO, &own);
    entry.status = StatusCode::SERVICE_UNAVAILABLE;
    let response = replay(&entry);
    assert_eq!(response.status(), 503);
    assert_eq!(lines(&response), own);
    assert_eq!(body(response), "hello");
}

#[test]
fn only_if_cached_without_an_entry_is_a_gateway_timeout() {
    let response = gateway_timeout(&STATUS_HEADERS);
    assert_eq!(response.status(), 504);
    assert_eq!(lines(&response), [("x-cache", "Miss")]);
    let response = gateway_timeout(&named());
    assert_eq!(all(&response, "cache-status"), ["shop; detail=only-if-cached"]);
    assert!(body(response).is_empty());
}
