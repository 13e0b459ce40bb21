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

fn left(lines: &[(&str, &str)]) -> Result<u64, NotStoredReason> {
    ttl(200, lines).map(|ttl| ttl.remaining().as_secs())
}

fn control(line: &str) -> Result<Ttl, NotStoredReason> {
    ttl(200, &[("cache-control", line)])
}

#[test]
fn a_response_lives_as_long_as_it_says() {
    for (lines, life) in [
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
        assert_eq!(left(lines), Ok(life), "{lines:?}");
    }
}

#[test]
fn without_life_or_validator_nothing_is_stored() {
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
        assert_eq!(left(lines), Err(NotStoredReason::NoTtl), "{lines:?}");
    }
}

#[test]
fn with_a_validator_it_is_stored_to_be_validated() {
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
fn what_is_not_for_shared_caches_is_refused() {
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
fn fields_that_are_named_are_withheld_and_the_rest_is_stored() {
    let lines = [
        ("cache-control", "max-age=60, private=\"X-User, set-cookie\""),
        ("cache-control", "no-cache=x-token"),
        ("set-cookie", "a=b"),
        ("x-user", "alice"),
        ("x-token", "1"),
        ("x-a", "1"),
    ];
    assert_eq!(left(&lines), Ok(60));
    let shown = without_withheld_fields(&headers(&lines)).unwrap();
    let names: Vec<_> = shown.keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["cache-control", "x-a"]);
    assert_eq!(without_withheld_fields(&headers(&lines[..2])), None);
}

#[test]
fn any_final_status_is_stored_with_a_life_and_some_without() {
    let told = [("cache-control", "max-age=60")];
    for status in [
        200, 201, 299, 302, 303, 307, 399, 400, 403, 404, 418, 499, 500, 503, 599,
    ] {
        assert_eq!(
            ttl(status, &told).map(|life| life.remaining()),
            Ok(secs(60)),
            "{status}"
        );
    }
    for (status, reason) in [
        (101, NotStoredReason::Status),
        (206, NotStoredReason::Partial),
        (304, NotStoredReason::Status),
    ] {
        assert_eq!(ttl(status, &told), Err(reason), "{status}");
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
fn must_understand_wants_a_known_status_and_then_overrides_no_store() {
    let both = [("cache-control", "must-understand, no-store, max-age=60")];
    assert!(ttl(200, &both).is_ok());
    assert_eq!(ttl(599, &both), Err(NotStoredReason::Status));
    assert_eq!(
        ttl(599, &[("cache-control", "must-understand, max-age=60")]),
        Err(NotStoredReason::Status)
    );
}

#[test]
fn a_life_is_guessed_only_if_asked_and_from_the_date_of_modification() {
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
fn the_policy_names_a_life_for_what_says_none() {
    let policy = Policy::new().expire(secs(10));
    let left = |status, lines: &[(&str, &str)]| {
        let ttl = ttl_under(&policy, false, status, lines);
        ttl.map(|ttl| ttl.remaining().as_secs())
    };
    assert_eq!(left(200, &[]), Ok(10));
    assert_eq!(left(404, &[]), Ok(10));
    assert_eq!(left(500, &[]), Err(NotStoredReason::Status));
    assert_eq!(left(200, &[("cache-control", "max-age=60")]), Ok(60));
    assert_eq!(
        left(200, &[("cache-control", "no-cache")]),
        Err(NotStoredReason::NoTtl)
    );
    assert_eq!(left(200, &[("age", "10")]), Err(NotStoredReason::NoTtl));
}

#[test]
fn what_may_be_of_use_is_kept_past_its_life() {
    for (line, kept) in [
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
        assert_eq!(control(line).map(|life| life.stale), Ok(kept), "{line}");
        let validated = ttl(200, &[("cache-control", line), TAG]);
        assert_eq!(validated.map(|life| life.stale), Ok(STALE_RETENTION), "{line}");
    }
    let policy = Policy::new().expire(secs(10)).stale_if_error(secs(20));
    let kept = |lines: &[(&str, &str)]| ttl_under(&policy, false, 200, lines).map(|life| life.stale);
    assert_eq!(kept(&[]), Ok(secs(20)));
    assert_eq!(kept(&[("cache-control", "max-age=0")]), Ok(secs(20)));
}

#[test]
fn the_time_on_the_way_counts_to_the_age() {
    let left = |took, lines: &[(&str, &str)]| {
        let arrival = Arrival {
            response_time: NOW,
            response_delay: secs(took),
        };
        let ttl = storability(&response_parts(200, lines), &HTTP, Duration::ZERO, arrival);
        ttl.map(|ttl| ttl.remaining().as_secs())
    };
    let control = ("cache-control", "max-age=60");
    assert_eq!(left(5, &[control]), Ok(55));
    assert_eq!(left(5, &[control, ("age", "20")]), Ok(35));
    assert_eq!(
        left(5, &[control, ("date", "Sun, 06 Nov 1994 08:49:07 GMT")]),
        Ok(30)
    );
}

#[test]
fn what_is_old_already_is_kept_as_long_as_what_is_not() {
    let ttl = ttl(200, &[TAG, ("age", "100000"), ("cache-control", "max-age=60")]).unwrap();
    assert_eq!((ttl.age, ttl.fresh), (secs(100_000), secs(60)));
    assert_eq!(ttl.stale, STALE_RETENTION + secs(99_940));
}

#[test]
fn windows_may_be_as_long_as_they_like() {
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
