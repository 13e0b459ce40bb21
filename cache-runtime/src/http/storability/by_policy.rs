//! Storability under a policy: the policy's TTL counts, and the response may shorten it or forbid storing.

use std::time::Duration;

use http::StatusCode;

use super::candidate::{Candidate, Check, reject_if};
use crate::{
    clock::Timestamp,
    entry::storable_ttl,
    http::{
        age::{Arrival, corrected_initial_age},
        cache_control::ResponseDirectives,
        ttl::{Ttl, explicit_ttl},
        vary::vary_names,
    },
    outcome::NotStoredReason,
};

pub(super) fn storability(
    candidate: &Candidate<'_>,
    default_ttl: Duration,
    now: Timestamp,
) -> Result<Ttl, NotStoredReason> {
    let policy_ttl = policy_ttl(candidate, default_ttl)?;
    candidate.check_no_store_part()?;
    candidate.check_is_complete()?;
    candidate.check_set_cookie(&[])?;
    check_directives(&candidate.directives)?;
    check_vary(candidate)?;
    candidate.check_content_encoding()?;
    candidate.check_content_type()?;
    let allowed = candidate.expire_part().unwrap_or(policy_ttl);
    let ttl = ttl(candidate, allowed, now)?;
    candidate.check_store_if()?;
    Ok(ttl)
}

/// The TTL that the policy has for the status.
fn policy_ttl(candidate: &Candidate<'_>, default_ttl: Duration) -> Result<Duration, NotStoredReason> {
    let policy = candidate.policy;
    match candidate.parts.status {
        StatusCode::NOT_FOUND | StatusCode::GONE => policy.not_found.ok_or(NotStoredReason::Status),
        _ if candidate.is_handler_error() => Err(NotStoredReason::Error),
        StatusCode::OK
        | StatusCode::NON_AUTHORITATIVE_INFORMATION
        | StatusCode::NO_CONTENT
        | StatusCode::MOVED_PERMANENTLY
        | StatusCode::PERMANENT_REDIRECT => Ok(policy.ttl(default_ttl)),
        StatusCode::PARTIAL_CONTENT => Err(NotStoredReason::Partial),
        _ => Err(NotStoredReason::Status),
    }
}

/// Even for some fields only, `private` and `no-cache` forbid to store the response: nothing here withholds fields.
fn check_directives(directives: &ResponseDirectives) -> Check {
    reject_if(directives.no_store, NotStoredReason::NoStore)?;
    reject_if(directives.private, NotStoredReason::Private)?;
    reject_if(directives.no_cache, NotStoredReason::NoCache)
}

/// The key contains all fields in `Vary`. Otherwise clients would receive the variants of others.
fn check_vary(candidate: &Candidate<'_>) -> Check {
    for name in vary_names(candidate.headers()) {
        reject_if(name == b"*", NotStoredReason::VaryAny)?;
        let in_key = |key: &&str| name.eq_ignore_ascii_case(key.as_bytes());
        reject_if(
            !candidate.policy.vary.iter().any(in_key),
            NotStoredReason::VaryNotKeyed,
        )?;
    }
    Ok(())
}

/// The allowed TTL, shortened to the rest of the one that the response declares.
///
/// The time that the handler takes does not count as time in transit: it does not add to the age of the response.
fn ttl(candidate: &Candidate<'_>, allowed: Duration, now: Timestamp) -> Result<Ttl, NotStoredReason> {
    let headers = candidate.headers();
    let arrival = Arrival {
        response_time: now,
        response_delay: Duration::ZERO,
    };
    let age = corrected_initial_age(headers, arrival);
    let remaining = match explicit_ttl(&candidate.directives, headers, now) {
        Some(declared) => allowed.min(declared.saturating_sub(age)),
        None => allowed,
    };
    let remaining = storable_ttl(remaining).ok_or(NotStoredReason::NoTtl)?;
    Ok(Ttl {
        age,
        fresh: remaining + age,
        stale: candidate.policy.stale_window(),
    })
}
