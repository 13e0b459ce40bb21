//! What HTTP says about caching, as pure functions: no I/O, no clock, `now` is an argument.
//!
//! Each rule answers one question about one message (RFC 9110, RFC 9111). Acting on the answers is the
//! engine's part, and writing a response from an entry is `respond`'s.

pub(crate) mod credentials;
pub(crate) mod path;
pub(crate) mod request_head;
pub(crate) mod response_parts;
mod admission;
mod directives;
mod freshness;
pub(crate) mod shared_cache;
mod storability;
mod validators;
pub(crate) mod response;

#[cfg(test)]
pub(crate) mod fixtures;

pub(crate) use admission::{Admission, RequestConstraints, accepts_method, admit, representative_method};
#[cfg(feature = "test-util")]
pub(crate) use directives::{RequestDirectives, ResponseDirectives};
pub(crate) use freshness::{Freshness, current_age, freshness, remaining_ttl, should_refresh_early};
pub(crate) use storability::{
    Arrival, HandlerError, Ttl, allows_sharing_with_credentials, has_too_many_header_names,
    implies_hit_for_miss, is_connection_field, is_shareable_failure, list_members, matches_content_length,
    storability, storable_ttl, stored_headers, succeeded, vary_names,
};
pub(crate) use validators::{etag, not_modified};
