//! Responses from entries, and the header fields that the cache adds to responses.

mod cache_headers;
mod status_headers;
mod no_body;
mod responder;
mod template;
mod answer;
mod uncached;

pub(crate) use self::{
    cache_headers::CacheHeaders,
    responder::Responder,
    status_headers::StatusHeaders,
    uncached::{apply_conditions, gateway_timeout, replay, uncached},
};

#[cfg(test)]
mod tests;
