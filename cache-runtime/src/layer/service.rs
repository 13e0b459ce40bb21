//! The service of the layer.

use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    BoxError,
    body::{Body, HttpBody},
};
use bytes::Bytes;
use http::{Extensions, Request, Response};
use tower_service::Service;

use super::{
    config::LayerConfig, decision::Decision, fill::look_up_or_fill, future::ResponseFuture,
    outer_cache::OuterCache, request_evictions::PendingEvictions,
};
use crate::{cache, engine::RequestScope};

/// The service that [`CacheLayer`](super::CacheLayer) puts around another one.
///
/// For each request it looks in the cache, calls the inner service if necessary, and evicts after that. Without a cache it passes
/// requests on.
///
/// ```
/// use axum::Router;
/// use handler_cache::layer::CacheLayer;
/// use tower_layer::Layer;
///
/// let cached = CacheLayer::new().layer(Router::<()>::new());
/// assert!(!cached.get_ref().has_routes());
/// ```
#[derive(Debug, Clone)]
pub struct CacheService<S> {
    inner: S,
    config: Arc<LayerConfig>,
}

impl<S> CacheService<S> {
    pub(super) fn new(inner: S, config: Arc<LayerConfig>) -> Self {
        Self { inner, config }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, mutable.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Clone> CacheService<S> {
    /// The inner service that `poll_ready` reported as ready. A clone of it, which may not be ready, takes its place.
    fn take_ready(&mut self) -> S {
        let clone = self.inner.clone();
        mem::replace(&mut self.inner, clone)
    }
}

impl<S, B, R> Service<Request<B>> for CacheService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: HttpBody + Default + Send + 'static,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut inner = self.take_ready();
        let (parts, body) = request.into_parts();
        let Some(core) = self.config.core(&parts.extensions) else {
            return ResponseFuture::bypass(inner.call(Request::from_parts(parts, body)));
        };
        let outer = OuterCache::of(&parts.extensions, &self.config);
        let has_body = !body.is_end_stream();
        let decision = self.config.decide(&core, &parts, has_body);
        let evictions = self.config.evictions_of(&parts, has_body);
        let decision = match decision {
            Decision::Hit(response) if evictions.is_none() => {
                return ResponseFuture::ready(outer.mark(response));
            }
            decision => decision,
        };

        let mut request = Request::from_parts(parts, body);
        let scope = scope_of(request.extensions_mut());
        let evictions = evictions.map(|evictions| evictions.begin(Arc::clone(&core.engine), &scope));
        let response = match decision {
            Decision::Hit(response) => ResponseFuture::ready(outer.mark(response)),
            Decision::Bypass(layers) => {
                request.extensions_mut().insert(layers);
                ResponseFuture::bypass(inner.call(request))
            }
            Decision::Lookup(mut lookup, filter) => {
                lookup.scope = Some(scope);
                request.extensions_mut().insert(filter.layers.clone());
                ResponseFuture::boxed(look_up_or_fill(inner, request, lookup, filter, outer))
            }
        };
        match evictions {
            None => response,
            Some(evictions) => then_evict(response, evictions),
        }
    }
}

/// Evicts after the response, if it is successful.
fn then_evict<F, R, E>(response: ResponseFuture<F, E>, evictions: PendingEvictions) -> ResponseFuture<F, E>
where
    F: Future<Output = Result<Response<R>, E>> + Send + 'static,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
    E: Send + 'static,
{
    ResponseFuture::boxed(async { Ok(evictions.finish(response.await?).await) })
}

/// The scope of the request's work: that of an outer layer, or a new one.
fn scope_of(request: &mut Extensions) -> Arc<RequestScope> {
    cache::scope_of(request).unwrap_or_else(|| {
        let scope = RequestScope::immediate();
        request.insert(Arc::clone(&scope));
        scope
    })
}

#[cfg(test)]
mod tests {
    use tower_layer::Layer;

    use super::*;
    use crate::layer::CacheLayer;

    /// axum may call `layer` for each request, and the built config leaks the names in `vary`.
    #[test]
    fn p6_a_layer_is_built_once() {
        let layer = CacheLayer::new().vary(["accept-language"]);
        let [one, other] = [(), ()].map(|inner| layer.layer(inner));
        assert!(Arc::ptr_eq(&one.config, &other.config));
        let changed = layer.vary(["accept"]).layer(());
        assert!(!Arc::ptr_eq(&one.config, &changed.config));
    }

    #[test]
    fn the_inner_service_is_accessible() {
        let mut service = CacheLayer::new().layer(1);
        *service.get_mut() += 1;
        assert_eq!(*service.get_ref(), 2);
        assert_eq!(service.into_inner(), 2);
    }
}
