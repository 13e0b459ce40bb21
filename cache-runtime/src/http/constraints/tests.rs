use axum::routing::MethodFilter;

use super::*;
use crate::http::fixtures::{request, secs};

const POLICY: Policy = Policy::new();

fn admit_with(line: (&str, &str), control: ClientControl) -> Admission {
    admit(&request("GET", &[line]), &POLICY, control)
}

#[test]
fn a_plain_get_uses_the_cache_and_fills() {
    let admission = admit(&request("GET", &[]), &POLICY, ClientControl::Bypass);
    assert_eq!(admission, Admission::Serve(RequestConstraints::none(true)));
}

#[test]
fn head_uses_the_cache_and_never_fills() {
    let admission = admit(&request("HEAD", &[]), &POLICY, ClientControl::Bypass);
    assert_eq!(admission, Admission::Serve(RequestConstraints::none(false)));
}

#[test]
fn methods_outside_the_policy_bypass() {
    for method in [
        "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
    ] {
        let admission = admit(&request(method, &[]), &POLICY, ClientControl::Bypass);
        assert_eq!(admission, Admission::Bypass, "{method}");
    }
}

#[test]
fn the_policy_selects_the_methods() {
    let search = Policy::new().methods(MethodFilter::POST.or(MethodFilter::PUT));
    for method in ["POST", "PUT"] {
        let admission = admit(&request(method, &[]), &search, ClientControl::Bypass);
        assert_eq!(
            admission,
            Admission::Serve(RequestConstraints::none(true)),
            "{method}"
        );
    }
    for method in ["GET", "HEAD", "PATCH"] {
        let admission = admit(&request(method, &[]), &search, ClientControl::Bypass);
        assert_eq!(admission, Admission::Bypass, "{method}");
    }
}

#[test]
fn range_bypasses() {
    for control in [
        ClientControl::Bypass,
        ClientControl::Refresh,
        ClientControl::Ignore,
    ] {
        assert_eq!(admit_with(("range", "bytes=0-4"), control), Admission::Bypass);
    }
}

#[test]
fn no_store_and_no_cache_bypass() {
    for line in [
        ("cache-control", "no-store"),
        ("cache-control", "max-age=5, No-Cache"),
        ("pragma", "no-cache"),
    ] {
        assert_eq!(
            admit_with(line, ClientControl::Bypass),
            Admission::Bypass,
            "{line:?}"
        );
    }
}

#[test]
fn flags_and_other_lines_add_up() {
    let lines = [("cache-control", "max-age=5"), ("cache-control", "no-cache")];
    let expected = RequestConstraints {
        refresh: true,
        max_age: Some(secs(5)),
        ..RequestConstraints::none(true)
    };
    let admission = admit(&request("GET", &lines), &POLICY, ClientControl::Refresh);
    assert_eq!(admission, Admission::Serve(expected));
}

#[test]
fn refresh_runs_the_handler_for_no_cache_and_bypasses_for_no_store() {
    for line in [("cache-control", "no-cache"), ("pragma", "no-cache")] {
        let expected = RequestConstraints {
            refresh: true,
            ..RequestConstraints::none(true)
        };
        assert_eq!(
            admit_with(line, ClientControl::Refresh),
            Admission::Serve(expected),
            "{line:?}"
        );
    }
    let both = ("cache-control", "no-cache, no-store");
    assert_eq!(admit_with(both, ClientControl::Refresh), Admission::Bypass);
}

#[test]
fn ignore_disregards_the_directives_of_clients() {
    for line in [
        (
            "cache-control",
            "no-store, no-cache, max-age=0, min-fresh=9, only-if-cached",
        ),
        ("pragma", "no-cache"),
    ] {
        assert_eq!(
            admit_with(line, ClientControl::Ignore),
            Admission::Serve(RequestConstraints::none(true))
        );
    }
}

#[test]
fn constraints_are_taken_from_the_request() {
    let line = (
        "cache-control",
        "max-age=5, min-fresh=6, max-stale=7, only-if-cached",
    );
    let expected = RequestConstraints {
        refresh: false,
        only_if_cached: true,
        max_age: Some(secs(5)),
        min_fresh: Some(secs(6)),
        max_stale: Some(secs(7)),
        fills: true,
    };
    assert_eq!(
        admit_with(line, ClientControl::Bypass),
        Admission::Serve(expected)
    );
    assert_eq!(
        admit_with(line, ClientControl::Refresh),
        Admission::Serve(expected)
    );
}
