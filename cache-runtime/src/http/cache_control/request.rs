//! The directives of a request (RFC 9111 section 5.2.1).

use std::time::Duration;

use http::HeaderValue;

use super::grammar::{Directive, MAX_DELTA, directives, strictest};
use crate::http::request_head::{RequestFields, RequestHead};

/// The directives by which a request constrains caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RequestDirectives {
    pub(crate) no_store: bool,
    pub(crate) no_cache: bool,
    pub(crate) only_if_cached: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) min_fresh: Option<Duration>,
    /// [`Duration::MAX`] without an argument: any staleness is accepted.
    pub(crate) max_stale: Option<Duration>,
}

impl RequestDirectives {
    /// The directives of the request; `None` if it has neither of the two fields.
    pub(crate) fn from_request(request: &RequestHead) -> Option<Self> {
        let RequestFields {
            cache_control,
            pragma,
            ..
        } = request.fields();
        let mut all = match (cache_control, pragma) {
            (None, None) if !request.no_store && !request.no_cache => return None,
            (None, None) => Self::default(),
            (cache_control, pragma) => Self::parse(cache_control.as_ref(), pragma.as_ref()),
        };
        all.no_store |= request.no_store;
        all.no_cache |= request.no_cache;
        Some(all)
    }

    /// Parses both fields, each as one list.
    ///
    /// RFC 9111 section 5.4 lets caches ignore `Pragma` beside `Cache-Control`. Here `no-cache` counts in either: a client
    /// that sends it wants the handler to run, whatever else it sends.
    pub(crate) fn parse(cache_control: Option<&HeaderValue>, pragma: Option<&HeaderValue>) -> Self {
        let mut all = Self::default();
        for directive in cache_control.into_iter().flat_map(directives) {
            all.add(directive);
        }
        all.no_cache |= pragma
            .into_iter()
            .flat_map(directives)
            .any(|directive| directive.is("no-cache"));
        all
    }

    fn add(&mut self, directive: Directive<'_>) {
        if directive.is("no-store") {
            self.no_store = true;
        } else if directive.is("no-cache") {
            self.no_cache = true;
        } else if directive.is("only-if-cached") {
            self.only_if_cached = true;
        } else if directive.is("max-age") {
            let limit = directive.seconds_or_zero();
            self.max_age = Some(strictest(self.max_age, limit));
        } else if directive.is("min-fresh") {
            let least = directive.seconds().unwrap_or(MAX_DELTA);
            self.min_fresh = Some(self.min_fresh.map_or(least, |other| other.max(least)));
        } else if directive.is("max-stale") {
            let limit = match directive.has_argument() {
                false => Duration::MAX,
                true => directive.seconds_or_zero(),
            };
            self.max_stale = Some(strictest(self.max_stale, limit));
        }
    }
}
