//! The directives of a response (RFC 9111 section 5.2.2).

use std::time::Duration;

use http::{HeaderMap, HeaderName, header};

use super::grammar::{Directive, directives, strictest};

/// The directives by which a response constrains caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ResponseDirectives {
    pub(crate) no_store: bool,
    pub(crate) no_cache: bool,
    pub(crate) private: bool,
    /// `no-cache` that is about the whole response, not about some fields of it.
    pub(crate) unqualified_no_cache: bool,
    /// `private` that is about the whole response, not about some fields of it.
    pub(crate) unqualified_private: bool,
    pub(crate) must_understand: bool,
    /// `must-revalidate`, or `proxy-revalidate`, which means the same to a shared cache.
    pub(crate) must_revalidate: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) s_maxage: Option<Duration>,
    /// RFC 5861 section 3.
    pub(crate) stale_while_revalidate: Option<Duration>,
    /// RFC 5861 section 4.
    pub(crate) stale_if_error: Option<Duration>,
    pub(crate) public: bool,
    /// `public`, `must-revalidate` or `s-maxage`: the response may be shared even if its request carried credentials
    /// (section 3.5).
    pub(crate) allows_sharing: bool,
}

impl ResponseDirectives {
    /// Parses all lines of `Cache-Control`.
    pub(crate) fn parse(headers: &HeaderMap) -> Self {
        let mut all = Self::default();
        for directive in headers.get_all(header::CACHE_CONTROL).iter().flat_map(directives) {
            all.add(directive);
        }
        all
    }

    fn add(&mut self, directive: Directive<'_>) {
        self.public |= directive.is("public");
        let sharing = ["public", "must-revalidate", "s-maxage"];
        self.allows_sharing |= sharing.iter().any(|name| directive.is(name));
        if directive.is("no-store") {
            self.no_store = true;
        } else if directive.is("no-cache") {
            self.no_cache = true;
            self.unqualified_no_cache |= directive.field_names().is_none();
        } else if directive.is("private") {
            self.private = true;
            self.unqualified_private |= directive.field_names().is_none();
        } else if directive.is("must-understand") {
            self.must_understand = true;
        } else if directive.is("must-revalidate") || directive.is("proxy-revalidate") {
            self.must_revalidate = true;
        } else if directive.is("max-age") {
            self.max_age = Some(strictest(self.max_age, directive.seconds_or_zero()));
        } else if directive.is("s-maxage") {
            self.s_maxage = Some(strictest(self.s_maxage, directive.seconds_or_zero()));
        } else if directive.is("stale-while-revalidate") {
            let window = directive.seconds_or_zero();
            self.stale_while_revalidate = Some(strictest(self.stale_while_revalidate, window));
        } else if directive.is("stale-if-error") {
            let window = directive.seconds_or_zero();
            self.stale_if_error = Some(strictest(self.stale_if_error, window));
        }
    }

    /// Whether the response must not be served stale, not even while the origin fails (RFC 9111 section 4.2.4; `s-maxage`
    /// implies it by section 5.2.2.10).
    pub(crate) fn forbids_stale(&self) -> bool {
        self.must_revalidate || self.s_maxage.is_some() || self.unqualified_no_cache
    }

    /// The fields that `no-cache` and `private` name: a cache must not give them to other requests (RFC 9111 sections
    /// 5.2.2.4 and 5.2.2.7).
    pub(crate) fn withheld_fields(headers: &HeaderMap) -> Vec<HeaderName> {
        let lines = headers.get_all(header::CACHE_CONTROL).iter();
        lines
            .flat_map(directives)
            .filter(|directive| directive.is("no-cache") || directive.is("private"))
            .filter_map(|directive| directive.field_names())
            .flatten()
            .collect()
    }
}
