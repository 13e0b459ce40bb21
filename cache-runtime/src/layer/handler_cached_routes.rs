//! The routes whose handlers cache themselves, and which the layer therefore bypasses.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use axum::extract::MatchedPath;

/// The routes whose handlers reported that they have the attribute and the layer's cache. Shared by all clones of a layer.
#[derive(Debug, Clone, Default)]
pub(super) struct HandlerCachedRoutes(Arc<RwLock<HashSet<Arc<str>>>>);

impl HandlerCachedRoutes {
    pub(super) fn contains(&self, route: &MatchedPath) -> bool {
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        routes.contains(route.as_str())
    }

    pub(super) fn insert(&self, route: &MatchedPath) {
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        routes.insert(route.as_str().into());
    }
}
