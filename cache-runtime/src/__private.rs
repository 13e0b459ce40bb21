//! All that generated code may name. Not part of the public API.

use std::{
    any::type_name,
    convert::Infallible,
    fmt,
    future::Future,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

pub use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::MethodFilter,
};

pub use crate::{
    attribute::{Answer, Associated, AssociatedPlain, Companion, NotAResult, into_response, is_axum_state},
    cache_key::CacheKey,
    engine::TagList,
    error::Error,
    evict::{Entries, Evictor, Pending, Targets},
    handler::Site,
    key::{CacheKeyPart, KeyArgs, KeyError, KeyWriter, Part, ViaKeyPart, ViaNothing, ViaSerialize},
    lazy::{Deferred, DeferredBeside},
    policy::Policy,
    request::Vary,
};
use crate::{
    cache::{self, Cache},
    engine::{Engine, Lookup, Unshared},
    request::{LayerAround, RequestHead},
};

/// The hidden extractor, joined to a handler's first parameter.
pub struct CacheContext<C> {
    /// Absent: nothing is cached.
    cached: Option<(Arc<Engine>, RequestHead)>,
    companion: PhantomData<fn() -> C>,
}

impl<S: Sync, C: Companion> FromRequestParts<S> for CacheContext<C> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let engine = cache::engine_for(&parts.extensions);
        if let (Some(_), Some(layer)) = (&engine, parts.extensions.get::<LayerAround>()) {
            layer.leave_it();
        }
        Ok(Self {
            cached: engine.map(|engine| (engine, RequestHead::of(parts, C::vary()))),
            companion: PhantomData,
        })
    }
}

impl<C> CacheContext<C> {
    /// Stands for a request to the global cache by which the application has an entry made anew.
    ///
    /// # Errors
    /// When there is no global cache.
    pub fn renewing(site: &'static Site) -> Result<Self, Error> {
        let cache = Cache::global().ok_or_else(Error::not_initialized)?;
        Ok(Self {
            cached: Some((cache.engine, RequestHead::renewing(site.method()))),
            companion: PhantomData,
        })
    }

    /// The same cache, for a handler that evicts when it has run.
    pub fn evictor(&self) -> Evictor {
        Evictor::new(self.cached.as_ref().map(|(engine, _)| Arc::clone(engine)))
    }

    /// Builds the key and looks into memory, at once and without a future.
    ///
    /// `_handler` is the handler's own function item; its type is the handler's identity.
    pub fn key<F: 'static>(
        self,
        site: &'static Site,
        _handler: &F,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
    ) -> Ready {
        let lookup = match (self.cached, site.handler::<F>()) {
            (Some((engine, request)), Some(handler)) => engine.look_up(&site.policy, handler, request, write),
            _ => Lookup::Bypass,
        };
        Ready(lookup)
    }
}

impl<C> fmt::Debug for CacheContext<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheContext")
            .field("cached", &self.cached)
            .finish()
    }
}

/// What the memory lookup came to.
#[derive(Debug)]
pub struct Ready(Lookup);

impl Ready {
    /// Adds the tags that the arguments show, unless memory had the entry already.
    #[must_use]
    pub fn tags(mut self, list: impl FnOnce(&mut TagList)) -> Self {
        if let Lookup::Ask(request) = &mut self.0 {
            match listed(list) {
                Some(tags) => request.tag(&tags),
                None => self.0 = request.pass("writing the tags panicked"),
            }
        }
        self
    }

    /// The same, unless there is no key.
    ///
    /// # Errors
    /// The arguments have none, or another handler has the name.
    pub fn keyed(self) -> Result<Self, Error> {
        match self.0 {
            Lookup::Bypass => Err(Error::key(KeyError::new(
                "an argument has no text, or another handler has this one's name",
            ))),
            Lookup::Answered(_) | Lookup::Ask(_) => Ok(self),
        }
    }

    /// The response: from the cache, or from the handler.
    ///
    /// What waits is boxed, so that a handler's future stays as small on a hit as this one is.
    pub async fn fill<R, Fut>(self, run: R) -> Response
    where
        R: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        match self.0 {
            Lookup::Answered(response) => response,
            Lookup::Bypass => Box::pin(run()).await,
            Lookup::Ask(request) => Box::pin(request.serve(|_| run())).await,
        }
    }
}

/// Marks a response that answers its own request alone: a rejection of a lazy extractor.
pub fn unshared(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response.extensions_mut().insert(Unshared);
    response
}

/// The key of `handler` with these arguments, for its companion.
pub fn cache_key<F: 'static>(
    site: &'static Site,
    _handler: &F,
    write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
) -> CacheKey {
    match site.named::<F>() {
        Ok(handler) => CacheKey::of_handler(handler, site, write),
        Err(reason) => CacheKey::none(type_name::<F>(), reason),
    }
}

/// The same key with the tags that its arguments show.
#[must_use]
pub fn tagged(key: CacheKey, list: impl FnOnce(&mut TagList)) -> CacheKey {
    key.with_tags(listed(list))
}

/// The same key where the tags depend on more than its arguments.
#[must_use]
pub fn with_unknown_tags(key: CacheKey) -> CacheKey {
    key.with_tags(None)
}

/// The user's code, which may panic: then nothing is known that could evict the entry.
fn listed(list: impl FnOnce(&mut TagList)) -> Option<Vec<String>> {
    let mut tags = TagList::default();
    let listed = catch_unwind(AssertUnwindSafe(|| list(&mut tags)));
    listed.ok().map(|()| tags.into())
}

/// Evicts from the global cache.
///
/// # Errors
/// As [`Cache::evict`], or when there is no global cache.
pub async fn evict(key: CacheKey) -> Result<(), Error> {
    let cache = Cache::global().ok_or_else(Error::not_initialized)?;
    cache.evict(key).await
}

/// Every entry of `handler`, for its companion.
pub fn entries<F: 'static>(site: &'static Site, _handler: &F) -> Entries {
    Entries::of(type_name::<F>(), site.named::<F>())
}

/// Evicts these from the global cache.
///
/// # Errors
/// As [`evict`].
pub async fn evict_all(entries: Entries) -> Result<(), Error> {
    let cache = Cache::global().ok_or_else(Error::not_initialized)?;
    let handler = entries.handler().map_err(Error::key)?;
    cache.engine.evict_all(handler).await
}
