//! May this response be stored, for how long, and what of it?

use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderName, StatusCode, header, response};

use super::{
    directives::{LONGEST, ResponseDirectives},
    freshness::{date, initial_age, parse_date, whole_seconds},
    shared_cache,
};
use crate::{
    clock::{EPOCH, Timestamp, millis},
    entry::HeaderLines,
    http::response_parts::StoreOptions,
    outcome::NotStoredReason,
    policy::Policy,
};

/// In a response's extensions: the handler answered `Err`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HandlerError;

/// When a response came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// By the clock that its dates are of.
    pub(crate) response_time: Timestamp,
    /// After it was asked for.
    pub(crate) response_delay: Duration,
}

/// How long a response is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ttl {
    /// What it came with.
    pub(crate) age: Duration,
    /// How long it is fresh, from its making; whole milliseconds.
    pub(crate) fresh: Duration,
    /// How long it is kept after that; whole milliseconds.
    pub(crate) stale: Duration,
}

impl Ttl {
    /// How long it is fresh from now.
    pub(crate) fn remaining(&self) -> Duration {
        self.fresh.saturating_sub(self.age)
    }

    /// When the response was made, and the same life counted from there: not before 1970, whatever age it came with.
    pub(crate) fn since_made(self, now: Timestamp) -> (Timestamp, Self) {
        let age = self.age.min(now.since(EPOCH));
        let earlier = self.age - age;
        let life = Self {
            age,
            fresh: self.fresh.saturating_sub(earlier),
            stale: self.stale.saturating_sub(earlier.saturating_sub(self.fresh)),
        };
        (now - age, life)
    }
}

/// How long the response may be stored, or why not at all.
///
/// The life is the policy's, shortened by what the response says of itself: `s-maxage`, else `max-age`, else
/// `Expires` less `Date` (RFC 9111 section 4.2.1), less the age it came with. A response can never lengthen it, unless
/// the policy leaves all that to responses. `store_if` is asked last, so it sees only what the rules allow.
pub(crate) fn storability(
    parts: &response::Parts,
    policy: &Policy,
    default_ttl: Duration,
    arrival: Arrival,
) -> Result<Ttl, NotStoredReason> {
    if has_too_many_header_names(&parts.headers) {
        return Err(NotStoredReason::HeaderNames);
    }
    if let Some(http) = policy.http {
        return shared_cache::storability(parts, policy, http, arrival);
    }
    let now = arrival.response_time;
    let allowed = policy_ttl(parts, policy, default_ttl)?;
    let steering = parts.extensions.get::<StoreOptions>();
    if steering.is_some_and(|steering| steering.no_store) {
        return Err(NotStoredReason::NoStorePart);
    }
    let allowed = steering.and_then(|steering| steering.expire).unwrap_or(allowed);
    let headers = &parts.headers;
    let directives = ResponseDirectives::parse(headers);
    if is_partial(parts) {
        return Err(NotStoredReason::Partial);
    }
    if headers.contains_key(header::SET_COOKIE) {
        return Err(NotStoredReason::SetCookie);
    }
    if directives.no_store {
        return Err(NotStoredReason::NoStore);
    }
    if directives.private {
        return Err(NotStoredReason::Private);
    }
    if directives.no_cache {
        return Err(NotStoredReason::NoCache);
    }
    varies_by_key(headers, policy)?;
    if headers.contains_key(header::CONTENT_ENCODING) && !policy.vary.contains(&"accept-encoding") {
        return Err(NotStoredReason::ContentEncoding);
    }
    if is_event_stream(headers) {
        return Err(NotStoredReason::EventStream);
    }
    let age = initial_age(headers, now);
    let life = match explicit_ttl(&directives, headers, now) {
        Some(own) => allowed.min(own.saturating_sub(age)),
        None => allowed,
    };
    let life = storable_ttl(life).ok_or(NotStoredReason::NoTtl)?;
    if policy.store_if.is_some_and(|accepts| !accepts(parts)) {
        return Err(NotStoredReason::StoreIf);
    }
    Ok(Ttl {
        age,
        fresh: life + age,
        stale: policy.stale_window(),
    })
}

/// Whether there are more names than an entry may have. Nothing is added to such a map, which might panic.
pub(crate) fn has_too_many_header_names(headers: &HeaderMap) -> bool {
    headers.keys_len() > HeaderLines::MOST_NAMES
}

/// Whether the response says that others may share it, though its request had credentials (RFC 9111 section 3.5).
pub(crate) fn allows_sharing_with_credentials(headers: &HeaderMap) -> bool {
    ResponseDirectives::parse(headers).shared
}

/// The life as an entry has it: whole milliseconds, and no longer than a clock can tell; none where nothing is left.
pub(crate) fn storable_ttl(life: Duration) -> Option<Duration> {
    Some(whole(life)).filter(|life| !life.is_zero())
}

/// Whole milliseconds, and no longer than a clock can tell.
pub(super) fn whole(life: Duration) -> Duration {
    Duration::from_millis(millis(life.min(LONGEST)))
}

/// Whether the response is a failure, a 5xx, that may answer everyone who waited for it, though it is not stored.
///
/// Only what says nothing of whom it is for: variants and codings are left to their own requests.
pub(crate) fn is_shareable_failure(parts: &response::Parts) -> bool {
    let own = [header::SET_COOKIE, header::VARY, header::CONTENT_ENCODING];
    let directives = ResponseDirectives::parse(&parts.headers);
    let own = own.iter().any(|name| parts.headers.contains_key(name));
    let steering = parts.extensions.get::<StoreOptions>();
    let kept_back = directives.no_store
        || directives.private
        || directives.no_cache
        || steering.is_some_and(|steering| steering.no_store);
    parts.status.is_server_error() && !own && !kept_back && !has_too_many_header_names(&parts.headers)
}

/// Whether the handler did what it was asked to: it answered a 2xx or 3xx, and no `Err`.
pub(crate) fn succeeded<B>(response: &response::Response<B>) -> bool {
    let status = response.status();
    (status.is_success() || status.is_redirection()) && response.extensions().get::<HandlerError>().is_none()
}

/// Whether an answer that is not stored says something about its resource: then other requests for that get nothing to
/// store either, and what is stored is outdated.
///
/// All others are owed to their own request, to its fields, conditions, credentials, or to its bad luck: they say
/// nothing of what the next one gets. So does an `Err` of the handler, unless it says that there is nothing.
pub(crate) fn implies_hit_for_miss(status: StatusCode, extensions: &Extensions) -> bool {
    let is_error = extensions.get::<HandlerError>().is_some();
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => true,
        StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT => false,
        _ => !is_error && (status.is_success() || status.is_redirection()),
    }
}

/// Whether a body of `length` bytes is what `Content-Length`, if there is one, announced.
///
/// A shorter one was cut off on its way to the handler, as by a server behind it. The client's connection then ends in
/// an error; stored, the body would pass for whole.
pub(crate) fn matches_content_length(headers: &HeaderMap, length: u64) -> bool {
    let lines = headers.get_all(header::CONTENT_LENGTH).iter();
    lines
        .map(|line| line.to_str().ok()?.parse().ok())
        .all(|told: Option<u64>| told == Some(length))
}

/// What is stored of a response's headers, in order and with repeats.
///
/// Left out are the fields of the connection (RFC 9110 section 7.6.1 and those that `Connection` names) and of
/// proxies' authentication (RFC 9111 section 3.1). So is `Content-Length`: the body stored is what it measures,
/// and it must not contradict an answer to HEAD or a 304. `Age` and `Date` are for what the response says of its own life,
/// which counts from them. There must not be [too many](has_too_many_header_names).
pub(crate) fn stored_headers(headers: HeaderMap, keeps_dates: bool) -> HeaderMap {
    let named: Vec<HeaderName> = list_members(&headers, header::CONNECTION)
        .filter_map(|name| HeaderName::from_bytes(name).ok())
        .collect();
    // One more, for the ETag.
    let mut stored = HeaderMap::with_capacity(headers.keys_len() + 1);
    let mut current = None;
    for (name, value) in headers {
        if let Some(name) = name {
            let dated = name == header::AGE || name == header::DATE;
            let left_out = is_connection_field(&name) || named.contains(&name) || (dated && !keeps_dates);
            current = (!left_out).then_some(name);
        }
        if let Some(name) = &current {
            stored.append(name.clone(), value);
        }
    }
    stored
}

fn policy_ttl(
    parts: &response::Parts,
    policy: &Policy,
    default_ttl: Duration,
) -> Result<Duration, NotStoredReason> {
    let is_error = parts.extensions.get::<HandlerError>().is_some();
    match parts.status {
        StatusCode::NOT_FOUND | StatusCode::GONE => policy.not_found.ok_or(NotStoredReason::Status),
        _ if is_error => Err(NotStoredReason::Error),
        StatusCode::OK
        | StatusCode::NON_AUTHORITATIVE_INFORMATION
        | StatusCode::NO_CONTENT
        | StatusCode::MOVED_PERMANENTLY
        | StatusCode::PERMANENT_REDIRECT => Ok(policy.ttl(default_ttl)),
        StatusCode::PARTIAL_CONTENT => Err(NotStoredReason::Partial),
        _ => Err(NotStoredReason::Status),
    }
}

/// How long the response calls itself fresh (RFC 9111 section 4.2.1), if it does.
pub(super) fn explicit_ttl(
    directives: &ResponseDirectives,
    headers: &HeaderMap,
    now: Timestamp,
) -> Option<Duration> {
    let told = directives.s_maxage.or(directives.max_age);
    told.or_else(|| {
        let from = date(headers).unwrap_or(whole_seconds(now));
        let lines = headers.get_all(header::EXPIRES).iter();
        // A date that is none, `0` above all, lies in the past (RFC 9111 section 5.3).
        let lives = lines
            .map(|line| parse_date(line.as_bytes()).map_or(Duration::ZERO, |expires| expires.since(from)));
        lives.min()
    })
}

/// Every name in `Vary` must be in the key, else one client gets another's variant.
fn varies_by_key(headers: &HeaderMap, policy: &Policy) -> Result<(), NotStoredReason> {
    for name in vary_names(headers) {
        if name == b"*" {
            return Err(NotStoredReason::VaryAny);
        }
        let keyed = |key: &&str| name.eq_ignore_ascii_case(key.as_bytes());
        if !policy.vary.iter().any(keyed) {
            return Err(NotStoredReason::VaryNotKeyed);
        }
    }
    Ok(())
}

/// What `Vary` names, in any case.
pub(crate) fn vary_names(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    list_members(headers, header::VARY)
}

/// The members of a field whose lines are one list of tokens (RFC 9110 section 5.6.1).
pub(crate) fn list_members(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(name).iter();
    let members = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    members
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
}

/// Whether it is a part of a body.
pub(super) fn is_partial(parts: &response::Parts) -> bool {
    parts.status == StatusCode::PARTIAL_CONTENT || parts.headers.contains_key(header::CONTENT_RANGE)
}

pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_TYPE).iter().any(|line| {
        let essence = line.as_bytes().split(|&byte| byte == b';').next();
        essence.is_some_and(|essence| essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream"))
    })
}

/// Whether it is a field of the connection (RFC 9110 section 7.6.1), or of proxies' authentication.
pub(crate) fn is_connection_field(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION
            | header::CONTENT_LENGTH
            | header::PROXY_AUTHENTICATE
            | header::PROXY_AUTHORIZATION
            | header::TE
            | header::TRAILER
            | header::TRANSFER_ENCODING
            | header::UPGRADE
    ) || matches!(
        name.as_str(),
        "keep-alive" | "proxy-authentication-info" | "proxy-connection"
    )
}

#[cfg(test)]
mod tests;
