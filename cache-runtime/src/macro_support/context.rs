//! The hidden argument of a cached handler.

use std::{convert::Infallible, marker::PhantomData, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use http::Method;

use crate::{
    cache::{self, evictor::Evictor},
    engine::RequestScope,
    http::{
        self as rules,
        enclosing_layers::EnclosingLayers,
        request_head::{KeptHeaders, RequestHead},
    },
    key::handler::{HandlerId, HandlerMeta},
    origin::{AnyCore, CacheCore},
};

/// The hidden argument of a handler with `#[cache]`: the cache, and what it needs of the request.
///
/// An error that misses this argument comes from code that calls the handler as a function: call `handler::uncached(…)`. If
/// it comes from `#[debug_handler]`, put `#[cache]` above it.
// Not generic, so that its extraction is compiled once for all handlers.
#[derive(Debug)]
pub struct CacheContext {
    /// `None`: nothing is cached.
    pub(super) cached: Option<(Arc<dyn AnyCore>, RequestHead)>,
    /// The response depends on nothing of the request but its URL.
    pub(super) url_decides: bool,
    /// Shared with all other work for the request.
    pub(super) scope: Option<Arc<RequestScope>>,
}

impl<S: Sync> FromRequestParts<S> for CacheContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts, KeptHeaders::Named(&[])))
    }
}

impl CacheContext {
    fn of(parts: &Parts, vary: KeptHeaders) -> Self {
        let extensions = &parts.extensions;
        let Some(cache) = cache::cache_for(extensions) else {
            return Self {
                cached: None,
                url_decides: false,
                scope: None,
            };
        };
        let scope = match extensions.get::<EnclosingLayers>() {
            Some(layer) => {
                layer.defer_to_handler();
                cache.scope_in(extensions)
            }
            None => cache.scope.clone(),
        };
        let core: Arc<dyn AnyCore> = Arc::clone(&cache.core) as _;
        Self {
            cached: Some((core, RequestHead::from_parts(parts, vary))),
            scope,
            url_decides: false,
        }
    }

    /// For a refresh by the application: a request to this cache that no client sent.
    pub(super) fn refreshing(core: Arc<CacheCore>, id: HandlerId) -> Self {
        Self {
            cached: Some((core, RequestHead::refreshing(id.meta.method()))),
            url_decides: false,
            scope: None,
        }
    }

    /// For a handler with both attributes: the cache also evicts, within the same store budget.
    #[doc(hidden)]
    #[must_use]
    pub fn with_evictor(mut self) -> (Self, Evictor) {
        let engine = self
            .cached
            .as_ref()
            .map(|(core, _)| Arc::clone(&Arc::clone(core).core().engine));
        let scope = self.scope.get_or_insert_with(RequestScope::immediate);
        let evictor = Evictor::new(engine, Some(Arc::clone(scope)));
        (self, evictor)
    }

    /// Sets whether the types of the parameters prove that they come from the URL.
    #[doc(hidden)]
    #[must_use]
    pub fn url_decides(mut self, is_proven: bool) -> Self {
        self.url_decides = is_proven;
        self
    }
}

/// The same, for a handler with request headers in its key: the companion `C` names them.
#[derive(Debug)]
pub struct Varying<C> {
    /// The context, with these headers.
    pub context: CacheContext,
    companion: PhantomData<fn() -> C>,
}

impl<S: Sync, C: Companion> FromRequestParts<S> for Varying<C> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(CacheContext::of(parts, C::vary()).into())
    }
}

impl<C> From<CacheContext> for Varying<C> {
    fn from(context: CacheContext) -> Self {
        Self {
            context,
            companion: PhantomData,
        }
    }
}

/// A companion type that names request headers.
pub trait Companion {
    /// The request headers in the key.
    fn vary() -> KeptHeaders;
}

/// In place of a companion, for associated functions.
#[derive(Debug)]
pub enum Associated {}

impl Companion for Associated {
    fn vary() -> KeptHeaders {
        KeptHeaders::All
    }
}

impl HandlerMeta {
    /// The method whose responses are cached: GET, or the first of several.
    pub(crate) fn method(&self) -> Method {
        rules::representative_method(self.policy.methods)
    }

    /// The request headers in the key.
    pub fn vary(&self) -> KeptHeaders {
        KeptHeaders::Named(self.policy.vary)
    }
}
