//! `Cache-Control` (RFC 9111 section 5.2).

mod grammar;
mod request;
mod response;

pub(super) use self::grammar::{MAX_DELTA, delta_seconds};
pub(crate) use self::{request::RequestDirectives, response::ResponseDirectives};

#[cfg(test)]
mod tests;
