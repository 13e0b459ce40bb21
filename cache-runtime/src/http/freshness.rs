//! Whether an entry may be served to a request (RFC 9111 section 4.2).

use std::time::Duration;

use http::header;

use super::{age::current_age, cache_control::ResponseDirectives, constraints::RequestConstraints};
use crate::{clock::Timestamp, entry::Entry, policy::Policy};

/// How an entry may be used for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It may be served, and stays fresh for `remaining`.
    Fresh { remaining: Duration },
    /// It may be served while a background refresh runs.
    Stale,
    /// It may be served only in place of a handler that fails or is slow.
    StaleFallback,
    /// It must not be served: it has expired, or the request demands a fresher response.
    Unusable,
}

/// The tolerated clock difference between the process that stored an entry and this one: more than that of replicas that
/// follow one store.
const CLOCK_SKEW: Duration = Duration::from_secs(10);

/// Evaluates the entry under the policy's stale windows and the request's constraints.
///
/// No entry satisfies `max-age=0`, not even one that was stored within the same millisecond: browsers send it to reload.
pub(crate) fn freshness(
    entry: &Entry,
    policy: &Policy,
    constraints: &RequestConstraints,
    now: Timestamp,
) -> Freshness {
    let is_too_old = |max_age: Duration| max_age.is_zero() || current_age(entry, now) > max_age;
    if constraints.refresh || constraints.max_age.is_some_and(is_too_old) || is_from_the_future(entry, now) {
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

/// How an entry past its TTL may be used.
///
/// Not at all if the response forbids it (RFC 9111 section 4.2.4; `s-maxage` by section 5.2.2.10), or if the request does: by
/// `min-fresh`, or by `max-age` without `max-stale` (section 5.2.1).
fn staleness(entry: &Entry, policy: &Policy, constraints: &RequestConstraints, now: Timestamp) -> Freshness {
    let staleness = now.since(entry.born).saturating_sub(entry.fresh);
    let is_within = |window: Option<Duration>| window.is_some_and(|window| staleness < window);
    if staleness >= entry.stale || constraints.min_fresh.is_some() {
        return Freshness::Unusable;
    }
    let directives = ResponseDirectives::parse(&entry.headers.only(&[header::CACHE_CONTROL]));
    if directives.forbids_stale() {
        return Freshness::Unusable;
    }
    if is_within(constraints.max_stale) {
        return Freshness::Stale;
    }
    if constraints.max_age.is_some() || constraints.max_stale.is_some() {
        return Freshness::Unusable;
    }
    // The policy's windows are an agreement outside of the protocol, which section 4.2.4 allows. The response's own windows
    // count in RFC 9111 mode only.
    let is_http = policy.http.is_some();
    let declared = |window: Option<Duration>| window.filter(|_| is_http);
    let while_revalidating = policy
        .stale_while_revalidate
        .or(declared(directives.stale_while_revalidate));
    if is_within(while_revalidating) {
        return Freshness::Stale;
    }
    match policy.stale_if_error.or(declared(directives.stale_if_error)) {
        Some(window) if is_http && staleness >= window => Freshness::Unusable,
        _ => Freshness::StaleFallback,
    }
}

/// Whether a fresh entry is refreshed before its TTL ends.
///
/// The probability grows towards the end of the TTL, and with `cost`, the run time of the handler (optimal probabilistic early
/// expiration: Vattani, Chierichetti and Lowenstein, 2015). `random` is between 0 and 1. A `factor` of 0 never refreshes
/// early.
pub(crate) fn should_refresh_early(remaining: Duration, cost: Duration, factor: f64, random: f64) -> bool {
    let ahead = cost.as_secs_f64() * factor * -random.max(f64::MIN_POSITIVE).ln();
    factor > 0.0 && ahead >= remaining.as_secs_f64()
}

/// Whether the clock stepped back after the entry was stored, or was wrong at that time. The age of the entry is unknown then,
/// and it would stay fresh for the time of the step.
fn is_from_the_future(entry: &Entry, now: Timestamp) -> bool {
    entry.born.since(now) > CLOCK_SKEW
}

/// How long the entry stays fresh; zero if it is stale.
pub(crate) fn remaining_ttl(entry: &Entry, now: Timestamp) -> Duration {
    if is_from_the_future(entry, now) {
        return Duration::ZERO;
    }
    entry.fresh.saturating_sub(now.since(entry.born))
}

#[cfg(test)]
mod tests;
