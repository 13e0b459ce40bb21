//! The response of a handler, made of what the handler returns.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::response::Response;
use pin_project_lite::pin_project;

use crate::http::HandlerError;

/// The future of a handler.
///
/// Method lookup finds the inherent method if the handler returns a `Result`, and [`NotAResult`] otherwise.
///
/// Generated code passes `IntoResponse::into_response` as an argument: if the return type does not implement the trait, the
/// compiler then names the trait alone, and not a function of this module.
#[derive(Debug)]
pub struct HandlerFuture<F>(pub F);

impl<F, T, E> HandlerFuture<F>
where
    F: Future<Output = Result<T, E>>,
{
    /// The future of the response.
    pub fn response(
        self,
        into_response: fn(Result<T, E>) -> Response,
    ) -> impl Future<Output = Response> + use<F, T, E> {
        Responding {
            handler: self.0,
            into_response,
            is_err: Result::is_err,
        }
    }
}

/// For handlers whose return type is not a `Result`.
pub trait NotAResult {
    /// The return type.
    type Output;

    /// The future of the response.
    fn response(self, into_response: fn(Self::Output) -> Response) -> impl Future<Output = Response>;
}

impl<F: Future> NotAResult for HandlerFuture<F> {
    type Output = F::Output;

    fn response(self, into_response: fn(F::Output) -> Response) -> impl Future<Output = Response> {
        Responding {
            handler: self.0,
            into_response,
            is_err: never,
        }
    }
}

pin_project! {
    struct Responding<F: Future> {
        #[pin]
        handler: F,
        into_response: fn(F::Output) -> Response,
        is_err: fn(&F::Output) -> bool,
    }
}

impl<F: Future> Future for Responding<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let this = self.project();
        let Poll::Ready(answer) = this.handler.poll(cx) else {
            return Poll::Pending;
        };
        // Whatever its status, an `Err` is not stored as a response.
        let is_err = (this.is_err)(&answer);
        let mut response = (this.into_response)(answer);
        if is_err {
            response.extensions_mut().insert(HandlerError);
        }
        Poll::Ready(response)
    }
}

fn never<T>(_answer: &T) -> bool {
    false
}
