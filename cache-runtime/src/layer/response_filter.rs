//! The layer's own conditions on a response, before the rules of HTTP decide whether it is stored.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use axum::{body::Body, extract::MatchedPath};
use http::{Response, response};

use super::config::LayerConfig;
use crate::{
    http::{
        credentials::allows_sharing_with_credentials, enclosing_layers::EnclosingLayers,
        response_parts::StoreOptions,
    },
    origin::http::{CachedWithin, Unshared},
};

/// Marks responses of the service that must not be stored or shared.
pub(super) struct ResponseFilter {
    pub(super) config: Arc<LayerConfig>,
    /// The layers around the service, this one included.
    pub(super) layers: EnclosingLayers,
    pub(super) route: Option<MatchedPath>,
    /// The request carries credentials, so the response is shared only if it says so.
    pub(super) has_credentials: bool,
}

impl ResponseFilter {
    pub(super) fn apply(&self, response: Response<Body>) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        if self.layers.defers_to_handler() {
            if let Some(route) = &self.route {
                self.config.handler_cached_routes.insert(route);
            }
            parts.extensions.insert(CachedWithin);
            parts.extensions.insert(Unshared);
            return Response::from_parts(parts, body);
        }
        if self.has_credentials && !allows_sharing_with_credentials(&parts.headers) {
            parts.extensions.insert(Unshared);
        }
        if !self.is_accepted(&parts) {
            parts.extensions.get_or_insert_default::<StoreOptions>().no_store = true;
        }
        Response::from_parts(parts, body)
    }

    /// The result of the layer's `store_if`. One that panics does not accept the response, as with the attribute's option.
    fn is_accepted(&self, parts: &response::Parts) -> bool {
        let Some(store_if) = &self.config.store_if else {
            return true;
        };
        catch_unwind(AssertUnwindSafe(|| store_if(parts))).unwrap_or(false)
    }
}
