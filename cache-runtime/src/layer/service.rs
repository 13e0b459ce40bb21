//! The service around another: asks the cache first, and evicts after.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    BoxError,
    body::{Body, HttpBody},
    extract::MatchedPath,
};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, request};
use tower_service::Service;

use super::{
    config::{Admitted, LayerConfig},
    future::ResponseFuture,
};
use crate::{
    cache,
    engine::{RequestScope, Run},
    entry::Entry,
    http::{
        self as rules,
        enclosing_layers::EnclosingLayers,
        request_head::{KeptHeaders, RequestHead},
        response_parts::StoreOptions,
        shared_cache,
    },
    key::KeyArgs,
    origin::{
        CacheCore,
        http::{self as origin, CachedWithin, Call, MemoryLookup, Unshared, Validated},
    },
    policy::Policy,
    sync::{Mutex, lock},
};

/// What [`CacheLayer`](super::CacheLayer) makes of a service.
#[derive(Debug, Clone)]
pub struct CacheService<S> {
    inner: S,
    config: Arc<LayerConfig>,
}

impl<S> CacheService<S> {
    pub(super) fn new(inner: S, config: Arc<LayerConfig>) -> Self {
        Self { inner, config }
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
        // The one that is ready is called; its clone need not be.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let (parts, body) = request.into_parts();
        let core = match &self.config.cache {
            Some(cache) => Some(Arc::clone(&cache.core)),
            None => cache::core_for(&parts.extensions),
        };
        let Some(core) = core else {
            return ResponseFuture::passed(inner.call(Request::from_parts(parts, body)));
        };
        let cache = Arc::as_ptr(&core).addr();
        let within = Within {
            another_cache: parts.extensions.get::<EnclosingLayers>().is_some(),
            speaks_http: self.config.http.is_some(),
        };
        let has_body = !body.is_end_stream();
        let mut way = self.config.way(Arc::clone(&core), &parts, has_body);
        let evictions = self.config.evictions_of(&parts, has_body);
        if let (Way::Answered(response), None) = (&mut way, &evictions) {
            return ResponseFuture::answered(within.marked(std::mem::take(response)));
        }
        let around = cache::scope_of(&parts.extensions);
        let mut request = Request::from_parts(parts, body);
        let scope = around.unwrap_or_else(|| {
            let scope = RequestScope::immediate();
            request.extensions_mut().insert(Arc::clone(&scope));
            scope
        });
        let evicting = evictions.map(|evictions| evictions.begin(Arc::clone(&core.engine), &scope));
        match &mut way {
            Way::Answered(_) => {}
            Way::Past => {
                let around = EnclosingLayers::with(request.extensions().get(), cache);
                request.extensions_mut().insert(around);
            }
            Way::Through(asked, judge) => {
                asked.scope = Some(scope);
                request.extensions_mut().insert(judge.around.clone());
            }
        }
        let Some(evicting) = evicting else {
            return match way {
                Way::Answered(response) => ResponseFuture::answered(within.marked(response)),
                Way::Past => ResponseFuture::passed(inner.call(request)),
                Way::Through(asked, judge) => {
                    ResponseFuture::waited(through(inner, request, asked, judge, within))
                }
            };
        };
        match way {
            Way::Answered(response) => {
                let response = within.marked(response);
                ResponseFuture::waited(async { Ok(evicting.after(response).await) })
            }
            Way::Past => {
                let answer = inner.call(request);
                ResponseFuture::waited(async { Ok(evicting.after(answer.await?.map(Body::new)).await) })
            }
            Way::Through(asked, judge) => {
                let answer = through(inner, request, asked, judge, within);
                ResponseFuture::waited(async { Ok(evicting.after(answer.await?).await) })
            }
        }
    }
}

/// From the store, or else from the service.
async fn through<S, B, R>(
    inner: S,
    request: Request<B>,
    asked: Box<origin::Request>,
    judge: Judge,
    within: Within,
) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: HttpBody + Default + Send + 'static,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let failed: Failed<S::Error> = Arc::default();
    let failure = Arc::clone(&failed);
    let call = Call::Service(Box::new(move |run| {
        Box::pin(async move {
            match answer(inner, request, &run).await {
                Ok(response) => judge.judged(response),
                Err(error) => {
                    *lock(&failure) = Some(error);
                    nobodys()
                }
            }
        })
    }));
    let response = within.marked(asked.answer(call).await);
    let failed = lock(&failed).take();
    match response.extensions().get::<Failure>() {
        Some(_) => failed.map_or(Ok(response), Err),
        None => Ok(response),
    }
}

/// Whether this layer stands within one of another cache.
#[derive(Clone, Copy)]
struct Within {
    another_cache: bool,
    /// The response says itself how it is cached.
    speaks_http: bool,
}

impl Within {
    /// Has layers further out leave the response alone: its `private, no-cache` is for browsers and proxies, and an outer
    /// cache of this program would take it for a response that must not be stored, and call this one's hit a miss.
    fn marked(self, mut response: Response<Body>) -> Response<Body> {
        let extensions = response.extensions_mut();
        if self.another_cache && (!self.speaks_http || extensions.get::<Unshared>().is_some()) {
            extensions.insert(CachedWithin);
            extensions.insert(Unshared);
        }
        response
    }
}

/// Which way a request goes.
enum Way {
    /// The cache has no part in it.
    Past,
    /// Answered from this process's memory.
    Answered(Response<Body>),
    /// The store must be asked, and perhaps the service.
    Through(Box<origin::Request>, Judge),
}

impl LayerConfig {
    /// Looks into memory, with a key made of what the request asks for.
    fn way(self: &Arc<Self>, core: Arc<CacheCore>, request: &request::Parts, has_body: bool) -> Way {
        let matched = request.extensions.get::<MatchedPath>();
        // A body is not in the key. And of several layers of one cache around a service the outermost alone has a part in a
        // request: what stands between them would be skipped, or this one would wait for that.
        let cache = Arc::as_ptr(&core).addr();
        let around = request.extensions.get::<EnclosingLayers>();
        let is_within = around.is_some_and(|around| around.contains(cache));
        if has_body || is_within || matched.is_some_and(|route| self.is_cached_within(route)) {
            return Way::Past;
        }
        // The user's functions are asked in there, and may panic.
        let admitted = catch_unwind(AssertUnwindSafe(|| self.admit(request)));
        let admitted = admitted.ok().flatten();
        let Some(admitted) =
            admitted.filter(|admitted| rules::accepts_method(admitted.policy.methods, &request.method))
        else {
            return Way::Past;
        };
        let Admitted {
            policy,
            handler,
            must_be_public,
            ..
        } = admitted;
        let head = RequestHead::from_parts(request, fields(&policy));
        let write = |key: &mut KeyArgs<'_>| self.write_key(request, &admitted, key);
        match Arc::clone(&core).look_up(&policy, handler, head, false, write) {
            MemoryLookup::Bypass => Way::Past,
            MemoryLookup::Hit(response) => Way::Answered(response),
            MemoryLookup::Miss(mut asked) => {
                if must_be_public {
                    asked.fill_alone();
                }
                asked.add_tag_names(admitted.resource.tags(&core.engine.names));
                let judge = Judge {
                    config: Arc::clone(self),
                    around: EnclosingLayers::with(around, cache),
                    route: matched.cloned(),
                    must_be_public,
                };
                Way::Through(asked, judge)
            }
        }
    }
}

/// Which of the request's fields count.
fn fields(policy: &Policy) -> KeptHeaders {
    match policy.http {
        None => KeptHeaders::Named(policy.vary),
        Some(_) => KeptHeaders::All,
    }
}

/// Makes the request's conditions those of the run. Returns what the service is asked to validate.
fn conditions(run: &Run, headers: &mut HeaderMap) -> Option<Arc<Entry>> {
    if run.is_shared {
        shared_cache::remove_conditions(headers);
    }
    let stored = run.stored.as_ref();
    let stored = stored
        .filter(|stored| !shared_cache::is_conditional(headers) && shared_cache::has_validators(stored))?;
    shared_cache::add_validators(headers, stored);
    Some(Arc::clone(stored))
}

/// What the service answers; in its place the stored response, where it says that this is still true (RFC 9111 section
/// 4.3.3). Where it says so of another one, it is asked once more, for all of it.
async fn answer<S, B, R>(mut inner: S, mut request: Request<B>, run: &Run) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: HttpBody + Default,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let validated = conditions(run, request.headers_mut());
    let (parts, body) = request.into_parts();
    // Should it say so of another response.
    let asked = validated.map(|stored| (stored, parts.clone()));
    let request = Request::from_parts(parts, body);
    let mut again = inner.clone();
    let response = inner.call(request).await?.map(Body::new);
    let (Some((stored, mut asked)), StatusCode::NOT_MODIFIED) = (asked, response.status()) else {
        return Ok(response);
    };
    let (mut parts, _) = response.into_parts();
    if let Some(headers) = shared_cache::freshened_headers(&stored, &parts) {
        parts.status = stored.status;
        parts.headers = headers;
        parts.extensions.insert(Validated);
        return Ok(Response::from_parts(parts, Body::from(stored.body.clone())));
    }
    shared_cache::remove_conditions(&mut asked.headers);
    poll_fn(|context| again.poll_ready(context)).await?;
    let mut response = again
        .call(Request::from_parts(asked, B::default()))
        .await?
        .map(Body::new);
    if response.status() == StatusCode::NOT_MODIFIED {
        // Nobody has asked whether it is.
        response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
    }
    Ok(response)
}

/// What the layer itself says of a response before the rules do.
struct Judge {
    config: Arc<LayerConfig>,
    around: EnclosingLayers,
    route: Option<MatchedPath>,
    must_be_public: bool,
}

impl Judge {
    fn judged(&self, response: Response<Body>) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        if self.around.defers_to_handler() {
            if let Some(route) = &self.route {
                self.config.leave(route);
            }
            parts.extensions.insert(CachedWithin);
            parts.extensions.insert(Unshared);
            return Response::from_parts(parts, body);
        }
        if self.must_be_public && !rules::credentials::allows_sharing_with_credentials(&parts.headers) {
            parts.extensions.insert(Unshared);
        }
        if let Some(store_if) = &self.config.store_if {
            // As in the attribute's option: one that panics has not said yes.
            let accepted = catch_unwind(AssertUnwindSafe(|| store_if(&parts)));
            if !accepted.unwrap_or(false) {
                parts.extensions.get_or_insert_default::<StoreOptions>().no_store = true;
            }
        }
        Response::from_parts(parts, body)
    }
}

/// The service's own error, for the request that it was called for.
type Failed<E> = Arc<Mutex<Option<E>>>;

/// In a response's extensions: it stands for an error of the service.
#[derive(Debug, Clone, Copy)]
struct Failure;

/// Stands for an error of the service: it answers nobody else.
fn nobodys() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.extensions_mut().insert(Failure);
    response.extensions_mut().insert(Unshared);
    response
}

#[cfg(test)]
mod tests {
    use tower_layer::Layer;

    use super::*;
    use crate::layer::CacheLayer;

    /// axum may ask for the service once a request, and what is made for it stays for as long as the program.
    #[test]
    fn p6_a_layer_is_made_ready_once() {
        let layer = CacheLayer::new().vary(["accept-language"]);
        let [one, other] = [(), ()].map(|inner| layer.layer(inner));
        assert!(Arc::ptr_eq(&one.config, &other.config));
        let changed = layer.vary(["accept"]).layer(());
        assert!(!Arc::ptr_eq(&one.config, &changed.config));
    }
}
