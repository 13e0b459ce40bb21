//! Is this entry fresh, and fresh enough for this request (RFC 9111 section 4.2)?

use std::time::Duration;

use http::{HeaderMap, header};

use super::{
    admission::RequestConstraints,
    directives::{LONGEST, ResponseDirectives, delta_seconds},
};
use crate::{
    clock::{EPOCH, Timestamp},
    entry::Entry,
    policy::Policy,
};

/// What an entry is worth to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It may be served, and stays fresh for as long as `left`.
    Fresh { remaining: Duration },
    /// It may be served while another is made.
    Stale,
    /// It may be served instead of a handler that fails or is slow, and not before.
    StaleFallback,
    /// It may not be served: it is past everything, or the request wants a younger one.
    Unusable,
}

/// How far ahead the clock of the process may have been that stored an entry: more than replicas that follow one store
/// differ by.
const CLOCK_SKEW: Duration = Duration::from_secs(10);

/// Weighs the entry against the policy's windows and the request's constraints.
///
/// A request's `max-age=0` is met by no entry, not even by one stored within the same millisecond: it is how
/// browsers say "reload".
pub(crate) fn freshness(
    entry: &Entry,
    policy: &Policy,
    constraints: &RequestConstraints,
    now: Timestamp,
) -> Freshness {
    let too_old = |limit: Duration| limit.is_zero() || current_age(entry, now) > limit;
    if is_from_the_future(entry, now) || constraints.refresh || constraints.max_age.is_some_and(too_old) {
        return Freshness::Unusable;
    }
    let remaining = remaining_ttl(entry, now);
    if remaining.is_zero() {
        return staleness(entry, policy, constraints, now);
    }
    match constraints.min_fresh {
        Some(least) if remaining < least => Freshness::Unusable,
        _ => Freshness::Fresh { remaining },
    }
}

/// What an entry past its life is worth.
///
/// Nothing, where the response itself forbids it (RFC 9111 section 4.2.4; `s-maxage` does by section 5.2.2.10), or the
/// request does: by `min-fresh`, and by a `max-age` without `max-stale` beside it (section 5.2.1).
fn staleness(entry: &Entry, policy: &Policy, constraints: &RequestConstraints, now: Timestamp) -> Freshness {
    let late = now.since(entry.born).saturating_sub(entry.fresh);
    let within = |window: Option<Duration>| window.is_some_and(|window| late < window);
    if late >= entry.stale || constraints.min_fresh.is_some() {
        return Freshness::Unusable;
    }
    let own = ResponseDirectives::parse(&entry.headers.only(&[header::CACHE_CONTROL]));
    if own.forbids_stale() {
        return Freshness::Unusable;
    }
    if within(constraints.max_stale) {
        return Freshness::Stale;
    }
    if constraints.max_age.is_some() || constraints.max_stale.is_some() {
        return Freshness::Unusable;
    }
    // What the policy says is agreed on beside the protocol, which section 4.2.4 allows.
    let told = |window: Option<Duration>| window.filter(|_| policy.http.is_some());
    if within(policy.stale_while_revalidate.or(told(own.stale_while_revalidate))) {
        return Freshness::Stale;
    }
    match policy.stale_if_error.or(told(own.stale_if_error)) {
        Some(window) if policy.http.is_some() && late >= window => Freshness::Unusable,
        _ => Freshness::StaleFallback,
    }
}

/// Whether a fresh entry is to be renewed already.
///
/// The nearer its end and the longer the handler takes, the likelier (optimal probabilistic early expiration: Vattani,
/// Chierichetti and Lowenstein, 2015). `random` is between 0 and 1; a `factor` of 0 is never early.
pub(crate) fn should_refresh_early(left: Duration, cost: Duration, factor: f64, random: f64) -> bool {
    let ahead = cost.as_secs_f64() * factor * -random.max(f64::MIN_POSITIVE).ln();
    factor > 0.0 && ahead >= left.as_secs_f64()
}

/// Whether the clock has stepped back since the entry was stored, or was wrong then. Its age is unknown, and it would be
/// fresh for as much longer.
fn is_from_the_future(entry: &Entry, now: Timestamp) -> bool {
    entry.born.since(now) > CLOCK_SKEW
}

/// How long the entry stays fresh; zero when it no longer is.
pub(crate) fn remaining_ttl(entry: &Entry, now: Timestamp) -> Duration {
    if is_from_the_future(entry, now) {
        return Duration::ZERO;
    }
    entry.fresh.saturating_sub(now.since(entry.born))
}

/// The age of the answer itself: its time here, and what it had when it came (RFC 9111 section 4.2.3).
///
/// An entry that was made before 1970 is kept as one of that moment: it is older than any `Age` can say.
pub(crate) fn current_age(entry: &Entry, now: Timestamp) -> Duration {
    if entry.born == EPOCH {
        return LONGEST;
    }
    now.since(entry.born).min(LONGEST)
}

/// The age a response came with, for handlers that pass on what another server answered: the larger of what its `Age` says
/// and what its `Date` shows.
pub(crate) fn initial_age(headers: &HeaderMap, received: Timestamp) -> Duration {
    age_value(headers).max(apparent_age(headers, received))
}

/// What `Age` says. One that is no number is passed over, and of several the first counts (RFC 9111 section 5.1).
pub(super) fn age_value(headers: &HeaderMap) -> Duration {
    let first = headers
        .get(header::AGE)
        .and_then(|age| age.as_bytes().split(|&byte| byte == b',').next());
    let told = first.and_then(|first| delta_seconds(first.trim_ascii().iter().copied()));
    told.unwrap_or_default()
}

/// What `Date` shows.
pub(super) fn apparent_age(headers: &HeaderMap, received: Timestamp) -> Duration {
    let date = headers
        .get(header::DATE)
        .and_then(|date| seconds(date.as_bytes()));
    let age = date.map_or(0, |date| {
        i64::try_from(received.as_secs())
            .unwrap_or(i64::MAX)
            .saturating_sub(date)
    });
    Duration::from_secs(u64::try_from(age).unwrap_or_default()).min(LONGEST)
}

/// When the response says it was made.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_date(headers.get(header::DATE)?.as_bytes())
}

/// An HTTP date in any of its three forms (RFC 9110 section 5.6.7); one before 1970 is the first moment of that year.
pub(super) fn parse_date(text: &[u8]) -> Option<Timestamp> {
    let seconds = u64::try_from(seconds(text)?).unwrap_or_default();
    Some(Timestamp::from_millis(seconds * 1000))
}

/// An HTTP date in seconds since 1970.
fn seconds(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?.trim_ascii();
    let parse = |text: &str| {
        let date = httpdate::parse_http_date(text).ok()?;
        i64::try_from(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
    };
    parse(text).or_else(|| {
        let (later, years) = after_1970(text)?;
        Some(parse(&later)? - years / 400 * SECONDS_OF_400_YEARS)
    })
}

/// The calendar repeats itself, weekdays included, every 400 years of 146,097 days.
const SECONDS_OF_400_YEARS: i64 = 146_097 * 24 * 60 * 60;

/// The same date so many years later, if it is one before 1970, which the parser does not take.
fn after_1970(text: &str) -> Option<(String, i64)> {
    let at = match text.len() {
        // "Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"; the third form has two digits, of years since 1970.
        29 => 12..16,
        24 => 20..24,
        _ => return None,
    };
    let year = text
        .get(at.clone())?
        .parse::<i64>()
        .ok()
        .filter(|year| (0..1970).contains(year))?;
    let years = (1970 - year + 399) / 400 * 400;
    let mut later = text.to_owned();
    later.replace_range(at, &format!("{:04}", year + years));
    Some((later, years))
}

/// The time as an HTTP date can say it.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_secs() * 1000)
}

#[cfg(test)]
mod tests;
