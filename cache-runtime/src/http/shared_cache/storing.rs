//! May a shared cache store this response, and for how long (RFC 9111 sections 3 and 4.2)?

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header, response};

use crate::{
    clock::Timestamp,
    http::{
        directives::{LONGEST, ResponseDirectives},
        freshness::{age_value, apparent_age, date, parse_date, whole_seconds},
        response_parts::StoreOptions,
        shared_cache::VALIDATORS,
        storability::{
            Arrival, HandlerError, Ttl, explicit_ttl, is_event_stream, is_partial, vary_names, whole,
        },
    },
    outcome::NotStoredReason,
    policy::{Expiration, Http, Policy},
};

/// How long what can be validated, or might be needed when the service fails, is kept past its life, unless the policy
/// says so.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest life that is guessed (RFC 9111 section 4.2.2).
const LONGEST_GUESS: Duration = KEPT;

/// How long the response may be stored, or why not at all.
///
/// What it says of its own life counts. Where it says nothing and its status allows it, the life is guessed from
/// `Last-Modified` if the layer is to guess, else the one that the policy names, else none: then the entry is validated
/// each time. What can neither be served nor validated is not stored.
pub(crate) fn storability(
    parts: &response::Parts,
    policy: &Policy,
    http: Http,
    arrival: Arrival,
) -> Result<Ttl, NotStoredReason> {
    let now = arrival.response_time;
    let headers = &parts.headers;
    let directives = ResponseDirectives::parse(headers);
    let steering = parts.extensions.get::<StoreOptions>();
    if parts.extensions.get::<HandlerError>().is_some() {
        return Err(NotStoredReason::Error);
    }
    if steering.is_some_and(|steering| steering.no_store) {
        return Err(NotStoredReason::NoStorePart);
    }
    if is_partial(parts) {
        return Err(NotStoredReason::Partial);
    }
    if !is_final(parts.status) || (directives.must_understand && !is_understood(parts.status)) {
        return Err(NotStoredReason::Status);
    }
    // Beside `must-understand`, `no-store` is for caches that do not understand (section 5.2.2.3).
    if directives.no_store && !directives.must_understand {
        return Err(NotStoredReason::NoStore);
    }
    if directives.bare_private {
        return Err(NotStoredReason::Private);
    }
    let withheld = ResponseDirectives::withheld(headers);
    if headers.contains_key(header::SET_COOKIE) && !withheld.contains(&header::SET_COOKIE) {
        return Err(NotStoredReason::SetCookie);
    }
    // What is no name of a field may be that of any.
    if vary_names(headers).any(|name| name == b"*" || HeaderName::from_bytes(name).is_err()) {
        return Err(NotStoredReason::VaryAny);
    }
    let coding = "accept-encoding";
    let names_coding = |name: &[u8]| name.eq_ignore_ascii_case(coding.as_bytes());
    if headers.contains_key(header::CONTENT_ENCODING)
        && !policy.vary.contains(&coding)
        && !vary_names(headers).any(names_coding)
    {
        return Err(NotStoredReason::ContentEncoding);
    }
    if is_event_stream(headers) {
        return Err(NotStoredReason::EventStream);
    }
    let steered = steering.and_then(|steering| steering.expire);
    let told = steered.or_else(|| explicit_ttl(&directives, headers, now));
    let is_allowed = directives.public || is_cacheable_unless_told(parts.status);
    let fresh = match told {
        Some(told) => told,
        None if is_allowed => implicit_ttl(headers, policy, http, now),
        None => return Err(NotStoredReason::Status),
    };
    let fresh = if directives.bare_no_cache {
        Duration::ZERO
    } else {
        fresh
    };
    let age = corrected_age(headers, arrival);
    let kept = kept(headers, &directives, policy, fresh <= age);
    if fresh <= age && kept.is_zero() {
        return Err(NotStoredReason::NoTtl);
    }
    if policy.store_if.is_some_and(|accepts| !accepts(parts)) {
        return Err(NotStoredReason::StoreIf);
    }
    Ok(Ttl {
        age: whole(age),
        fresh: whole(fresh),
        // Counted from the end of its life, which may be long ago.
        stale: whole(kept.saturating_add(age.saturating_sub(fresh))),
    })
}

/// Of a response's headers those that others may see: without the fields that `private` and `no-cache` name (RFC 9111
/// sections 5.2.2.4 and 5.2.2.7). `None`: all of them.
pub(crate) fn without_withheld_fields(headers: &HeaderMap) -> Option<HeaderMap> {
    let withheld = ResponseDirectives::withheld(headers);
    let is_withheld = |name: &HeaderName| withheld.contains(name);
    headers.keys().any(is_withheld).then(|| {
        let mut shown = headers.clone();
        for name in &withheld {
            shown.remove(name);
        }
        shown
    })
}

/// The age a response came with, its time on the way included (RFC 9111 section 4.2.3).
fn corrected_age(headers: &HeaderMap, arrival: Arrival) -> Duration {
    apparent_age(headers, arrival.response_time)
        .max(age_value(headers) + arrival.response_delay)
        .min(LONGEST)
}

/// The life of a response that says nothing of it (RFC 9111 section 4.2.2).
fn implicit_ttl(headers: &HeaderMap, policy: &Policy, http: Http, now: Timestamp) -> Duration {
    let modified = headers.get(header::LAST_MODIFIED).filter(|_| http.guesses);
    let guess = modified
        .and_then(|modified| parse_date(modified.as_bytes()))
        .map(|modified| date(headers).unwrap_or(whole_seconds(now)).since(modified) / 10);
    let fallback = match policy.expiration {
        Expiration::Default => Duration::ZERO,
        Expiration::After(_) | Expiration::Never => policy.ttl(Duration::ZERO),
    };
    guess.map_or(fallback, |guess| guess.min(LONGEST_GUESS))
}

/// How long the response is kept past its life: for as long as it can be validated, or served while the service fails.
fn kept(headers: &HeaderMap, directives: &ResponseDirectives, policy: &Policy, is_stale: bool) -> Duration {
    let can_be_validated = VALIDATORS.iter().any(|name| headers.contains_key(name));
    let serves = !directives.forbids_stale();
    let bridges = match policy.stale_if_error.or(directives.stale_if_error) {
        _ if !serves => Duration::ZERO,
        Some(window) => window,
        // Stale from the start, it would take up room for the case of a failure alone.
        None if is_stale => Duration::ZERO,
        None => KEPT,
    };
    let revalidates = policy
        .stale_while_revalidate
        .or(directives.stale_while_revalidate)
        .filter(|_| serves);
    let validated = if can_be_validated { KEPT } else { Duration::ZERO };
    bridges.max(revalidates.unwrap_or_default()).max(validated)
}

fn is_final(status: StatusCode) -> bool {
    !status.is_informational() && status != StatusCode::NOT_MODIFIED
}

/// Of the others it is not known what they ask of caches (RFC 9111 section 3).
fn is_understood(status: StatusCode) -> bool {
    status.canonical_reason().is_some()
}

/// Statuses that may be stored without a word on it (RFC 9110 section 15.1), but for 206.
fn is_cacheable_unless_told(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501
    )
}

#[cfg(test)]
mod tests;
