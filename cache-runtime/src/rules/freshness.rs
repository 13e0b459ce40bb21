//! Is this entry fresh, and fresh enough for this request (RFC 9111 section 4.2)?

use std::time::Duration;

use http::{HeaderMap, header};

use super::{admission::Wishes, directives::delta_seconds};
use crate::{clock::Timestamp, entry::Entry};

/// What an entry is worth to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It may be served.
    Fresh {
        /// How long it stays fresh.
        left: Duration,
        /// How long it has been stored.
        age: Duration,
    },
    /// It may not: it is past its life, or the request wants a younger one.
    Dead,
}

/// Weighs the entry against the request's wishes.
///
/// A request's `max-age=0` is met by no entry, not even by one stored within the same millisecond: it is how
/// browsers say "reload".
pub(crate) fn freshness(entry: &Entry, wishes: &Wishes, now: Timestamp) -> Freshness {
    let age = now.since(entry.born);
    let left = entry.fresh.saturating_sub(age);
    let too_old = |limit: Duration| limit.is_zero() || current_age(entry, now) > limit;
    if left.is_zero()
        || wishes.refresh
        || wishes.max_age.is_some_and(too_old)
        || wishes.min_fresh.is_some_and(|least| left < least)
    {
        return Freshness::Dead;
    }
    Freshness::Fresh { left, age }
}

/// How long the entry stays fresh; zero when it no longer is.
pub(crate) fn remaining(entry: &Entry, now: Timestamp) -> Duration {
    entry.fresh.saturating_sub(now.since(entry.born))
}

/// The age of the answer itself: its time here, and what it had when it came (RFC 9111 section 4.2.3).
pub(crate) fn current_age(entry: &Entry, now: Timestamp) -> Duration {
    now.since(entry.born) + initial_age(&entry.headers, entry.born)
}

/// The age a response came with, for handlers that pass on what another server answered.
///
/// The larger of what its `Age` says and what its `Date` shows. An `Age` that is no number is passed over, and
/// of several the first counts (RFC 9111 section 5.1).
pub(super) fn initial_age(headers: &HeaderMap, received: Timestamp) -> Duration {
    let told = headers
        .get(header::AGE)
        .and_then(|age| age.as_bytes().split(|&byte| byte == b',').next())
        .and_then(|first| delta_seconds(first.trim_ascii().iter().copied()))
        .unwrap_or_default();
    let apparent = date(headers).map_or(Duration::ZERO, |date| whole_seconds(received).since(date));
    told.max(apparent)
}

/// When the response says it was made.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_date(headers.get(header::DATE)?.as_bytes())
}

/// An HTTP date in any of its three forms (RFC 9110 section 5.6.7).
pub(super) fn parse_date(text: &[u8]) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(str::from_utf8(text).ok()?).ok()?;
    let since_epoch = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(since_epoch.as_secs() * 1000))
}

/// The time as an HTTP date can say it.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_millis() / 1000 * 1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::fixtures::{NOW, entry, headers, secs};

    const ANY: Wishes = Wishes::none(true);

    fn fresh(left: u64, age: u64) -> Freshness {
        Freshness::Fresh {
            left: secs(left),
            age: secs(age),
        }
    }

    #[test]
    fn an_entry_is_fresh_until_its_life_ends() {
        let entry = entry(secs(30), &[]);
        assert_eq!(freshness(&entry, &ANY, NOW), fresh(30, 0));
        assert_eq!(freshness(&entry, &ANY, NOW + secs(29)), fresh(1, 29));
        assert_eq!(freshness(&entry, &ANY, NOW + secs(30)), Freshness::Dead);
        assert_eq!(remaining(&entry, NOW + secs(31)), Duration::ZERO);
    }

    #[test]
    fn an_entry_from_a_clock_ahead_has_no_age() {
        let mut entry = entry(secs(30), &[]);
        entry.born = NOW + secs(60);
        assert_eq!(freshness(&entry, &ANY, NOW), fresh(30, 0));
    }

    #[test]
    fn the_request_limits_the_age() {
        let entry = entry(secs(30), &[]);
        let wishes = Wishes {
            max_age: Some(secs(5)),
            ..ANY
        };
        assert_eq!(freshness(&entry, &wishes, NOW + secs(5)), fresh(25, 5));
        let later = NOW + Duration::from_millis(5001);
        assert_eq!(freshness(&entry, &wishes, later), Freshness::Dead);
    }

    #[test]
    fn a_limit_of_zero_is_a_reload() {
        let wishes = Wishes {
            max_age: Some(Duration::ZERO),
            ..ANY
        };
        assert_eq!(freshness(&entry(secs(30), &[]), &wishes, NOW), Freshness::Dead);
    }

    #[test]
    fn the_request_asks_for_a_rest_of_life() {
        let entry = entry(secs(30), &[]);
        let wishes = Wishes {
            min_fresh: Some(secs(10)),
            ..ANY
        };
        assert_eq!(freshness(&entry, &wishes, NOW + secs(20)), fresh(10, 20));
        assert_eq!(freshness(&entry, &wishes, NOW + secs(21)), Freshness::Dead);
    }

    #[test]
    fn max_stale_does_not_revive_what_is_dead() {
        let wishes = Wishes {
            max_stale: Some(Duration::MAX),
            ..ANY
        };
        assert_eq!(
            freshness(&entry(secs(30), &[]), &wishes, NOW + secs(30)),
            Freshness::Dead
        );
    }

    #[test]
    fn a_refresh_takes_no_entry() {
        let wishes = Wishes { refresh: true, ..ANY };
        assert_eq!(freshness(&entry(secs(30), &[]), &wishes, NOW), Freshness::Dead);
    }

    #[test]
    fn the_age_it_came_with_counts() {
        let wishes = Wishes {
            max_age: Some(secs(15)),
            ..ANY
        };
        let passed_on = entry(secs(30), &[("age", "10")]);
        assert_eq!(freshness(&passed_on, &wishes, NOW + secs(5)), fresh(25, 5));
        assert_eq!(freshness(&passed_on, &wishes, NOW + secs(6)), Freshness::Dead);
    }

    #[test]
    fn the_initial_age_is_the_larger_of_age_and_date() {
        let of = |lines: &[(&str, &str)]| initial_age(&headers(lines), NOW + Duration::from_millis(999));
        assert_eq!(of(&[]), Duration::ZERO);
        assert_eq!(of(&[("age", "7, 9")]), secs(7));
        assert_eq!(of(&[("age", "x")]), Duration::ZERO);
        assert_eq!(of(&[("date", "Sun, 06 Nov 1994 08:49:37 GMT")]), Duration::ZERO);
        assert_eq!(
            of(&[("date", "Sun, 06 Nov 1994 08:49:27 GMT"), ("age", "4")]),
            secs(10)
        );
        assert_eq!(of(&[("date", "Sun Nov  6 08:49:27 1994")]), secs(10));
        assert_eq!(of(&[("date", "Sun, 06 Nov 1994 09:49:37 GMT")]), Duration::ZERO);
        assert_eq!(of(&[("date", "yesterday")]), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn what_is_served_keeps_every_promise(
            life in 1..100_000_u64, passed in 0..200_000_u64,
            max_age in proptest::option::of(0..100_u64), min_fresh in proptest::option::of(0..100_u64),
        ) {
            let (life, passed) = (Duration::from_millis(life), Duration::from_millis(passed));
            let wishes = Wishes { max_age: max_age.map(secs), min_fresh: min_fresh.map(secs), ..ANY };
            let entry = entry(life, &[]);
            if let Freshness::Fresh { left, age } = freshness(&entry, &wishes, NOW + passed) {
                prop_assert_eq!(age, passed);
                prop_assert_eq!(left + age, life);
                prop_assert!(!left.is_zero());
                prop_assert!(max_age.is_none_or(|limit| age <= secs(limit)));
                prop_assert!(min_fresh.is_none_or(|least| left >= secs(least)));
            } else {
                let asked_more = max_age.is_some_and(|limit| limit == 0 || passed > secs(limit))
                    || min_fresh.is_some_and(|least| passed + secs(least) > life);
                prop_assert!(passed >= life || asked_more);
            }
        }
    }
}
