//! [`AttachLayer`]: gives a router its cache, and carries out the evictions of a request when its response passes.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::Cache;
use crate::{
    engine::{PendingEvictions, RequestScope},
    store::Budget,
};

/// A layer that gives the handlers below it a cache; see [`Cache::attach`].
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct AttachLayer {
    cache: Cache,
}

impl AttachLayer {
    pub(super) fn new(cache: Cache) -> Self {
        Self { cache }
    }
}

impl<S> Layer<S> for AttachLayer {
    type Service = AttachService<S>;

    fn layer(&self, inner: S) -> AttachService<S> {
        AttachService {
            inner,
            cache: self.cache.clone(),
        }
    }
}

/// The service of an [`AttachLayer`].
#[derive(Debug, Clone)]
pub struct AttachService<S> {
    inner: S,
    cache: Cache,
}

impl<S, B, R> Service<Request<B>> for AttachService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = AttachFuture<S::Future, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let extensions = request.extensions_mut();
        let scope = RequestScope::deferring();
        let around = extensions.insert(self.cache.within(Arc::clone(&scope)));
        let mut outermost = Outermost(Some(scope));
        let around = around.and_then(|cache| cache.scope);
        if let Some(around) = around.filter(|scope| scope.is_open()) {
            extensions.insert(self.cache.within(around));
            outermost = Outermost(None);
        }
        AttachFuture {
            inner: self.inner.call(request),
            outermost,
            evicting: None,
        }
    }
}

/// Closes the scope of a request. If it is dropped without a response, the deferred evictions are carried out in the
/// background.
#[derive(Debug)]
struct Outermost(Option<Arc<RequestScope>>);

impl Outermost {
    /// The evictions that were deferred to the response, if any.
    fn close(&mut self) -> Option<(PendingEvictions, Budget)> {
        self.0.take()?.close()
    }
}

impl Drop for Outermost {
    fn drop(&mut self) {
        drop(self.close());
    }
}

pin_project! {
    /// The response future of [`AttachService`].
    pub struct AttachFuture<F, O> {
        #[pin]
        inner: F,
        // Dropped after `inner`: a handler that is dropped defers its evictions to it.
        outermost: Outermost,
        evicting: Option<Box<Evicting<O>>>,
    }
}

impl<F, R, E> Future for AttachFuture<F, Result<Response<R>, E>>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(evicting) = this.evicting {
            return evicting.poll(context);
        }
        let output = ready!(this.inner.poll(context));
        match this.outermost.close() {
            None => Poll::Ready(output),
            Some((evictions, budget)) => {
                let evictions = evictions.interrupted_unless(succeeded(&output));
                let evicting = Evicting {
                    evicting: Box::pin(evictions.finish(budget)),
                    output: Some(output),
                };
                this.evicting.insert(Box::new(evicting)).poll(context)
            }
        }
    }
}

/// A response that waits until evictions are carried out.
struct Evicting<O> {
    evicting: BoxFuture<'static, ()>,
    output: Option<O>,
}

impl<O> Evicting<O> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<O> {
        ready!(self.evicting.as_mut().poll(context));
        let output = self.output.take();
        Poll::Ready(output.expect("a future is not polled after it is ready"))
    }
}

fn succeeded<R, E>(output: &Result<Response<R>, E>) -> bool {
    output.as_ref().is_ok_and(|response| {
        let status = response.status();
        status.is_success() || status.is_redirection()
    })
}

impl<F, O> fmt::Debug for AttachFuture<F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachFuture").finish_non_exhaustive()
    }
}
