//! Whether an entry may be served to a request (RFC 9111 section 4.2).

use std::time::Duration;

use http::header;

use super::{age::current_age, cache_control::ResponseDirectives, constraints::RequestConstraints};
use crate::{
    clock::Timestamp,
    entry::{Entry, Freshness},
    policy::Policy,
};

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
    if constraints.refresh || constraints.max_age.is_some_and(is_too_old) || entry.is_from_the_future(now) {
        return Freshness::Unusable;
    }
    let remaining = entry.remaining_ttl(now);
    if remaining.is_zero() {
        return staleness(entry, policy, constraints, now);
    }
    match constraints.min_fresh {
        Some(least) if remaining < least => Freshness::Unusable,
        _ => Freshness::Fresh { remaining },
    }
}

/// How a stale entry may be used.
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

#[cfg(test)]
mod tests;
