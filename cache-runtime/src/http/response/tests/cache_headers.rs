use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::policy::ClientMaxAge;

#[test]
fn responses_are_private_unless_the_policy_is_public_whatever_the_request_carries() {
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
            &STATUS_HEADERS,
            cache_status,
            NOW + secs(40),
        );
        assert_eq!(all(&response, "cache-control"), ["private, no-cache"]);
        assert!(!response.headers().contains_key("expires"));
        assert_eq!(all(&response, "etag"), [TAG.1]);
    }
}

#[test]
fn client_max_age_is_at_most_the_remaining_ttl() {
    for (max_age, expected) in [
        (10, "private, max-age=10"),
        (25, "private, max-age=25"),
        (600, "private, max-age=25"),
    ] {
        let response = plain_hit(&[], &Policy::new().client_max_age(secs(max_age)));
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
fn cache_control_of_the_handler_stays_and_age_is_added() {
    let own = ("cache-control", "public, max-age=60, immutable");
    let response = plain_hit(&[own], &Policy::new().private());
    assert_eq!(lines(&response), [own, ("age", "5"), ("x-cache", "Hit")]);

    // With an initial age, it was generated before it was stored.
    let mut passed_on = entry(secs(30), &[own, ("age", "7")]);
    passed_on.born = NOW - secs(7);
    let response = hit(&passed_on, &request("GET", &[]), &Policy::new());
    assert_eq!(all(&response, "age"), ["12"]);
}

#[test]
fn a_miss_with_cache_control_of_the_handler_has_no_age() {
    let own = ("cache-control", "max-age=60");
    let response = respond(
        &entry(secs(30), &[own]),
        &request("GET", &[]),
        &Policy::new(),
        &STATUS_HEADERS,
        CacheStatus::Forwarded(Forwarded::STORED_MISS),
        NOW,
    );
    assert_eq!(lines(&response), [own, ("x-cache", "Miss")]);
}

#[test]
fn expires_of_the_handler_stays() {
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
fn max_age_is_at_most_a_year() {
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
        &STATUS_HEADERS,
        CacheStatus::Hit,
        now,
    );
    assert_eq!(
        lines(&response),
        [("cache-control", "private, max-age=30"), ("x-cache", "Hit")]
    );
}

proptest! {
    #[test]
    fn max_age_is_never_more_than_the_remaining_ttl(
        ttl in 1..100_000_000_u64, passed in 0..200_000_000_u64, born in 0..4_000_000_000_000_u64,
        max_age in proptest::option::of(0..200_000_u64), public in any::<bool>(),
    ) {
        let mut entry = entry(Duration::from_millis(ttl), &[]);
        entry.born = Timestamp::from_millis(born);
        let now = entry.born + Duration::from_millis(passed);
        let mut policy = max_age.map_or(REMAINING, |max_age| Policy::new().client_max_age(secs(max_age)));
        if public {
            policy = policy.public();
        }
        let response = respond(&entry, &request("GET", &[]), &policy, &STATUS_HEADERS, CacheStatus::Hit, now);

        let control = response.headers()["cache-control"].to_str().unwrap();
        let word = if public { "public, " } else { "private, " };
        let control = control.strip_prefix(word).unwrap();
        if max_age == Some(0) {
            prop_assert_eq!(control, "no-cache");
            prop_assert!(!response.headers().contains_key("expires"));
            return Ok(());
        }
        let seconds: u64 = control.strip_prefix("max-age=").unwrap().parse().unwrap();
        let remaining = Duration::from_millis(ttl.saturating_sub(passed));
        prop_assert!(secs(seconds) <= remaining);
        prop_assert!(max_age.is_none_or(|max_age| seconds <= max_age));
        let expires = httpdate::parse_http_date(response.headers()["expires"].to_str().unwrap()).unwrap();
        prop_assert!(expires <= (now + remaining).to_system_time());
    }
}
