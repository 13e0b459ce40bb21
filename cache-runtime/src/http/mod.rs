//! The rules of HTTP caching (RFC 9110, RFC 9111), as pure functions: no I/O, no clock, `now` is an argument.
//!
//! Each file answers one question about one message. The engine acts on the answers; [`response`] builds responses from
//! entries.

// Fields, one file for the grammar of each.
mod value_writer;
mod list;
mod cache_control;
pub(crate) mod credentials;
pub(crate) mod date;
mod age;
mod etag;
mod vary;
mod content_length;
mod stored_headers;
// The request.
pub(crate) mod request_head;
pub(crate) mod enclosing_layers;
mod methods;
mod key_variant;
mod constraints;
mod conditional;
// The response.
pub(crate) mod response_parts;
mod handler_outcome;
mod ttl;
mod storability;
mod freshness;
pub(crate) mod shared_cache;
pub(crate) mod response;

#[cfg(test)]
pub(crate) mod fixtures;

pub(crate) use self::{
    age::Arrival,
    constraints::{Admission, RequestConstraints, admit},
    content_length::matches_content_length,
    etag::etag,
    freshness::freshness,
    handler_outcome::{HandlerError, implies_hit_for_miss, is_shareable_failure, succeeded},
    key_variant::write_key_variant,
    methods::representative_method,
    storability::storability,
    stored_headers::{has_too_many_header_names, is_hop_by_hop, stored_headers},
    ttl::Ttl,
};
#[cfg(feature = "test-util")]
pub(crate) use self::{
    cache_control::{RequestDirectives, ResponseDirectives},
    conditional::is_not_modified,
};
#[cfg(feature = "layer")]
pub(crate) use self::{list::list_members, methods::accepts_method};
