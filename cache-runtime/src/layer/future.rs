//! The future of a response. Not boxed for memory hits and bypassed requests.

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

type BoxedFuture<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

pin_project! {
    /// The response future of [`CacheService`](super::CacheService).
    pub struct ResponseFuture<F, E> {
        #[pin]
        state: State<F, E>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, E> {
        Bypass { #[pin] inner: F },
        Ready { response: Option<Response<Body>> },
        Boxed { response: BoxedFuture<E> },
    }
}

impl<F, E> ResponseFuture<F, E> {
    /// The response of the service.
    pub(super) fn bypass(inner: F) -> Self {
        let state = State::Bypass { inner };
        Self { state }
    }

    /// A response from memory.
    pub(super) fn ready(response: Response<Body>) -> Self {
        let response = Some(response);
        let state = State::Ready { response };
        Self { state }
    }

    /// A response that takes more than one step.
    pub(super) fn boxed(response: impl Future<Output = Result<Response<Body>, E>> + Send + 'static) -> Self {
        let response = Box::pin(response);
        let state = State::Boxed { response };
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
            Projected::Bypass { inner } => {
                let response = ready!(inner.poll(context))?;
                Poll::Ready(Ok(response.map(Body::new)))
            }
            Projected::Ready { response } => {
                let response = response
                    .take()
                    .expect("a future is not polled after it completed");
                Poll::Ready(Ok(response))
            }
            Projected::Boxed { response } => response.as_mut().poll(context),
        }
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
