//! Decides whether a response is stored, and for how long.
//!
//! Under a policy the policy decides, and the response can only forbid or shorten it. In RFC 9111 mode the response itself
//! decides. Both modes share the checks of [`Candidate`].

mod candidate;
mod by_policy;
mod by_response;

use std::time::Duration;

use http::response;

use self::candidate::Candidate;
use super::{age::Arrival, stored_headers::has_too_many_header_names, ttl::Ttl};
use crate::{outcome::NotStoredReason, policy::Policy};

/// The TTL of the response, or the reason why it is not stored.
///
/// `default_ttl` is for a policy without a TTL. `store_if` is called last, so it sees only responses that all other rules
/// allow.
pub(crate) fn storability(
    parts: &response::Parts,
    policy: &Policy,
    default_ttl: Duration,
    arrival: Arrival,
) -> Result<Ttl, NotStoredReason> {
    if has_too_many_header_names(&parts.headers) {
        return Err(NotStoredReason::HeaderNames);
    }
    let candidate = Candidate::new(parts, policy);
    match policy.http {
        None => by_policy::storability(&candidate, default_ttl, arrival.response_time),
        Some(http) => by_response::storability(&candidate, http, arrival),
    }
}

#[cfg(test)]
mod tests;
