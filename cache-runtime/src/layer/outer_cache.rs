//! A layer of another cache around this one, and the marks on responses for it.

use axum::body::Body;
use http::{Extensions, Response};

use super::config::LayerConfig;
use crate::{
    http::enclosing_layers::EnclosingLayers,
    origin::http::{CachedWithin, Unshared},
};

/// Whether there is an outer layer for which responses are marked.
#[derive(Clone, Copy)]
pub(super) struct OuterCache {
    is_present: bool,
    /// This layer is in RFC 9111 mode, where responses declare themselves how they are cached.
    is_http: bool,
}

impl OuterCache {
    pub(super) fn of(request: &Extensions, config: &LayerConfig) -> Self {
        Self {
            is_present: request.get::<EnclosingLayers>().is_some(),
            is_http: config.http.is_some(),
        }
    }

    /// Makes outer layers leave the response alone.
    ///
    /// Its `private, no-cache` is for browsers and proxies. An outer cache of the same program would take it for a response that
    /// must not be stored, and report a hit of this cache as a miss.
    pub(super) fn mark(self, mut response: Response<Body>) -> Response<Body> {
        let extensions = response.extensions_mut();
        if self.is_present && (!self.is_http || extensions.get::<Unshared>().is_some()) {
            extensions.insert(CachedWithin);
            extensions.insert(Unshared);
        }
        response
    }
}
