//! A request to a cached handler: the lookup in memory, and then the wait for the store or the handler.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use futures_util::future::BoxFuture;

use super::{
    context::CacheContext,
    tags::{ListTags, listed},
};
use crate::{
    key::{KeyArgs, KeyError, handler::HandlerId},
    origin::http::{Call, MemoryLookup, Request},
};

/// Writes arguments, a tuple of references, into the key.
pub type WriteArguments<T> = fn(&mut KeyArgs<'_>, T) -> Result<(), KeyError>;

/// Writes the arguments that it captured into the key.
pub type WriteKey<'a> = dyn Fn(&mut KeyArgs<'_>) -> Result<(), KeyError> + 'a;

impl CacheContext {
    /// Builds the key and looks it up in memory, without a future.
    #[doc(hidden)]
    pub fn key<T: Copy>(self, id: HandlerId, arguments: T, write: WriteArguments<T>) -> Ready {
        self.key_by(id, &|key| write(key, arguments))
    }

    /// As [`key`](Self::key), with a closure, which is compiled for each handler.
    #[doc(hidden)]
    pub fn key_by(self, id: HandlerId, write: &WriteKey<'_>) -> Ready {
        Ready::look_up(self, id, write)
    }
}

/// The result of the lookup in memory.
///
/// Nothing from here on is generic, so that it is compiled once for all handlers.
#[derive(Debug)]
pub enum Ready {
    /// The response.
    Answered(ResponseFuture),
    /// The request must wait.
    Waits(Waiting),
}

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
        let is_refresh = request.forces_refresh;
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
            // A refresh without a key has nothing to store.
            MemoryLookup::Bypass if is_refresh => Self::answered(Unkeyed.into_response()),
            MemoryLookup::Bypass => Self::Waits(Waiting(None)),
        }
    }

    fn answered(response: Response) -> Self {
        Self::Answered(ResponseFuture(Progress::Answered(Some(response))))
    }
}

/// A request that memory did not answer. Without a value, it bypasses the cache.
#[derive(Debug)]
pub struct Waiting(Option<Box<Request>>);

impl Waiting {
    /// Adds the tags of the option `tags`.
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

    /// The response, from the cache or from the handler.
    ///
    /// Both are boxed, so that a handler's future stays small for hits in memory.
    pub fn fill(self, handler: BoxFuture<'static, Response>) -> ResponseFuture {
        ResponseFuture(Progress::Waits(match self.0 {
            Some(request) => request.answer(Call::Handler(handler)),
            None => handler,
        }))
    }
}

/// The future of a cached handler.
///
/// A type of its own, so that a program with many handlers compiles it, and proves that it is `Send`, once. The future of an
/// `async fn` is another type for each handler.
#[must_use = "a future does nothing unless it is awaited"]
pub struct ResponseFuture(Progress);

enum Progress {
    /// Memory had the response, which is taken once.
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

/// In the extensions of a response: a refresh found no key.
#[derive(Clone)]
pub(super) struct Unkeyed;

impl IntoResponse for Unkeyed {
    fn into_response(self) -> Response {
        Extension(self).into_response()
    }
}
