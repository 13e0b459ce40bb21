use http::Response;

use super::*;
use crate::{
    http::fixtures::{NOW, headers, secs},
    policy::ONE_YEAR,
};

const POLICY: Policy = Policy::new().expire(secs_const(60));

const fn secs_const(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn parts(status: u16, lines: &[(&str, &str)]) -> response::Parts {
    let mut response = Response::builder().status(status).body(()).unwrap();
    *response.headers_mut() = headers(lines);
    response.into_parts().0
}

const ARRIVAL: Arrival = Arrival {
    response_time: NOW,
    response_delay: Duration::from_secs(3),
};

fn judge(policy: &Policy, status: u16, lines: &[(&str, &str)]) -> Result<Duration, NotStoredReason> {
    let lifetime = storability(&parts(status, lines), policy, secs(600), ARRIVAL)?;
    Ok(lifetime.remaining())
}

fn life(lines: &[(&str, &str)]) -> Result<Duration, NotStoredReason> {
    judge(&POLICY, 200, lines)
}

#[test]
fn p5_only_what_succeeded_for_good_is_stored() {
    for status in 100..=999 {
        let stored = matches!(status, 200 | 203 | 204 | 301 | 308);
        assert_eq!(judge(&POLICY, status, &[]).is_ok(), stored, "{status}");
    }
    assert_eq!(judge(&POLICY, 500, &[]), Err(NotStoredReason::Status));
}

#[test]
fn missing_pages_are_stored_on_demand_and_live_their_own_life() {
    let policy = POLICY.not_found(secs(5));
    for status in [404, 410] {
        assert_eq!(judge(&POLICY, status, &[]), Err(NotStoredReason::Status));
        assert_eq!(judge(&policy, status, &[]), Ok(secs(5)));
        assert_eq!(
            judge(&policy, status, &[("cache-control", "max-age=2")]),
            Ok(secs(2))
        );
        assert_eq!(
            judge(&policy, status, &[("set-cookie", "a=b")]),
            Err(NotStoredReason::SetCookie)
        );
    }
    assert_eq!(judge(&policy, 200, &[]), Ok(secs(60)));
    assert_eq!(judge(&policy, 403, &[]), Err(NotStoredReason::Status));
}

#[test]
fn p5_parts_of_a_body_are_not_stored() {
    assert_eq!(judge(&POLICY, 206, &[]), Err(NotStoredReason::Partial));
    assert_eq!(
        life(&[("content-range", "bytes 0-4/10")]),
        Err(NotStoredReason::Partial)
    );
}

#[test]
fn p5_set_cookie_is_not_stored() {
    assert_eq!(
        life(&[("set-cookie", "session=1")]),
        Err(NotStoredReason::SetCookie)
    );
    let both = [("cache-control", "public, max-age=60"), ("set-cookie", "a=b")];
    assert_eq!(life(&both), Err(NotStoredReason::SetCookie));
}

#[test]
fn p5_no_store_private_and_no_cache_are_not_stored() {
    for (line, refusal) in [
        ("No-Store", NotStoredReason::NoStore),
        ("max-age=60, private", NotStoredReason::Private),
        ("private=\"x-user\"", NotStoredReason::Private),
        ("no-cache", NotStoredReason::NoCache),
        ("no-cache=\"set-cookie\"", NotStoredReason::NoCache),
        ("public, no-store, private", NotStoredReason::NoStore),
    ] {
        assert_eq!(life(&[("cache-control", line)]), Err(refusal), "{line}");
    }
    assert_eq!(
        life(&[("cache-control", "x-private, \"no-store\"")]),
        Ok(secs(60))
    );
}

#[test]
fn p5_vary_must_be_keyed() {
    let policy = POLICY.vary(&["accept-language", "x-tenant"]);
    for (lines, expected) in [
        (vec![("vary", "Accept-Language, X-Tenant")], Ok(secs(60))),
        (
            vec![("vary", "x-tenant"), ("vary", ", accept-language,")],
            Ok(secs(60)),
        ),
        (
            vec![("vary", "accept-language, *")],
            Err(NotStoredReason::VaryAny),
        ),
        (
            vec![("vary", "accept-language"), ("vary", "cookie")],
            Err(NotStoredReason::VaryNotKeyed),
        ),
        (
            vec![("vary", "accept-language x-tenant")],
            Err(NotStoredReason::VaryNotKeyed),
        ),
    ] {
        assert_eq!(judge(&policy, 200, &lines), expected, "{lines:?}");
    }
    assert_eq!(life(&[("vary", "*")]), Err(NotStoredReason::VaryAny));
    assert_eq!(life(&[("vary", "origin")]), Err(NotStoredReason::VaryNotKeyed));
}

#[test]
fn p5_coded_bodies_are_stored_under_their_coding_only() {
    let gzip = [("content-encoding", "gzip")];
    assert_eq!(life(&gzip), Err(NotStoredReason::ContentEncoding));
    assert_eq!(
        judge(&POLICY.vary(&["accept-encoding"]), 200, &gzip),
        Ok(secs(60))
    );
}

#[test]
fn event_streams_are_not_stored() {
    for kind in ["text/event-stream", "Text/Event-Stream ; charset=utf-8"] {
        assert_eq!(life(&[("content-type", kind)]), Err(NotStoredReason::EventStream));
    }
    assert_eq!(life(&[("content-type", "text/event-stream-log")]), Ok(secs(60)));
}

#[test]
fn store_if_may_refuse_what_the_rules_allow() {
    let policy = POLICY.store_if(|parts| parts.headers.contains_key("x-final"));
    assert_eq!(judge(&policy, 200, &[]), Err(NotStoredReason::StoreIf));
    assert_eq!(judge(&policy, 200, &[("x-final", "1")]), Ok(secs(60)));
    assert_eq!(
        judge(&policy, 500, &[("x-final", "1")]),
        Err(NotStoredReason::Status)
    );
}

#[test]
fn the_life_is_the_policys() {
    assert_eq!(judge(&Policy::new(), 200, &[]), Ok(secs(600)));
    assert_eq!(judge(&Policy::new().never_expires(), 200, &[]), Ok(ONE_YEAR));
    assert_eq!(judge(&Policy::new().expire(Duration::MAX), 200, &[]), Ok(LONGEST));
    let odd = Policy::new().expire(Duration::from_micros(1500));
    assert_eq!(judge(&odd, 200, &[]), Ok(Duration::from_millis(1)));
    let none = storability(&parts(200, &[]), &Policy::new(), Duration::ZERO, ARRIVAL);
    assert_eq!(none, Err(NotStoredReason::NoTtl));
}

#[test]
fn the_response_may_shorten_its_life_and_never_lengthens_it() {
    for (line, expected) in [
        ("max-age=10", Ok(secs(10))),
        ("max-age=100", Ok(secs(60))),
        ("max-age=10, s-maxage=20", Ok(secs(20))),
        ("max-age=20, s-maxage=10", Ok(secs(10))),
        ("s-maxage=99999999999999999999", Ok(secs(60))),
        ("max-age=0", Err(NotStoredReason::NoTtl)),
        ("max-age=60, s-maxage=0", Err(NotStoredReason::NoTtl)),
        ("max-age=soon", Err(NotStoredReason::NoTtl)),
        ("public", Ok(secs(60))),
    ] {
        assert_eq!(life(&[("cache-control", line)]), expected, "{line}");
    }
}

#[test]
fn expires_counts_when_cache_control_names_no_life() {
    const IN_TEN: &str = "Sun, 06 Nov 1994 08:49:47 GMT";
    for (lines, expected) in [
        (vec![("expires", IN_TEN)], Ok(secs(10))),
        (
            vec![("expires", IN_TEN), ("cache-control", "public")],
            Ok(secs(10)),
        ),
        (
            vec![("expires", IN_TEN), ("cache-control", "max-age=30")],
            Ok(secs(30)),
        ),
        // Ten seconds after its Date, of which four have passed.
        (
            vec![
                ("expires", "Sun, 06 Nov 1994 08:49:43 GMT"),
                ("date", "Sun, 06 Nov 1994 08:49:33 GMT"),
            ],
            Ok(secs(6)),
        ),
        // A Date ahead of our clock shows no age, and the life counts from it.
        (
            vec![("expires", IN_TEN), ("date", "Sun, 06 Nov 1994 08:49:40 GMT")],
            Ok(secs(7)),
        ),
        (vec![("expires", "Mon, 06 Nov 1995 08:49:37 GMT")], Ok(secs(60))),
        (
            vec![("expires", IN_TEN), ("expires", "0")],
            Err(NotStoredReason::NoTtl),
        ),
        (
            vec![("expires", "Sun, 06 Nov 1994 08:49:37 GMT")],
            Err(NotStoredReason::NoTtl),
        ),
        (vec![("expires", "-1")], Err(NotStoredReason::NoTtl)),
    ] {
        assert_eq!(life(&lines), expected, "{lines:?}");
    }
}

#[test]
fn the_age_a_response_came_with_is_gone_from_its_own_life() {
    let max_age = ("cache-control", "max-age=30");
    assert_eq!(life(&[max_age, ("age", "12")]), Ok(secs(18)));
    assert_eq!(life(&[max_age, ("age", "30")]), Err(NotStoredReason::NoTtl));
    assert_eq!(
        life(&[max_age, ("date", "Sun, 06 Nov 1994 08:49:27 GMT")]),
        Ok(secs(20))
    );
    assert_eq!(
        life(&[("age", "90")]),
        Ok(secs(60)),
        "the policy's life counts from now"
    );
}

#[test]
fn p5_a_failure_is_shared_only_when_it_is_nobodys_own() {
    for status in [500, 503] {
        assert!(is_shareable_failure(&parts(status, &[("retry-after", "5")])));
        for line in [
            ("set-cookie", "a=b"),
            ("cache-control", "private"),
            ("cache-control", "no-store"),
            ("cache-control", "no-cache"),
            ("vary", "cookie"),
            ("content-encoding", "gzip"),
        ] {
            assert!(!is_shareable_failure(&parts(status, &[line])), "{line:?}");
        }
    }
    for status in [200, 302, 404, 429] {
        assert!(!is_shareable_failure(&parts(status, &[])), "{status}");
    }
}

fn lines(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect()
}

#[test]
fn headers_are_stored_in_order_with_repeats() {
    let own = [
        ("content-type", "text/plain"),
        ("link", "</a>"),
        ("link", "</b>"),
        ("x-b", "1"),
        ("x-a", "2"),
        ("link", "</c>"),
    ];
    let stored = stored_headers(headers(&own), true);
    let expected = [own[0], own[1], own[2], own[5], own[3], own[4]];
    assert_eq!(lines(&stored), expected, "a map keeps lines of one name together");
}

#[test]
fn fields_of_the_connection_are_left_out() {
    let own = [
        ("x-first", "1"),
        ("connection", "close, X-Hop"),
        ("connection", ", x-other , not a name"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("proxy-authenticate", "Basic"),
        ("proxy-authentication-info", "x"),
        ("te", "trailers"),
        ("trailer", "x-sum"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("x-hop", "1"),
        ("x-hop", "2"),
        ("x-other", "3"),
        ("content-length", "5"),
        ("x-last", "1"),
    ];
    let stored = stored_headers(headers(&own), true);
    assert_eq!(lines(&stored), [("x-first", "1"), ("x-last", "1")]);
}

#[test]
fn age_and_date_are_left_out_where_nothing_counts_from_them() {
    let own = [
        ("age", "3"),
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("x-a", "1"),
    ];
    assert_eq!(lines(&stored_headers(headers(&own), false)), own[2..]);
    assert_eq!(lines(&stored_headers(headers(&own), true)), own);
}

#[test]
fn success_is_a_2xx_or_3xx_that_is_no_err() {
    for status in 100..=999 {
        let mut response = Response::builder().status(status).body(()).unwrap();
        assert_eq!(succeeded(&response), (200..400).contains(&status), "{status}");
        response.extensions_mut().insert(HandlerError);
        assert!(!succeeded(&response), "{status}");
    }
}

#[test]
fn p5_a_body_must_be_as_long_as_announced() {
    for (lines, expected) in [
        (&[][..], true),
        (&[("content-length", "5")], true),
        (&[("content-length", "5"), ("content-length", "5")], true),
        (&[("content-length", "4")], false),
        (&[("content-length", "6")], false),
        (&[("content-length", "5"), ("content-length", "6")], false),
        (&[("content-length", "")], false),
        (&[("content-length", "five")], false),
        (&[("content-length", "99999999999999999999")], false),
    ] {
        assert_eq!(matches_content_length(&headers(lines), 5), expected, "{lines:?}");
    }
}
