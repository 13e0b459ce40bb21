//! Decides how the layer handles a request: bypass, hit in memory, or lookup in the store.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use axum::{body::Body, extract::MatchedPath};
use http::{Response, request};

use super::{config::LayerConfig, response_filter::ResponseFilter};
use crate::{
    http::{
        accepts_method,
        enclosing_layers::EnclosingLayers,
        request_head::{KeptHeaders, RequestHead},
    },
    key::KeyArgs,
    origin::{
        CacheCore,
        http::{self as origin, MemoryLookup},
    },
    policy::Policy,
};

/// How the layer handles a request.
pub(super) enum Decision {
    /// The request bypasses the cache. The service runs within these layers.
    Bypass(EnclosingLayers),
    /// The response from this process's memory.
    Hit(Response<Body>),
    /// The engine looks in the store, and runs the service if necessary.
    Lookup(Box<origin::Request>, ResponseFilter),
}

impl LayerConfig {
    /// Builds the key and looks in memory.
    pub(super) fn decide(
        self: &Arc<Self>,
        core: &Arc<CacheCore>,
        request: &request::Parts,
        has_body: bool,
    ) -> Decision {
        let cache = Arc::as_ptr(core).addr();
        let outer = request.extensions.get::<EnclosingLayers>();
        let bypass = || Decision::Bypass(EnclosingLayers::with(outer, cache));
        // The key does not contain a body.
        if has_body || self.defers_to_another(outer, cache, request) {
            return bypass();
        }
        // Functions of the application may panic. Then the request bypasses the cache.
        let admitted = catch_unwind(AssertUnwindSafe(|| self.admit(request)));
        let Some(admitted) = admitted.ok().flatten() else {
            return bypass();
        };
        if !accepts_method(admitted.policy.methods, &request.method) {
            return bypass();
        }
        let (policy, handler) = (&admitted.policy, admitted.handler);
        let head = RequestHead::from_parts(request, kept_headers(policy));
        let write_key = |key: &mut KeyArgs<'_>| self.write_key(request, &admitted, key);
        match Arc::clone(core).look_up(policy, handler, head, false, write_key) {
            MemoryLookup::Bypass => bypass(),
            MemoryLookup::Hit(response) => Decision::Hit(response),
            MemoryLookup::Miss(mut lookup) => {
                if admitted.has_credentials {
                    lookup.fill_alone();
                }
                lookup.add_tag_names(admitted.resource.tags(&core.engine.names));
                let filter = ResponseFilter {
                    config: Arc::clone(self),
                    layers: EnclosingLayers::with(outer, cache),
                    route: request.extensions.get::<MatchedPath>().cloned(),
                    has_credentials: admitted.has_credentials,
                };
                Decision::Lookup(lookup, filter)
            }
        }
    }

    /// Whether an outer layer or the handler uses the same cache for this request.
    ///
    /// Of several layers of one cache only the outermost uses it: otherwise a hit would skip the services between the layers,
    /// and a miss would wait for itself.
    fn defers_to_another(
        &self,
        outer: Option<&EnclosingLayers>,
        cache: usize,
        request: &request::Parts,
    ) -> bool {
        let route = request.extensions.get::<MatchedPath>();
        outer.is_some_and(|outer| outer.contains(cache))
            || route.is_some_and(|route| self.handler_cached_routes.contains(route))
    }
}

/// The request headers by which entries may vary.
fn kept_headers(policy: &Policy) -> KeptHeaders {
    match policy.http {
        None => KeptHeaders::Named(policy.vary),
        Some(_) => KeptHeaders::All,
    }
}
