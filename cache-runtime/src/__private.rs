//! All that generated code may name. Not part of the public API.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use axum::Extension;
pub use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::MethodFilter,
};

use futures_util::future::BoxFuture;

pub use crate::{
    attribute::{Answer, Associated, Companion, NotAResult, Plain, into_response, is_axum_state},
    cache_key::CacheKey,
    engine::TagList,
    error::Error,
    evict::{Entries, Evictor, Pending, Targets},
    handler::{Itself, Site},
    key::{CacheKeyPart, KeyArgs, KeyError, KeyWriter, Part, ViaKeyPart, ViaNothing, ViaSerialize},
    lazy::{Deferred, DeferredBeside},
    policy::Policy,
    request::Vary,
};
use crate::{
    cache::{self, Cache},
    engine::{Engine, Lookup, Request, Unshared},
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
    pub fn key(self, site: &'static Site, itself: Itself, write: &WriteKey<'_>) -> Ready {
        Ready::look_up(self.cached, site, itself, write)
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
///
/// A program with many handlers compiles what follows once: nothing in it is generic but the box around a handler's run.
#[derive(Debug)]
pub enum Ready {
    /// The response.
    Answered(Response),
    /// It takes waiting.
    Waits(Waiting),
}

/// Writes the arguments.
pub type WriteKey<'a> = dyn Fn(&mut KeyArgs<'_>) -> Result<(), KeyError> + 'a;

/// Lists the option `tags`.
pub type ListTags<'a> = dyn Fn(&mut TagList) + 'a;

impl Ready {
    fn look_up(
        cached: Option<(Arc<Engine>, RequestHead)>,
        site: &'static Site,
        itself: Itself,
        write: &WriteKey<'_>,
    ) -> Self {
        let renews = matches!(&cached, Some((_, request)) if request.renews);
        let lookup = match (cached, site.handler(itself)) {
            (Some((engine, request)), Some(handler)) => engine.look_up(&site.policy, handler, request, write),
            _ => Lookup::Bypass,
        };
        match lookup {
            Lookup::Answered(response) => Self::Answered(response),
            Lookup::Ask(request) => Self::Waits(Waiting(Some(request))),
            // The handler would run in vain.
            Lookup::Bypass if renews => Self::Answered(Unkeyed.into_response()),
            Lookup::Bypass => Self::Waits(Waiting(None)),
        }
    }
}

/// A request that memory could not answer, unless the cache has no part in it.
#[derive(Debug)]
pub struct Waiting(Option<Box<Request>>);

impl Waiting {
    /// Adds the tags that the arguments show.
    #[must_use]
    pub fn tags(self, list: &ListTags<'_>) -> Self {
        Self(self.0.and_then(|mut request| match listed(list) {
            Some(tags) => {
                request.tag(&tags);
                Some(request)
            }
            None => {
                request.pass("writing the tags panicked");
                None
            }
        }))
    }

    /// The response: from the cache, or from the handler.
    ///
    /// Both are boxed, so that a handler's future stays as small on a hit as it can be.
    pub fn fill(self, run: impl Future<Output = Response> + Send + 'static) -> BoxFuture<'static, Response> {
        self.serve(Box::pin(run))
    }

    fn serve(self, run: BoxFuture<'static, Response>) -> BoxFuture<'static, Response> {
        match self.0 {
            Some(request) => Box::pin(request.serve(|_| run)),
            None => run,
        }
    }
}

/// In a response's extensions: there is no key to make an entry anew by.
#[derive(Clone)]
struct Unkeyed;

impl IntoResponse for Unkeyed {
    fn into_response(self) -> Response {
        Extension(self).into_response()
    }
}

/// What a handler answered whose entry was to be made anew.
///
/// # Errors
/// The arguments have no key, or another handler has the name.
pub fn refreshed(response: Response) -> Result<Response, Error> {
    match response.extensions().get() {
        Some(Unkeyed) => Err(Error::key(KeyError::new(
            "an argument has no text, or another handler has this one's name",
        ))),
        None => Ok(response),
    }
}

/// Marks a response that answers its own request alone: a rejection of a lazy extractor.
pub fn unshared(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response.extensions_mut().insert(Unshared);
    response
}

/// The key of a handler with these arguments, for its companion.
pub fn cache_key(site: &'static Site, itself: Itself, write: &WriteKey<'_>) -> CacheKey {
    match site.named(itself) {
        Ok(handler) => CacheKey::of_handler(handler, site, write),
        Err(reason) => CacheKey::none(itself.path(), reason),
    }
}

/// The same key with the tags that its arguments show.
#[must_use]
pub fn tagged(key: CacheKey, list: &ListTags<'_>) -> CacheKey {
    key.with_tags(listed(list))
}

/// The same key where the tags depend on more than its arguments.
#[must_use]
pub fn with_unknown_tags(key: CacheKey) -> CacheKey {
    key.with_tags(None)
}

/// The user's code, which may panic: then nothing is known that could evict the entry.
fn listed(list: &ListTags<'_>) -> Option<Vec<String>> {
    let mut tags = TagList::default();
    let listed = catch_unwind(AssertUnwindSafe(|| list(&mut tags)));
    listed.ok().map(|()| tags.into())
}

/// What a companion's evictions return.
pub type Evicting = BoxFuture<'static, Result<(), Error>>;

/// Evicts from the global cache.
///
/// # Errors
/// As [`Cache::evict`], or when there is no global cache.
pub fn evict(key: CacheKey) -> Evicting {
    Box::pin(async {
        let cache = Cache::global().ok_or_else(Error::not_initialized)?;
        cache.evict(key).await
    })
}

/// Every entry of a handler, for its companion.
pub fn entries(site: &'static Site, itself: Itself) -> Entries {
    Entries::of(itself.path(), site.named(itself))
}

/// Evicts these from the global cache.
///
/// # Errors
/// As [`evict`].
pub fn evict_all(entries: Entries) -> Evicting {
    Box::pin(async {
        let cache = Cache::global().ok_or_else(Error::not_initialized)?;
        let handler = entries.handler().map_err(Error::key)?;
        cache.engine.evict_all(handler).await
    })
}
