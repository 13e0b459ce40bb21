//! The future of a response: small where memory answers, and where the cache has no part.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    BoxError,
    body::{Body, HttpBody},
};
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;

type Waited<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

pin_project! {
    /// The response of a [`CacheService`](super::CacheService).
    pub struct ResponseFuture<F, E> {
        #[pin]
        state: State<F, E>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, E> {
        Passed { #[pin] inner: F },
        Answered { response: Option<Response<Body>> },
        Waited { response: Waited<E> },
    }
}

impl<F, E> ResponseFuture<F, E> {
    /// The service's own.
    pub(super) fn passed(inner: F) -> Self {
        let state = State::Passed { inner };
        Self { state }
    }

    /// From memory.
    pub(super) fn answered(response: Response<Body>) -> Self {
        let response = Some(response);
        let state = State::Answered { response };
        Self { state }
    }

    /// Whatever it takes.
    pub(super) fn waited(response: impl Future<Output = Result<Response<Body>, E>> + Send + 'static) -> Self {
        let response = Box::pin(response);
        let state = State::Waited { response };
        Self { state }
    }
}

impl<F, R, E> Future for ResponseFuture<F, E>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Passed { inner } => {
                let response = ready!(inner.poll(context))?;
                Poll::Ready(Ok(response.map(Body::new)))
            }
            Projected::Answered { response } => {
                let response = response.take().expect("a future is not polled after it is ready");
                Poll::Ready(Ok(response))
            }
            Projected::Waited { response } => response.as_mut().poll(context),
        }
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
