use std::time::Duration;

use crate::{
    http::{
        age::Arrival,
        cache_control::MAX_DELTA,
        fixtures::{NOW, response_parts, secs},
        storability::storability,
    },
    outcome::NotStoredReason,
    policy::{ONE_YEAR, Policy},
};

const POLICY: Policy = Policy::new().expire(secs_const(60));

const fn secs_const(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const ARRIVAL: Arrival = Arrival {
    response_time: NOW,
    response_delay: Duration::from_secs(3),
};

fn remaining_ttl(policy: &Policy, status: u16, lines: &[(&str, &str)]) -> Result<Duration, NotStoredReason> {
    let ttl = storability(&response_parts(status, lines), policy, secs(600), ARRIVAL)?;
    Ok(ttl.remaining())
}

fn of_200(lines: &[(&str, &str)]) -> Result<Duration, NotStoredReason> {
    remaining_ttl(&POLICY, 200, lines)
}

#[test]
fn p5_only_final_successes_are_stored() {
    for status in 100..=999 {
        let stored = matches!(status, 200 | 203 | 204 | 301 | 308);
        assert_eq!(remaining_ttl(&POLICY, status, &[]).is_ok(), stored, "{status}");
    }
    assert_eq!(remaining_ttl(&POLICY, 500, &[]), Err(NotStoredReason::Status));
}

#[test]
fn not_found_is_stored_if_the_policy_has_a_ttl_for_it() {
    let policy = POLICY.not_found(secs(5));
    for status in [404, 410] {
        assert_eq!(remaining_ttl(&POLICY, status, &[]), Err(NotStoredReason::Status));
        assert_eq!(remaining_ttl(&policy, status, &[]), Ok(secs(5)));
        assert_eq!(
            remaining_ttl(&policy, status, &[("cache-control", "max-age=2")]),
            Ok(secs(2))
        );
        assert_eq!(
            remaining_ttl(&policy, status, &[("set-cookie", "a=b")]),
            Err(NotStoredReason::SetCookie)
        );
    }
    assert_eq!(remaining_ttl(&policy, 200, &[]), Ok(secs(60)));
    assert_eq!(remaining_ttl(&policy, 403, &[]), Err(NotStoredReason::Status));
}

#[test]
fn p5_partial_responses_are_not_stored() {
    assert_eq!(remaining_ttl(&POLICY, 206, &[]), Err(NotStoredReason::Partial));
    assert_eq!(
        of_200(&[("content-range", "bytes 0-4/10")]),
        Err(NotStoredReason::Partial)
    );
}

#[test]
fn p5_set_cookie_is_not_stored() {
    assert_eq!(
        of_200(&[("set-cookie", "session=1")]),
        Err(NotStoredReason::SetCookie)
    );
    let both = [("cache-control", "public, max-age=60"), ("set-cookie", "a=b")];
    assert_eq!(of_200(&both), Err(NotStoredReason::SetCookie));
}

#[test]
fn p5_no_store_private_and_no_cache_are_not_stored() {
    for (line, reason) in [
        ("No-Store", NotStoredReason::NoStore),
        ("max-age=60, private", NotStoredReason::Private),
        ("private=\"x-user\"", NotStoredReason::Private),
        ("no-cache", NotStoredReason::NoCache),
        ("no-cache=\"set-cookie\"", NotStoredReason::NoCache),
        ("public, no-store, private", NotStoredReason::NoStore),
    ] {
        assert_eq!(of_200(&[("cache-control", line)]), Err(reason), "{line}");
    }
    assert_eq!(
        of_200(&[("cache-control", "x-private, \"no-store\"")]),
        Ok(secs(60))
    );
}

#[test]
fn p5_vary_must_be_part_of_the_key() {
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
        assert_eq!(remaining_ttl(&policy, 200, &lines), expected, "{lines:?}");
    }
    assert_eq!(of_200(&[("vary", "*")]), Err(NotStoredReason::VaryAny));
    assert_eq!(of_200(&[("vary", "origin")]), Err(NotStoredReason::VaryNotKeyed));
}

#[test]
fn p5_encoded_bodies_must_vary_by_accept_encoding() {
    let gzip = [("content-encoding", "gzip")];
    assert_eq!(of_200(&gzip), Err(NotStoredReason::ContentEncoding));
    assert_eq!(
        remaining_ttl(&POLICY.vary(&["accept-encoding"]), 200, &gzip),
        Ok(secs(60))
    );
}

#[test]
fn event_streams_are_not_stored() {
    for kind in ["text/event-stream", "Text/Event-Stream ; charset=utf-8"] {
        assert_eq!(
            of_200(&[("content-type", kind)]),
            Err(NotStoredReason::EventStream)
        );
    }
    assert_eq!(of_200(&[("content-type", "text/event-stream-log")]), Ok(secs(60)));
}

#[test]
fn store_if_may_reject_a_storable_response() {
    let policy = POLICY.store_if(|parts| parts.headers.contains_key("x-final"));
    assert_eq!(remaining_ttl(&policy, 200, &[]), Err(NotStoredReason::StoreIf));
    assert_eq!(remaining_ttl(&policy, 200, &[("x-final", "1")]), Ok(secs(60)));
    assert_eq!(
        remaining_ttl(&policy, 500, &[("x-final", "1")]),
        Err(NotStoredReason::Status)
    );
}

#[test]
fn the_ttl_is_that_of_the_policy() {
    assert_eq!(remaining_ttl(&Policy::new(), 200, &[]), Ok(secs(600)));
    assert_eq!(
        remaining_ttl(&Policy::new().never_expires(), 200, &[]),
        Ok(ONE_YEAR)
    );
    assert_eq!(
        remaining_ttl(&Policy::new().expire(Duration::MAX), 200, &[]),
        Ok(MAX_DELTA)
    );
    let odd = Policy::new().expire(Duration::from_micros(1500));
    assert_eq!(remaining_ttl(&odd, 200, &[]), Ok(Duration::from_millis(1)));
    let none = storability(&response_parts(200, &[]), &Policy::new(), Duration::ZERO, ARRIVAL);
    assert_eq!(none, Err(NotStoredReason::NoTtl));
}

#[test]
fn a_response_may_shorten_the_ttl_and_never_lengthens_it() {
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
        assert_eq!(of_200(&[("cache-control", line)]), expected, "{line}");
    }
}

#[test]
fn expires_counts_if_cache_control_has_no_ttl() {
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
        // Ten seconds after its Date, which was four seconds ago.
        (
            vec![
                ("expires", "Sun, 06 Nov 1994 08:49:43 GMT"),
                ("date", "Sun, 06 Nov 1994 08:49:33 GMT"),
            ],
            Ok(secs(6)),
        ),
        // A Date ahead of the clock implies no age, and the TTL counts from it.
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
        assert_eq!(of_200(&lines), expected, "{lines:?}");
    }
}

#[test]
fn the_initial_age_shortens_the_declared_ttl() {
    let max_age = ("cache-control", "max-age=30");
    assert_eq!(of_200(&[max_age, ("age", "12")]), Ok(secs(18)));
    assert_eq!(of_200(&[max_age, ("age", "30")]), Err(NotStoredReason::NoTtl));
    assert_eq!(
        of_200(&[max_age, ("date", "Sun, 06 Nov 1994 08:49:27 GMT")]),
        Ok(secs(20))
    );
    assert_eq!(
        of_200(&[("age", "90")]),
        Ok(secs(60)),
        "the policy's TTL counts from now"
    );
}
