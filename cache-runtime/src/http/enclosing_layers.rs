//! The cache layers around a request, in the request's extensions.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// In the extensions of a request: the caches of the layers around it, and whether a handler inside caches itself.
///
/// Of several layers and handlers with one cache only one may use it for a request: a layer leaves the request to the layer
/// outside of it, and the innermost layer leaves the response to a handler that has the attribute.
#[derive(Debug, Clone, Default)]
pub(crate) struct EnclosingLayers {
    /// The caches, by the addresses of their engines.
    #[cfg_attr(not(feature = "layer"), allow(dead_code, reason = "for the layer"))]
    caches: Vec<usize>,
    /// Set by the handler for the innermost layer.
    handler_caches: Arc<AtomicBool>,
}

impl EnclosingLayers {
    /// The layers around, and one more with this cache.
    #[cfg(any(feature = "layer", test))]
    pub(crate) fn with(outer: Option<&Self>, cache: usize) -> Self {
        let mut caches = outer.map_or_else(Vec::new, |outer| outer.caches.clone());
        caches.push(cache);
        Self {
            caches,
            handler_caches: Arc::default(),
        }
    }

    /// Whether one of the layers has this cache.
    #[cfg(any(feature = "layer", test))]
    pub(crate) fn contains(&self, cache: usize) -> bool {
        self.caches.contains(&cache)
    }

    /// Reports that the handler inside caches its own response.
    pub(crate) fn defer_to_handler(&self) {
        self.handler_caches.store(true, Ordering::Relaxed);
    }

    /// Whether the handler inside caches its own response.
    #[cfg(any(feature = "layer", test))]
    pub(crate) fn defers_to_handler(&self) -> bool {
        self.handler_caches.load(Ordering::Relaxed)
    }
}
