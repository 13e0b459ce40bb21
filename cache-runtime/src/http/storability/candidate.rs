//! The checks on a response that both modes share.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header, response};

use crate::{
    http::{
        cache_control::ResponseDirectives, handler_outcome::HandlerError, response_parts::StoreOptions,
        vary::varies_by,
    },
    outcome::NotStoredReason,
    policy::Policy,
};

/// A check, passed unless there is a reason not to store the response.
pub(super) type Check = Result<(), NotStoredReason>;

/// A response that is a candidate for storing.
pub(super) struct Candidate<'a> {
    pub(super) parts: &'a response::Parts,
    pub(super) policy: &'a Policy,
    pub(super) directives: ResponseDirectives,
    options: Option<&'a StoreOptions>,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(parts: &'a response::Parts, policy: &'a Policy) -> Self {
        Self {
            parts,
            policy,
            directives: ResponseDirectives::parse(&parts.headers),
            options: parts.extensions.get(),
        }
    }

    pub(super) fn headers(&self) -> &'a HeaderMap {
        &self.parts.headers
    }

    pub(super) fn is_handler_error(&self) -> bool {
        self.parts.extensions.get::<HandlerError>().is_some()
    }

    /// The TTL in the response part `Expire`.
    pub(super) fn expire_part(&self) -> Option<Duration> {
        self.options.and_then(|options| options.expire)
    }

    /// The response part `NoStore` is absent.
    pub(super) fn check_no_store_part(&self) -> Check {
        let is_present = self.options.is_some_and(|options| options.no_store);
        reject_if(is_present, NotStoredReason::NoStorePart)
    }

    /// The response has the whole body, not a range of it.
    pub(super) fn check_is_complete(&self) -> Check {
        let is_partial = self.parts.status == StatusCode::PARTIAL_CONTENT
            || self.headers().contains_key(header::CONTENT_RANGE);
        reject_if(is_partial, NotStoredReason::Partial)
    }

    /// The response sets no cookie, or other requests do not receive that field.
    pub(super) fn check_set_cookie(&self, withheld: &[HeaderName]) -> Check {
        let sets_cookie =
            self.headers().contains_key(header::SET_COOKIE) && !withheld.contains(&header::SET_COOKIE);
        reject_if(sets_cookie, NotStoredReason::SetCookie)
    }

    /// An encoded body varies by `Accept-Encoding`: other clients may not support its encoding.
    pub(super) fn check_content_encoding(&self) -> Check {
        const BY: &str = "accept-encoding";
        let is_for_all_clients = self.headers().contains_key(header::CONTENT_ENCODING)
            && !self.policy.vary.contains(&BY)
            && !varies_by(self.headers(), BY);
        reject_if(is_for_all_clients, NotStoredReason::ContentEncoding)
    }

    /// The response is not an event stream, whose body does not end.
    pub(super) fn check_content_type(&self) -> Check {
        let is_event_stream = self.headers().get_all(header::CONTENT_TYPE).iter().any(|line| {
            let essence = line.as_bytes().split(|&byte| byte == b';').next();
            essence.is_some_and(|essence| essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream"))
        });
        reject_if(is_event_stream, NotStoredReason::EventStream)
    }

    /// The application's `store_if` accepts the response.
    pub(super) fn check_store_if(&self) -> Check {
        let is_rejected = self.policy.store_if.is_some_and(|accepts| !accepts(self.parts));
        reject_if(is_rejected, NotStoredReason::StoreIf)
    }
}

pub(super) fn reject_if(condition: bool, reason: NotStoredReason) -> Check {
    match condition {
        true => Err(reason),
        false => Ok(()),
    }
}
