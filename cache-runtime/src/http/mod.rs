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
pub(crate) mod rfc9111;
mod refusal;
mod storable;
mod validators;
pub(crate) mod response;

#[cfg(test)]
pub(crate) mod fixtures;

pub(crate) use admission::{Admission, Wishes, admit, first_of, takes};
#[cfg(feature = "test-util")]
pub(crate) use directives::{RequestDirectives, ResponseDirectives};
pub(crate) use freshness::{Freshness, current_age, freshness, is_early, remaining};
pub(crate) use refusal::Refusal;
pub(crate) use storable::{
    Arrival, HandlerError, Lifetime, calls_itself_shared, failed, has_length, has_too_many_names,
    is_of_the_connection, members, stays_unstorable, storable, stored_headers, succeeded, vary_names,
    whole_life,
};
pub(crate) use validators::{etag, not_modified};
