//! Storability in RFC 9111 mode: the response declares itself whether a shared cache may store it, and for how long
//! (sections 3 and 4.2).

use std::time::Duration;

use http::{HeaderName, StatusCode, header};

use super::candidate::{Candidate, Check, reject_if};
use crate::{
    clock::Timestamp,
    entry::whole_millis,
    http::{
        age::{Arrival, corrected_initial_age},
        cache_control::ResponseDirectives,
        date::{date, parse_date, whole_seconds},
        ttl::{Ttl, explicit_ttl},
        vary::vary_names,
    },
    outcome::NotStoredReason,
    policy::{Expiration, Http},
};

/// The default retention of a stale response that can be validated or may replace a failure.
pub(super) const STALE_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest heuristic TTL (RFC 9111 section 4.2.2).
const MAX_HEURISTIC_TTL: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn storability(
    candidate: &Candidate<'_>,
    http: Http,
    arrival: Arrival,
) -> Result<Ttl, NotStoredReason> {
    let withheld = ResponseDirectives::withheld_fields(candidate.headers());
    reject_if(candidate.is_handler_error(), NotStoredReason::Error)?;
    candidate.check_no_store_part()?;
    candidate.check_is_complete()?;
    check_status(candidate)?;
    check_directives(&candidate.directives)?;
    candidate.check_set_cookie(&withheld)?;
    check_vary(candidate)?;
    candidate.check_content_encoding()?;
    candidate.check_content_type()?;
    let ttl = ttl(candidate, http, arrival)?;
    candidate.check_store_if()?;
    Ok(ttl)
}

/// The status is final, and known where the response asks for that (RFC 9111 section 3).
fn check_status(candidate: &Candidate<'_>) -> Check {
    let status = candidate.parts.status;
    let is_final = !status.is_informational() && status != StatusCode::NOT_MODIFIED;
    let is_understood = status.canonical_reason().is_some();
    reject_if(
        !is_final || (candidate.directives.must_understand && !is_understood),
        NotStoredReason::Status,
    )
}

/// Beside `must-understand`, `no-store` is for caches that do not implement it (RFC 9111 section 5.2.2.3).
fn check_directives(directives: &ResponseDirectives) -> Check {
    reject_if(
        directives.no_store && !directives.must_understand,
        NotStoredReason::NoStore,
    )?;
    reject_if(directives.unqualified_private, NotStoredReason::Private)
}

/// `Vary` is readable. An invalid field name in it may mean any field.
fn check_vary(candidate: &Candidate<'_>) -> Check {
    let is_any = |name: &[u8]| name == b"*" || HeaderName::from_bytes(name).is_err();
    reject_if(
        vary_names(candidate.headers()).any(is_any),
        NotStoredReason::VaryAny,
    )
}

/// A response that can neither be served from the cache nor be validated gets no TTL.
fn ttl(candidate: &Candidate<'_>, http: Http, arrival: Arrival) -> Result<Ttl, NotStoredReason> {
    let age = corrected_initial_age(candidate.headers(), arrival);
    let fresh = fresh_ttl(candidate, http, arrival.response_time)?;
    let is_stale = fresh <= age;
    let retention = stale_retention(candidate, is_stale);
    reject_if(is_stale && retention.is_zero(), NotStoredReason::NoTtl)?;
    Ok(Ttl {
        age: whole_millis(age),
        fresh: whole_millis(fresh),
        // The retention starts now, and `stale` counts from the end of the TTL, which may be long ago.
        stale: whole_millis(retention.saturating_add(age.saturating_sub(fresh))),
    })
}

/// How long the response is fresh, from its generation (RFC 9111 section 4.2.1).
///
/// The response part `Expire` counts before the TTL that the response declares. A response that declares none must have a
/// status that allows it, or be `public`.
fn fresh_ttl(candidate: &Candidate<'_>, http: Http, now: Timestamp) -> Result<Duration, NotStoredReason> {
    let directives = &candidate.directives;
    let declared = candidate
        .expire_part()
        .or_else(|| explicit_ttl(directives, candidate.headers(), now));
    let may_be_implicit = directives.public || is_heuristically_cacheable(candidate.parts.status);
    let ttl = match declared {
        Some(declared) => declared,
        None if may_be_implicit => implicit_ttl(candidate, http, now),
        None => return Err(NotStoredReason::Status),
    };
    match directives.unqualified_no_cache {
        true => Ok(Duration::ZERO),
        false => Ok(ttl),
    }
}

/// The TTL of a response that declares none: the heuristic one if the layer allows heuristics and the response has
/// `Last-Modified` (RFC 9111 section 4.2.2), else the policy's, else zero, so that the response is validated for each
/// request.
fn implicit_ttl(candidate: &Candidate<'_>, http: Http, now: Timestamp) -> Duration {
    let headers = candidate.headers();
    let modified = headers.get(header::LAST_MODIFIED).filter(|_| http.guesses);
    let heuristic = modified
        .and_then(|modified| parse_date(modified.as_bytes()))
        .map(|modified| date(headers).unwrap_or(whole_seconds(now)).since(modified) / 10);
    let fallback = match candidate.policy.expiration {
        Expiration::Default => Duration::ZERO,
        Expiration::After(_) | Expiration::Never => candidate.policy.ttl(Duration::ZERO),
    };
    heuristic.map_or(fallback, |heuristic| heuristic.min(MAX_HEURISTIC_TTL))
}

/// How long the stale response is kept: as long as it can be validated, or may be served stale.
fn stale_retention(candidate: &Candidate<'_>, is_stale: bool) -> Duration {
    let (directives, policy) = (&candidate.directives, candidate.policy);
    let validators = [header::ETAG, header::LAST_MODIFIED];
    let for_validation = match validators
        .iter()
        .any(|name| candidate.headers().contains_key(name))
    {
        true => STALE_RETENTION,
        false => Duration::ZERO,
    };
    if directives.forbids_stale() {
        return for_validation;
    }
    let while_revalidating = policy
        .stale_while_revalidate
        .or(directives.stale_while_revalidate)
        .unwrap_or_default();
    let if_error = match policy.stale_if_error.or(directives.stale_if_error) {
        Some(window) => window,
        // A response that is stale on arrival would occupy memory only for the case that the origin fails.
        None if is_stale => Duration::ZERO,
        None => STALE_RETENTION,
    };
    if_error.max(while_revalidating).max(for_validation)
}

/// Statuses that may be stored without a declared TTL (RFC 9110 section 15.1), except 206.
fn is_heuristically_cacheable(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501
    )
}
