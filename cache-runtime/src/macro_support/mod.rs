//! All that generated code may name. Not part of the public API.

mod attribute;
mod lazy;

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::Extension;
pub use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::MethodFilter,
};
use futures_util::future::BoxFuture;

use crate::{
    cache::{self, Cache},
    engine::RequestScope,
    http::{enclosing_layers::EnclosingLayers, request_head::RequestHead},
    origin::{
        AnyCore, CacheCore,
        http::{Call as OriginCall, MemoryLookup, Request, Unshared},
    },
};
pub use crate::{
    cache::{
        HandlerCall,
        evictor::{Evictor, Pending, Targets},
    },
    error::Error,
    http::request_head::KeptHeaders,
    key::{
        KeyArgs, KeyError, OuterFirst, OwnForm, Part, ServerSide, ViaNothing, ViaServerSide, ViaText, Within,
        cache_key::CacheKey,
        handler::{HandlerId, HandlerMeta},
    },
    macro_support::{
        attribute::{
            Argument, Associated, AxumState, Companion, NotAResult, NotFromUrl, Run, all, is_from_url,
            left_out, may_grant_max_age,
        },
        lazy::{Deferred, DeferredBeside},
    },
    origin::http::TagList,
    policy::Policy,
};

/// The hidden extractor, joined to a handler's first parameter.
///
/// It has no type parameter, so that what extracts it is compiled once for all handlers.
#[derive(Debug)]
pub struct CacheContext {
    /// Absent: nothing is cached.
    cached: Option<(Arc<dyn AnyCore>, RequestHead)>,
    /// The handler's response depends on nothing of the request but its URL.
    url_decides: bool,
    /// What it shares with all other work of the request.
    scope: Option<Arc<RequestScope>>,
}

impl<S: Sync> FromRequestParts<S> for CacheContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts, KeptHeaders::Named(&[])))
    }
}

/// The same for a handler where headers may join the key: its companion, `C`, knows which.
#[derive(Debug)]
pub struct Varying<C> {
    /// What there is to know.
    pub context: CacheContext,
    companion: PhantomData<fn() -> C>,
}

impl<C> From<CacheContext> for Varying<C> {
    fn from(context: CacheContext) -> Self {
        Self {
            context,
            companion: PhantomData,
        }
    }
}

impl<S: Sync, C: Companion> FromRequestParts<S> for Varying<C> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(CacheContext::of(parts, C::vary()).into())
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

    /// The context of no request: the application refreshes an entry of this cache.
    fn refreshing(core: Arc<CacheCore>, id: HandlerId) -> Self {
        Self {
            cached: Some((core, RequestHead::refreshing(id.meta.method()))),
            url_decides: false,
            scope: None,
        }
    }

    /// The same cache, for a handler that evicts when it has run: both draw from one budget.
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

    /// What the types of the handler's parameters prove.
    #[must_use]
    pub fn url_decides(mut self, is_proven: bool) -> Self {
        self.url_decides = is_proven;
        self
    }

    /// Builds the key and looks into memory, at once and without a future.
    pub fn key<T: Copy>(self, id: HandlerId, arguments: T, write: WriteArguments<T>) -> Ready {
        self.key_by(id, &|key| write(key, arguments))
    }

    /// As [`key`](Self::key), by a closure: it is compiled for each handler anew.
    pub fn key_by(self, id: HandlerId, write: &WriteKey<'_>) -> Ready {
        Ready::look_up(self, id, write)
    }
}

/// What a cached handler returns.
///
/// A type of its own, rather than the future of an `async fn`: a program with many handlers has it compiled, and proven
/// to be sendable, once for all of them.
#[must_use = "a future does nothing unless it is awaited"]
pub struct ResponseFuture(Progress);

enum Progress {
    /// Memory had the response, until it is taken.
    Answered(Option<Response>),
    Waits(BoxFuture<'static, Response>),
}

impl Future for ResponseFuture {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        match &mut self.get_mut().0 {
            Progress::Answered(response) => Poll::Ready(response.take().expect("polled after the response")),
            Progress::Waits(future) => future.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// What the memory lookup came to.
///
/// A program with many handlers compiles what follows once: nothing in it is generic but the box around a handler's run.
#[derive(Debug)]
pub enum Ready {
    /// The response.
    Answered(ResponseFuture),
    /// It takes waiting.
    Waits(Waiting),
}

/// Writes arguments: references to them.
pub type WriteArguments<T> = fn(&mut KeyArgs<'_>, T) -> Result<(), KeyError>;

/// Writes the arguments that it knows.
pub type WriteKey<'a> = dyn Fn(&mut KeyArgs<'_>) -> Result<(), KeyError> + 'a;

/// Lists the option `tags`.
pub type ListTags<'a> = dyn Fn(&mut TagList) + 'a;

impl Ready {
    fn look_up(context: CacheContext, id: HandlerId, write: &WriteKey<'_>) -> Self {
        let CacheContext {
            cached,
            scope,
            url_decides,
        } = context;
        let Some((core, request)) = cached else {
            return Self::Waits(Waiting(None));
        };
        let renews = request.forces_refresh;
        let lookup = match id.handler() {
            Some(handler) => core
                .core()
                .look_up(&id.meta.policy, handler, request, url_decides, write),
            None => MemoryLookup::Bypass,
        };
        match lookup {
            MemoryLookup::Hit(response) => Self::answered(response),
            MemoryLookup::Miss(mut request) => {
                request.scope = scope;
                Self::Waits(Waiting(Some(request)))
            }
            // The handler would run in vain.
            MemoryLookup::Bypass if renews => Self::answered(Unkeyed.into_response()),
            MemoryLookup::Bypass => Self::Waits(Waiting(None)),
        }
    }

    fn answered(response: Response) -> Self {
        Self::Answered(ResponseFuture(Progress::Answered(Some(response))))
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
                request.bypass("writing the tags panicked");
                None
            }
        }))
    }

    /// The response: from the cache, or from the handler.
    ///
    /// Both are boxed, so that a handler's future stays as small on a hit as it can be.
    pub fn fill(self, run: impl Future<Output = Response> + Send + 'static) -> ResponseFuture {
        ResponseFuture(Progress::Waits(self.serve(Box::pin(run))))
    }

    fn serve(self, run: BoxFuture<'static, Response>) -> BoxFuture<'static, Response> {
        match self.0 {
            Some(request) => request.answer(OriginCall::Handler(run)),
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

/// What a companion's refreshes return.
pub type Refreshing = BoxFuture<'static, Result<Response, Error>>;

/// Calls a handler, as a request would.
pub type Call = Box<dyn FnOnce(CacheContext) -> ResponseFuture + Send>;

/// A handler and its arguments, to run in any cache.
pub fn handler_call(id: HandlerId, call: Call) -> HandlerCall {
    HandlerCall::new(move |core| {
        Box::pin(async move {
            let response = call(CacheContext::refreshing(core, id)).await;
            match response.extensions().get() {
                Some(Unkeyed) => Err(Error::key(KeyError::new(
                    "an argument has no text, or another handler has this one's name",
                ))),
                None => Ok(response),
            }
        })
    })
}

/// Refreshes an entry of the global cache. The handler does not run before this is awaited.
///
/// # Errors
/// As [`Cache::refresh`], or when there is no global cache.
pub fn refresh(call: HandlerCall) -> Refreshing {
    Box::pin(async move {
        let cache = Cache::global().ok_or_else(Error::not_initialized)?;
        cache.refresh(call).await
    })
}

/// Marks a response that answers its own request alone: a rejection of a lazy extractor.
pub fn unshared(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response.extensions_mut().insert(Unshared);
    response
}

/// The key of a handler with these arguments, for its companion.
pub fn cache_key<T: Copy>(id: HandlerId, arguments: T, write: WriteArguments<T>) -> CacheKey {
    cache_key_by(id, &|key| write(key, arguments))
}

/// As [`cache_key`], by a closure.
pub fn cache_key_by(id: HandlerId, write: &WriteKey<'_>) -> CacheKey {
    match id.registered() {
        Ok(handler) => CacheKey::of_handler(handler, id.meta, write),
        Err(reason) => CacheKey::none(id.path(), reason),
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

/// Evicts every entry of a handler from the global cache.
///
/// # Errors
/// As [`evict`].
pub fn evict_all(id: HandlerId) -> Evicting {
    Box::pin(async move {
        let cache = Cache::global().ok_or_else(Error::not_initialized)?;
        let handler = id.registered().map_err(Error::key)?;
        cache.core.engine.evict_all(handler).await
    })
}
