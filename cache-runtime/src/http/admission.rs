//! May this request use the cache, and what does it ask of it?

use std::time::Duration;

use axum::routing::MethodFilter;
use http::{HeaderName, Method, header};

use super::directives::RequestDirectives;
use crate::{
    http::request_head::RequestHead,
    policy::{ClientControl, Policy},
};

/// The way a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Past the cache: the handler runs, nothing is read or stored, no header is added.
    Bypass,
    /// Through the cache, under these constraints.
    Serve(RequestConstraints),
}

/// What the request asks of the cache (RFC 9111 section 5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestConstraints {
    /// No entry will do: run the handler, store its answer.
    pub(crate) refresh: bool,
    /// The handler is not to run; with `refresh` too nothing can be given.
    pub(crate) only_if_cached: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) min_fresh: Option<Duration>,
    /// [`Duration::MAX`] when any staleness will do.
    pub(crate) max_stale: Option<Duration>,
    /// Whether the handler's answer may be stored. Not for HEAD, which has no body to store, nor for a part of one.
    pub(crate) fills: bool,
}

impl RequestConstraints {
    /// Any fresh entry will do.
    pub(crate) const fn none(fills: bool) -> Self {
        Self {
            refresh: false,
            only_if_cached: false,
            max_age: None,
            min_fresh: None,
            max_stale: None,
            fills,
        }
    }
}

/// Conditions on the state of what is at the origin.
const FOR_THE_ORIGIN: [HeaderName; 2] = [header::IF_MATCH, header::IF_UNMODIFIED_SINCE];

/// Decides by method, `Range`, `Cache-Control` and `Pragma`.
pub(crate) fn admit(request: &RequestHead, policy: &Policy, control: ClientControl) -> Admission {
    let takes_part = accepts_method(policy.methods, &request.method)
        && match policy.http {
            // A part of the body is not cut out of an entry.
            None => !request.range,
            // Conditions that only the origin can weigh (RFC 9111 section 4.3.2).
            Some(_) => !FOR_THE_ORIGIN
                .iter()
                .any(|name| request.fields().headers.contains_key(name)),
        };
    if !takes_part {
        return Admission::Bypass;
    }
    let mut constraints = RequestConstraints::none(request.method != Method::HEAD && !request.range);
    constraints.refresh = request.forces_refresh;
    let Some(asked) = RequestDirectives::of(request).filter(|_| control != ClientControl::Ignore) else {
        return Admission::Serve(constraints);
    };
    let validates = policy.http.is_some() || control == ClientControl::Refresh;
    let passes = asked.no_store || (asked.no_cache && !validates);
    // Where the handler is not to run at all, there is nothing to pass on.
    if passes && !asked.only_if_cached {
        return Admission::Bypass;
    }
    constraints.refresh = asked.no_cache;
    constraints.only_if_cached = asked.only_if_cached;
    constraints.max_age = asked.max_age;
    constraints.min_fresh = asked.min_fresh;
    constraints.max_stale = asked.max_stale;
    Admission::Serve(constraints)
}

/// Whether the method is in the set; HEAD is when GET is, for it is answered from GET's entries.
pub(crate) fn accepts_method(set: MethodFilter, method: &Method) -> bool {
    let asked = match *method {
        Method::GET | Method::HEAD => MethodFilter::GET,
        _ => match MethodFilter::try_from(method.clone()) {
            Ok(asked) => asked,
            Err(_) => return false,
        },
    };
    set.or(asked) == set
}

/// A method that stands for the set: GET, if it is there.
pub(crate) fn representative_method(set: MethodFilter) -> Method {
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let mut taken = known.into_iter().filter(|method| accepts_method(set, method));
    taken.next().unwrap_or(Method::GET)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fixtures::{request, secs};

    const POLICY: Policy = Policy::new();

    fn with(line: (&str, &str), control: ClientControl) -> Admission {
        admit(&request("GET", &[line]), &POLICY, control)
    }

    #[test]
    fn a_plain_get_is_served_and_fills() {
        let admission = admit(&request("GET", &[]), &POLICY, ClientControl::Bypass);
        assert_eq!(admission, Admission::Serve(RequestConstraints::none(true)));
    }

    #[test]
    fn head_is_served_and_never_fills() {
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
    fn the_policy_names_its_methods() {
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
            assert_eq!(with(("range", "bytes=0-4"), control), Admission::Bypass);
        }
    }

    #[test]
    fn no_store_and_no_cache_bypass() {
        for line in [
            ("cache-control", "no-store"),
            ("cache-control", "max-age=5, No-Cache"),
            ("pragma", "no-cache"),
        ] {
            assert_eq!(with(line, ClientControl::Bypass), Admission::Bypass, "{line:?}");
        }
    }

    #[test]
    fn lines_that_are_noted_by_themselves_join_the_others() {
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
                with(line, ClientControl::Refresh),
                Admission::Serve(expected),
                "{line:?}"
            );
        }
        let both = ("cache-control", "no-cache, no-store");
        assert_eq!(with(both, ClientControl::Refresh), Admission::Bypass);
    }

    #[test]
    fn ignore_leaves_clients_without_a_say() {
        for line in [
            (
                "cache-control",
                "no-store, no-cache, max-age=0, min-fresh=9, only-if-cached",
            ),
            ("pragma", "no-cache"),
        ] {
            assert_eq!(
                with(line, ClientControl::Ignore),
                Admission::Serve(RequestConstraints::none(true))
            );
        }
    }

    #[test]
    fn wishes_are_passed_on() {
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
        assert_eq!(with(line, ClientControl::Bypass), Admission::Serve(expected));
        assert_eq!(with(line, ClientControl::Refresh), Admission::Serve(expected));
    }
}
