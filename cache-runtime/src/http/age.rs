//! The age of a response, from `Age` and `Date` (RFC 9111 sections 4.2.3 and 5.1).

use std::time::Duration;

use http::{HeaderMap, header};

use super::{
    cache_control::{MAX_DELTA, delta_seconds},
    date::parse_seconds,
};
use crate::{
    clock::{EPOCH, Timestamp},
    entry::Entry,
};

/// When a response arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// By the clock that the response's dates are compared with.
    pub(crate) response_time: Timestamp,
    /// The time between the request and the response.
    pub(crate) response_delay: Duration,
}

/// The age of an entry: the time since the response was generated (RFC 9111 section 4.2.3).
///
/// An entry that was generated before 1970 is stored as if at that moment, so its age is the largest that `Age` can express.
pub(crate) fn current_age(entry: &Entry, now: Timestamp) -> Duration {
    if entry.born == EPOCH {
        return MAX_DELTA;
    }
    now.since(entry.born).min(MAX_DELTA)
}

/// The age of a response when it arrived: the larger of the one that `Date` implies, and of `Age` plus the time in transit.
pub(super) fn corrected_initial_age(headers: &HeaderMap, arrival: Arrival) -> Duration {
    apparent_age(headers, arrival.response_time)
        .max(age_value(headers) + arrival.response_delay)
        .min(MAX_DELTA)
}

/// The value of `Age`. Of several members the first counts; an invalid number is ignored (RFC 9111 section 5.1).
fn age_value(headers: &HeaderMap) -> Duration {
    let first = headers
        .get(header::AGE)
        .and_then(|age| age.as_bytes().split(|&byte| byte == b',').next());
    let age = first.and_then(|first| delta_seconds(first.trim_ascii().iter().copied()));
    age.unwrap_or_default()
}

/// The age that `Date` implies.
fn apparent_age(headers: &HeaderMap, response_time: Timestamp) -> Duration {
    let date = headers
        .get(header::DATE)
        .and_then(|date| parse_seconds(date.as_bytes()));
    let age = date.map_or(0, |date| {
        i64::try_from(response_time.as_secs())
            .unwrap_or(i64::MAX)
            .saturating_sub(date)
    });
    Duration::from_secs(u64::try_from(age).unwrap_or_default()).min(MAX_DELTA)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{
        date::parse_date,
        fixtures::{NOW, entry, headers, secs},
    };

    fn initial_age(lines: &[(&str, &str)], response_time: Timestamp) -> Duration {
        let arrival = Arrival {
            response_time,
            response_delay: Duration::ZERO,
        };
        corrected_initial_age(&headers(lines), arrival)
    }

    #[test]
    fn the_initial_age_is_the_larger_of_age_and_date() {
        let of = |lines: &[(&str, &str)]| initial_age(lines, NOW + Duration::from_millis(999));
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

    #[test]
    fn an_age_is_at_most_2_31_seconds_and_a_date_before_1970_is_old() {
        let of = |lines: &[(&str, &str)]| initial_age(lines, NOW);
        assert_eq!(of(&[("age", "18446744073709551615")]), MAX_DELTA);
        for date in [
            "Mon, 01 Jan 1601 00:00:00 GMT",
            "Mon Jan  1 00:00:00 1601",
            "Tue, 29 Feb 1600 00:00:00 GMT",
            "Sat, 01 Jan 0000 00:00:00 GMT",
        ] {
            assert_eq!(
                of(&[("date", date)]),
                MAX_DELTA.min(NOW.since(EPOCH) + secs(11_644_473_600)),
                "{date}"
            );
        }
        let in_1969 = [("date", "Wed, 31 Dec 1969 23:59:59 GMT")];
        assert_eq!(of(&in_1969), NOW.since(EPOCH) + secs(1));
        assert_eq!(parse_date(in_1969[0].1.as_bytes()), Some(EPOCH));
        for garbage in [
            "Tue, 01 Jan 1601 00:00:00 GMT x",
            "Wed, 29 Feb 1601 00:00:00 GMT",
            "Mon, 01 Jan 160x 00:00:00 GMT",
            "Mon, 01 Jan -601 00:00:00 GMT",
            "Mon, 01 Jan 19\u{e9}0 00:00:00 GMT",
        ] {
            assert_eq!(parse_date(garbage.as_bytes()), None, "{garbage}");
        }
        let entry = Entry {
            born: EPOCH,
            ..entry(secs(1), &[])
        };
        assert_eq!(current_age(&entry, NOW), MAX_DELTA);
    }
}
