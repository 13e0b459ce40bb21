use std::time::Duration;

use http::HeaderName;

use crate::{
    http::{
        age::Arrival,
        cache_control::MAX_DELTA,
        fixtures::{NOW, headers, response_parts, secs},
        shared_cache::without_withheld_fields,
        storability::{by_response::STALE_RETENTION, storability},
        ttl::Ttl,
    },
    outcome::NotStoredReason,
    policy::{Http, Policy},
};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const HTTP: Policy = Policy {
    http: Some(Http { guesses: false }),
    ..Policy::new()
};
const TAG: (&str, &str) = ("etag", "\"a\"");

fn ttl_under(
    policy: &Policy,
    guesses: bool,
    status: u16,
    lines: &[(&str, &str)],
) -> Result<Ttl, NotStoredReason> {
    let arrival = Arrival {
        response_time: NOW,
        response_delay: secs(0),
    };
    let policy = Policy {
        http: Some(Http { guesses }),
        ..*policy
    };
    storability(&response_parts(status, lines), &policy, Duration::ZERO, arrival)
}

fn ttl(status: u16, lines: &[(&str, &str)]) -> Result<Ttl, NotStoredReason> {
    ttl_under(&Policy::new(), false, status, lines)
}

fn remaining_secs(lines: &[(&str, &str)]) -> Result<u64, NotStoredReason> {
    ttl(200, lines).map(|ttl| ttl.remaining().as_secs())
}

fn control(line: &str) -> Result<Ttl, NotStoredReason> {
    ttl(200, &[("cache-control", line)])
}

#[test]
fn a_response_is_fresh_for_its_declared_ttl() {
    for (lines, seconds) in [
        (&[("cache-control", "max-age=60")][..], 60),
        (&[("cache-control", "max-age=60, s-maxage=10")], 10),
        (&[("cache-control", "s-maxage=90, max-age=60")], 90),
        (&[("cache-control", "s-maxage=90, max-age=0")], 90),
        (
            &[("cache-control", "MAX-AGE=\"60\", x=\"no-store, private\"")],
            60,
        ),
        (
            &[("cache-control", "max-age=60"), ("cache-control", "max-age=30")],
            30,
        ),
        (&[("cache-control", "max-age=99999999999999999999")], 1 << 31),
        (
            &[("date", DATE), ("expires", "Sun, 06 Nov 1994 08:50:37 GMT")],
            60,
        ),
        (
            &[("date", DATE), ("expires", "Sunday, 06-Nov-94 08:50:37 GMT")],
            60,
        ),
        (&[("date", DATE), ("expires", "Sun Nov  6 08:50:37 1994")], 60),
        (&[("expires", "Sun, 06 Nov 1994 08:50:37 GMT")], 60),
        (
            &[
                ("expires", "Sun, 06 Nov 1994 08:50:37 GMT"),
                ("cache-control", "max-age=5"),
            ],
            5,
        ),
        (&[("age", "20"), ("cache-control", "max-age=60")], 40),
        (&[("age", "-1"), ("cache-control", "max-age=60")], 60),
        (
            &[
                ("date", "Sun, 06 Nov 1994 08:49:07 GMT"),
                ("cache-control", "max-age=60"),
            ],
            30,
        ),
        (
            &[
                ("date", "Sun, 06 Nov 1994 08:49:07 GMT"),
                ("age", "50"),
                ("cache-control", "max-age=60"),
            ],
            10,
        ),
    ] {
        assert_eq!(remaining_secs(lines), Ok(seconds), "{lines:?}");
    }
}

#[test]
fn a_response_without_ttl_and_validator_is_not_stored() {
    for lines in [
        &[][..],
        &[("cache-control", "max-age=0")],
        &[("cache-control", "max-age=-1")],
        &[("cache-control", "max-age=1.5")],
        &[("cache-control", "max-age")],
        &[("cache-control", "no-cache")],
        &[("expires", "0")],
        &[("expires", "Sun, 06 Nov 1994 08:49:37")],
        &[("expires", DATE), ("date", DATE)],
        &[("age", "60"), ("cache-control", "max-age=60")],
        &[("age", "60, 0"), ("cache-control", "max-age=60")],
    ] {
        assert_eq!(remaining_secs(lines), Err(NotStoredReason::NoTtl), "{lines:?}");
    }
}

#[test]
fn a_response_with_a_validator_is_stored_without_ttl() {
    let modified = ("last-modified", "Sun, 06 Nov 1994 08:00:00 GMT");
    for lines in [
        &[TAG][..],
        &[modified],
        &[TAG, ("cache-control", "no-cache, max-age=60")],
        &[TAG, ("cache-control", "max-age=0, must-revalidate")],
        &[TAG, ("expires", "0")],
    ] {
        let ttl = ttl(200, lines).unwrap();
        assert_eq!(
            (ttl.remaining(), ttl.stale),
            (secs(0), STALE_RETENTION),
            "{lines:?}"
        );
    }
}

#[test]
fn responses_that_are_not_for_shared_caches_are_not_stored() {
    for (line, reason) in [
        ("no-store, max-age=60", NotStoredReason::NoStore),
        ("max-age=60, NO-STORE", NotStoredReason::NoStore),
        ("private, max-age=60", NotStoredReason::Private),
        ("private=\"\", max-age=60", NotStoredReason::Private),
        ("private=\"not a field\", max-age=60", NotStoredReason::Private),
        ("private=x-a, private, max-age=60", NotStoredReason::Private),
    ] {
        assert_eq!(control(line), Err(reason), "{line}");
    }
    let max_age = ("cache-control", "max-age=60");
    for (line, reason) in [
        (("set-cookie", "a=b"), NotStoredReason::SetCookie),
        (("vary", "*"), NotStoredReason::VaryAny),
        (("vary", "accept, *"), NotStoredReason::VaryAny),
        (("vary", "accept;"), NotStoredReason::VaryAny),
        (("vary", "accept accept-language"), NotStoredReason::VaryAny),
        (("cache-control", "private=vary"), NotStoredReason::Private),
        (
            ("cache-control", "private=\"x-a, cache-control\""),
            NotStoredReason::Private,
        ),
        (("content-range", "bytes 0-1/2"), NotStoredReason::Partial),
        (("content-encoding", "gzip"), NotStoredReason::ContentEncoding),
        (
            ("content-type", "text/event-stream"),
            NotStoredReason::EventStream,
        ),
    ] {
        assert_eq!(ttl(200, &[max_age, line]), Err(reason), "{line:?}");
    }
    let coded = [
        max_age,
        ("content-encoding", "gzip"),
        ("vary", "Origin, Accept-Encoding"),
    ];
    assert!(ttl(200, &coded).is_ok());
}

#[test]
fn fields_that_private_names_are_withheld_and_the_others_are_stored() {
    let lines = [
        ("cache-control", "max-age=60, private=\"X-User, set-cookie\""),
        ("cache-control", "no-cache=x-token"),
        ("set-cookie", "a=b"),
        ("x-user", "alice"),
        ("x-token", "1"),
        ("x-a", "1"),
    ];
    assert_eq!(remaining_secs(&lines), Ok(60));
    let shown = without_withheld_fields(&headers(&lines)).unwrap();
    let names: Vec<_> = shown.keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["cache-control", "x-a"]);
    assert_eq!(without_withheld_fields(&headers(&lines[..2])), None);
}

#[test]
fn any_final_status_is_stored_with_a_ttl_and_some_without() {
    let declared = [("cache-control", "max-age=60")];
    for status in [
        200, 201, 299, 302, 303, 307, 399, 400, 403, 404, 418, 499, 500, 503, 599,
    ] {
        assert_eq!(
            ttl(status, &declared).map(|ttl| ttl.remaining()),
            Ok(secs(60)),
            "{status}"
        );
    }
    for (status, reason) in [
        (101, NotStoredReason::Status),
        (206, NotStoredReason::Partial),
        (304, NotStoredReason::Status),
    ] {
        assert_eq!(ttl(status, &declared), Err(reason), "{status}");
    }
    for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501] {
        assert!(ttl(status, &[TAG]).is_ok(), "{status}");
    }
    for status in [201, 302, 307, 403, 500, 503] {
        assert_eq!(ttl(status, &[TAG]), Err(NotStoredReason::Status), "{status}");
        assert!(
            ttl(status, &[TAG, ("cache-control", "public")]).is_ok(),
            "{status}"
        );
    }
}

#[test]
fn must_understand_requires_a_known_status_and_then_overrides_no_store() {
    let both = [("cache-control", "must-understand, no-store, max-age=60")];
    assert!(ttl(200, &both).is_ok());
    assert_eq!(ttl(599, &both), Err(NotStoredReason::Status));
    assert_eq!(
        ttl(599, &[("cache-control", "must-understand, max-age=60")]),
        Err(NotStoredReason::Status)
    );
}

#[test]
fn heuristic_ttls_are_optional_and_derive_from_last_modified() {
    let modified = ("last-modified", "Sun, 06 Nov 1994 08:48:17 GMT");
    let guess = |lines: &[(&str, &str)]| {
        let ttl = ttl_under(&Policy::new(), true, 200, lines);
        ttl.map(|ttl| ttl.remaining().as_secs())
    };
    assert_eq!(guess(&[modified]), Ok(8));
    assert_eq!(guess(&[modified, ("cache-control", "max-age=3")]), Ok(3));
    assert_eq!(
        guess(&[("last-modified", "Mon, 06 Nov 1978 08:49:37 GMT")]),
        Ok(24 * 60 * 60)
    );
    assert_eq!(
        guess(&[("last-modified", "Mon, 07 Nov 1994 08:49:37 GMT")]),
        Ok(0)
    );
    assert_eq!(guess(&[TAG]), Ok(0));
    assert_eq!(ttl(200, &[modified]).unwrap().remaining(), secs(0));
    assert_eq!(
        ttl_under(&Policy::new(), true, 302, &[modified]),
        Err(NotStoredReason::Status)
    );
}

#[test]
fn the_policy_has_the_ttl_for_responses_that_declare_none() {
    let policy = Policy::new().expire(secs(10));
    let remaining_secs = |status, lines: &[(&str, &str)]| {
        let ttl = ttl_under(&policy, false, status, lines);
        ttl.map(|ttl| ttl.remaining().as_secs())
    };
    assert_eq!(remaining_secs(200, &[]), Ok(10));
    assert_eq!(remaining_secs(404, &[]), Ok(10));
    assert_eq!(remaining_secs(500, &[]), Err(NotStoredReason::Status));
    assert_eq!(remaining_secs(200, &[("cache-control", "max-age=60")]), Ok(60));
    assert_eq!(
        remaining_secs(200, &[("cache-control", "no-cache")]),
        Err(NotStoredReason::NoTtl)
    );
    assert_eq!(remaining_secs(200, &[("age", "10")]), Err(NotStoredReason::NoTtl));
}

#[test]
fn responses_are_kept_past_their_ttl_while_they_may_be_used() {
    for (line, retention) in [
        ("max-age=60", STALE_RETENTION),
        ("max-age=60, must-revalidate", secs(0)),
        ("max-age=60, proxy-revalidate", secs(0)),
        ("s-maxage=60", secs(0)),
        ("max-age=60, stale-while-revalidate=5", STALE_RETENTION),
        ("max-age=60, stale-while-revalidate=5, stale-if-error=9", secs(9)),
        ("max-age=60, stale-while-revalidate=9, stale-if-error=5", secs(9)),
        ("s-maxage=60, stale-while-revalidate=5", secs(0)),
        ("max-age=0, stale-while-revalidate=5", secs(5)),
        ("max-age=60, stale-if-error=0", secs(0)),
    ] {
        assert_eq!(control(line).map(|ttl| ttl.stale), Ok(retention), "{line}");
        let validated = ttl(200, &[("cache-control", line), TAG]);
        assert_eq!(validated.map(|ttl| ttl.stale), Ok(STALE_RETENTION), "{line}");
    }
    let policy = Policy::new().expire(secs(10)).stale_if_error(secs(20));
    let retention = |lines: &[(&str, &str)]| ttl_under(&policy, false, 200, lines).map(|ttl| ttl.stale);
    assert_eq!(retention(&[]), Ok(secs(20)));
    assert_eq!(retention(&[("cache-control", "max-age=0")]), Ok(secs(20)));
}

#[test]
fn the_response_delay_adds_to_the_age() {
    let remaining_secs = |delay, lines: &[(&str, &str)]| {
        let arrival = Arrival {
            response_time: NOW,
            response_delay: secs(delay),
        };
        let ttl = storability(&response_parts(200, lines), &HTTP, Duration::ZERO, arrival);
        ttl.map(|ttl| ttl.remaining().as_secs())
    };
    let control = ("cache-control", "max-age=60");
    assert_eq!(remaining_secs(5, &[control]), Ok(55));
    assert_eq!(remaining_secs(5, &[control, ("age", "20")]), Ok(35));
    assert_eq!(
        remaining_secs(5, &[control, ("date", "Sun, 06 Nov 1994 08:49:07 GMT")]),
        Ok(30)
    );
}

#[test]
fn an_old_response_is_kept_as_long_as_a_new_one() {
    let ttl = ttl(200, &[TAG, ("age", "100000"), ("cache-control", "max-age=60")]).unwrap();
    assert_eq!((ttl.age, ttl.fresh), (secs(100_000), secs(60)));
    assert_eq!(ttl.stale, STALE_RETENTION + secs(99_940));
}

#[test]
fn windows_have_no_upper_limit() {
    let windows = [
        Policy::new().stale_if_error(Duration::MAX),
        Policy::new().stale_while_revalidate(Duration::MAX),
    ];
    for policy in windows {
        for lines in [
            [("age", "100000"), ("cache-control", "max-age=60")],
            [
                ("age", "18446744073709551615"),
                ("cache-control", "max-age=18446744073709551615"),
            ],
        ] {
            let ttl = ttl_under(&policy, false, 200, &lines).unwrap();
            assert_eq!(ttl.stale, MAX_DELTA);
        }
    }
}
