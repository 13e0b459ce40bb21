//! The cache headers as browsers and proxies interpret them, by another implementation, `http-cache-semantics`.

use std::time::Duration;

use http::{HeaderMap, Request, StatusCode};
use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy};

use super::*;
use crate::{
    http::{request_head::KeptHeaders, response::uncached},
    outcome::ForwardReason,
};

/// Users, each identified by a header field on which a page may depend.
const USERS: [Option<(&str, &str)>; 3] = [None, Some(("cookie", "session=1")), Some(("x-session", "alice"))];

fn request_of(user: Option<(&str, &str)>) -> Request<()> {
    let mut request = Request::get("https://shop.example/user");
    if let Some((name, value)) = user {
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

/// The response as stored by a proxy or a browser.
fn stored_by(is_proxy: bool, request: &Request<()>, status: StatusCode, headers: HeaderMap) -> CachePolicy {
    let (mut response, ()) = http::Response::new(()).into_parts();
    response.status = status;
    response.headers = headers;
    let options = CacheOptions {
        shared: is_proxy,
        ..CacheOptions::default()
    };
    CachePolicy::new_options(request, &response, NOW.to_system_time(), options)
}

fn headers_of(policy: &Policy, request: &Request<()>, cache_status: CacheStatus) -> HeaderMap {
    let head = RequestHead::from_parts(&request.clone().into_parts().0, KeptHeaders::Named(&[]));
    let lines = [TAG, ("last-modified", "Sat, 05 Nov 1994 08:49:37 GMT")];
    let status_headers = STATUS_HEADERS;
    let responder = responder(&head, policy, &status_headers, NOW);
    responder
        .answer(&entry(secs(30), &lines), cache_status)
        .into_parts()
        .0
        .headers
}

#[test]
fn p5_no_proxy_stores_a_response_and_no_browser_uses_it_without_revalidation() {
    for user in USERS {
        let request = request_of(user);
        for cache_status in [
            CacheStatus::Hit,
            CacheStatus::Stale,
            CacheStatus::Forwarded(Forwarded::STORED_MISS),
        ] {
            // An outer session layer sets a cookie on the first visit. Nothing in the request announces that.
            for sets_cookie in [false, true] {
                let mut headers = headers_of(&Policy::new(), &request, cache_status);
                if sets_cookie {
                    headers.insert("set-cookie", "session=2".parse().unwrap());
                }
                let proxy = stored_by(true, &request, StatusCode::OK, headers.clone());
                assert!(!proxy.is_storable(), "{headers:?}");
                let browser = stored_by(false, &request, StatusCode::OK, headers);
                assert!(browser.is_storable());
                let BeforeRequest::Stale {
                    request: revalidation,
                    ..
                } = browser.before_request(&request_of(Some(("cookie", "session=3"))), NOW.to_system_time())
                else {
                    panic!("the page of another user is served");
                };
                assert_eq!(revalidation.headers["if-none-match"], TAG.1);
            }
        }
    }
}

#[test]
fn p5_proxies_do_not_store_unstored_responses() {
    for policy in [Policy::new(), Policy::new().public(), REMAINING.public()] {
        for status in [
            StatusCode::OK,
            StatusCode::NOT_FOUND,
            StatusCode::MOVED_PERMANENTLY,
        ] {
            let mut response = Response::default();
            *response.status_mut() = status;
            // By heuristics, a response that was modified long ago is fresh.
            let modified = "Sat, 05 Nov 1994 08:49:37 GMT".parse().unwrap();
            response.headers_mut().insert("last-modified", modified);
            let forwarded = Forwarded {
                reason: ForwardReason::Miss,
                revalidated: false,
                stored: false,
            };
            let headers = uncached(response, &policy, &STATUS_HEADERS, forwarded)
                .into_parts()
                .0
                .headers;
            let request = request_of(None);
            assert!(!stored_by(true, &request, status, headers.clone()).is_storable());
            let browser = stored_by(false, &request, status, headers);
            assert_eq!(browser.time_to_live(NOW.to_system_time()), Duration::ZERO);
        }
    }
}

#[test]
fn max_age_is_for_browsers_and_public_for_proxies_too() {
    let request = request_of(None);
    for (policy, is_for_proxies) in [(REMAINING, false), (REMAINING.public(), true)] {
        let headers = headers_of(&policy, &request, CacheStatus::Hit);
        let proxy = stored_by(true, &request, StatusCode::OK, headers.clone());
        assert_eq!(proxy.is_storable(), is_for_proxies);
        let browser = stored_by(false, &request, StatusCode::OK, headers);
        assert_eq!(browser.time_to_live(NOW.to_system_time()), secs(30));
        assert!(CacheHeaders::new(&policy, None, true).has_expires());
    }
}
