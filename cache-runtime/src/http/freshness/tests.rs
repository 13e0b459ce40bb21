use proptest::prelude::*;

use super::*;
use crate::{
    entry::should_refresh_early,
    http::fixtures::{NOW, entry, secs},
};

const ANY: RequestConstraints = RequestConstraints::none(true);

const PLAIN: Policy = Policy::new();

fn fresh(remaining: u64) -> Freshness {
    Freshness::Fresh {
        remaining: secs(remaining),
    }
}

/// The freshness under a policy without windows.
fn freshness(entry: &Entry, constraints: &RequestConstraints, now: Timestamp) -> Freshness {
    super::freshness(entry, &PLAIN, constraints, now)
}

#[test]
fn an_entry_is_fresh_until_its_ttl_ends() {
    let entry = entry(secs(30), &[]);
    assert_eq!(freshness(&entry, &ANY, NOW), fresh(30));
    assert_eq!(freshness(&entry, &ANY, NOW + secs(29)), fresh(1));
    assert_eq!(freshness(&entry, &ANY, NOW + secs(30)), Freshness::Unusable);
    assert_eq!(entry.remaining_ttl(NOW + secs(31)), Duration::ZERO);
}

#[test]
fn an_entry_from_a_clock_a_little_ahead_has_no_age() {
    let mut entry = entry(secs(30), &[]);
    entry.born = NOW + secs(10);
    assert_eq!(freshness(&entry, &ANY, NOW), fresh(30));
}

#[test]
fn an_entry_from_before_the_clock_stepped_back_has_expired() {
    let policy = Policy {
        stale_while_revalidate: Some(secs(60)),
        ..PLAIN
    };
    let mut entry = entry(secs(30), &[]);
    entry.stale = secs(3600);
    entry.born = NOW + secs(8 * 3600);
    assert_eq!(super::freshness(&entry, &policy, &ANY, NOW), Freshness::Unusable);
    assert_eq!(entry.remaining_ttl(NOW), Duration::ZERO);
}

#[test]
fn max_age_limits_the_age() {
    let entry = entry(secs(30), &[]);
    let constraints = RequestConstraints {
        max_age: Some(secs(5)),
        ..ANY
    };
    assert_eq!(freshness(&entry, &constraints, NOW + secs(5)), fresh(25));
    let later = NOW + Duration::from_millis(5001);
    assert_eq!(freshness(&entry, &constraints, later), Freshness::Unusable);
}

#[test]
fn max_age_of_zero_is_a_reload() {
    let constraints = RequestConstraints {
        max_age: Some(Duration::ZERO),
        ..ANY
    };
    assert_eq!(
        freshness(&entry(secs(30), &[]), &constraints, NOW),
        Freshness::Unusable
    );
}

#[test]
fn min_fresh_demands_a_remaining_ttl() {
    let entry = entry(secs(30), &[]);
    let constraints = RequestConstraints {
        min_fresh: Some(secs(10)),
        ..ANY
    };
    assert_eq!(freshness(&entry, &constraints, NOW + secs(20)), fresh(10));
    assert_eq!(
        freshness(&entry, &constraints, NOW + secs(21)),
        Freshness::Unusable
    );
}

#[test]
fn max_stale_does_not_revive_an_expired_entry() {
    let constraints = RequestConstraints {
        max_stale: Some(Duration::MAX),
        ..ANY
    };
    assert_eq!(
        freshness(&entry(secs(30), &[]), &constraints, NOW + secs(30)),
        Freshness::Unusable
    );
}

#[test]
fn a_refresh_accepts_no_entry() {
    let constraints = RequestConstraints { refresh: true, ..ANY };
    assert_eq!(
        freshness(&entry(secs(30), &[]), &constraints, NOW),
        Freshness::Unusable
    );
}

#[test]
fn the_initial_age_counts() {
    let constraints = RequestConstraints {
        max_age: Some(secs(15)),
        ..ANY
    };
    // Its age was ten seconds when it arrived.
    let passed_on = Entry {
        born: NOW - secs(10),
        ..entry(secs(40), &[])
    };
    assert_eq!(freshness(&passed_on, &constraints, NOW + secs(5)), fresh(25));
    assert_eq!(
        freshness(&passed_on, &constraints, NOW + secs(6)),
        Freshness::Unusable
    );
}

proptest! {
    #[test]
    fn a_fresh_entry_satisfies_all_constraints(
        ttl in 1..100_000_u64, passed in 0..200_000_u64,
        max_age in proptest::option::of(0..100_u64), min_fresh in proptest::option::of(0..100_u64),
    ) {
        let (ttl, passed) = (Duration::from_millis(ttl), Duration::from_millis(passed));
        let constraints = RequestConstraints { max_age: max_age.map(secs), min_fresh: min_fresh.map(secs), ..ANY };
        let entry = entry(ttl, &[]);
        if let Freshness::Fresh { remaining } = freshness(&entry, &constraints, NOW + passed) {
            prop_assert_eq!(remaining + passed, ttl);
            prop_assert!(!remaining.is_zero());
            prop_assert!(max_age.is_none_or(|limit| passed <= secs(limit)));
            prop_assert!(min_fresh.is_none_or(|least| remaining >= secs(least)));
        } else {
            let demands_more = max_age.is_some_and(|limit| limit == 0 || passed > secs(limit))
                || min_fresh.is_some_and(|least| passed + secs(least) > ttl);
            prop_assert!(passed >= ttl || demands_more);
        }
    }
}

const WINDOWS: Policy = Policy::new()
    .stale_while_revalidate(secs_const(10))
    .stale_if_error(secs_const(60));

const fn secs_const(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Fresh for 30 seconds, and kept for 60 more.
fn stale_entry(lines: &[(&str, &str)]) -> Entry {
    Entry {
        stale: secs(60),
        ..entry(secs(30), lines)
    }
}

fn past_ttl(entry: &Entry, constraints: &RequestConstraints, seconds: u64) -> Freshness {
    super::freshness(entry, &WINDOWS, constraints, NOW + secs(30 + seconds))
}

#[test]
fn windows_follow_each_other() {
    let entry = stale_entry(&[]);
    assert_eq!(past_ttl(&entry, &ANY, 0), Freshness::Stale);
    assert_eq!(past_ttl(&entry, &ANY, 9), Freshness::Stale);
    assert_eq!(past_ttl(&entry, &ANY, 10), Freshness::StaleFallback);
    assert_eq!(past_ttl(&entry, &ANY, 59), Freshness::StaleFallback);
    assert_eq!(past_ttl(&entry, &ANY, 60), Freshness::Unusable);
}

#[test]
fn an_entry_that_was_stored_with_a_shorter_window_keeps_it() {
    let entry = Entry {
        stale: secs(5),
        ..stale_entry(&[])
    };
    assert_eq!(past_ttl(&entry, &ANY, 4), Freshness::Stale);
    assert_eq!(past_ttl(&entry, &ANY, 5), Freshness::Unusable);
}

#[test]
fn the_response_may_forbid_staleness() {
    for line in ["must-revalidate", "max-age=30, Proxy-Revalidate", "s-maxage=30"] {
        let entry = stale_entry(&[("cache-control", line)]);
        assert_eq!(past_ttl(&entry, &ANY, 1), Freshness::Unusable, "{line}");
    }
    assert_eq!(
        past_ttl(&stale_entry(&[("cache-control", "max-age=30")]), &ANY, 1),
        Freshness::Stale
    );
}

#[test]
fn the_request_may_forbid_or_accept_staleness() {
    let entry = stale_entry(&[]);
    let max_age = RequestConstraints {
        max_age: Some(secs(100)),
        ..ANY
    };
    assert_eq!(past_ttl(&entry, &max_age, 1), Freshness::Unusable);
    let both = RequestConstraints {
        max_stale: Some(secs(20)),
        ..max_age
    };
    assert_eq!(past_ttl(&entry, &both, 19), Freshness::Stale);
    assert_eq!(past_ttl(&entry, &both, 20), Freshness::Unusable);
    let min_fresh = RequestConstraints {
        min_fresh: Some(secs(1)),
        ..ANY
    };
    assert_eq!(past_ttl(&entry, &min_fresh, 1), Freshness::Unusable);
    let any = RequestConstraints {
        max_stale: Some(Duration::MAX),
        ..ANY
    };
    assert_eq!(past_ttl(&entry, &any, 59), Freshness::Stale);
    assert_eq!(past_ttl(&entry, &any, 60), Freshness::Unusable);
}

#[test]
fn early_refresh_grows_likelier_towards_the_end_of_the_ttl() {
    let (remaining, cost) = (secs(1), secs(1));
    // -ln(random) reaches 1 below 1/e.
    assert!(should_refresh_early(remaining, cost, 1.0, 0.36));
    assert!(!should_refresh_early(remaining, cost, 1.0, 0.37));
    assert!(should_refresh_early(remaining, cost, 2.0, 0.6));
    assert!(should_refresh_early(Duration::from_millis(100), cost, 1.0, 0.9));
    assert!(!should_refresh_early(secs(60), cost, 1.0, 0.001));
    assert!(!should_refresh_early(remaining, cost, 0.0, 0.0));
    assert!(!should_refresh_early(remaining, Duration::ZERO, 1.0, 0.5));
}
