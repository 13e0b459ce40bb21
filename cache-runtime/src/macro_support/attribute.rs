//! What generated code asks at compile time, and of its own site.

mod from_url;

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::Method;
use pin_project_lite::pin_project;

pub use self::from_url::{Argument, NotFromUrl, all, is_from_url, may_grant_max_age};
use crate::{
    http::{self as rules, HandlerError, request_head::KeptHeaders},
    key::{KeyError, handler::HandlerMeta},
};

/// A companion type, for what the extractor must know of it.
pub trait Companion {
    /// The headers that join the key.
    fn vary() -> KeptHeaders;
}

/// Stands for the companion of an associated function, which has none.
#[derive(Debug)]
pub enum Associated {}

impl Companion for Associated {
    fn vary() -> KeptHeaders {
        KeptHeaders::All
    }
}

/// axum's `State`, and nothing else of that name.
#[diagnostic::on_unimplemented(
    message = "this `State` is not `axum::extract::State`, so it is in the key, which this function cannot make without it",
    label = "the handler has a parameter of another type called `State`",
    note = "the attribute leaves out of `key` and `evict` every parameter whose type is called `State`; call this type \
            by another name in the signature of the handler (`use … as …`), or say `ignore = [...]`"
)]
pub trait AxumState {}

impl<T> AxumState for State<T> {}

/// In place of a `State` that the companion's functions do not take.
pub fn left_out<T: AxumState>() -> Result<(), KeyError> {
    Ok(())
}

impl HandlerMeta {
    /// The method whose responses are cached; GET, if it is among several.
    pub(crate) fn method(&self) -> Method {
        rules::representative_method(self.policy.methods)
    }

    /// The headers that join the key.
    pub fn vary(&self) -> KeptHeaders {
        KeptHeaders::Named(self.policy.vary)
    }
}

/// A run of a handler, of which a response is to be made.
///
/// Method lookup finds the inherent method where the answer is a `Result`, and [`NotAResult`] everywhere else.
#[derive(Debug)]
pub struct Run<F>(pub F);

impl<F, T, E> Run<F>
where
    F: Future<Output = Result<T, E>>,
{
    /// The response to be.
    pub fn response(self) -> Responding<F>
    where
        Result<T, E>: IntoResponse,
    {
        Responding {
            run: self.0,
            is_err: Result::is_err,
        }
    }
}

/// For answers that cannot be an `Err`.
pub trait NotAResult {
    /// The run.
    type Run: Future;

    /// The response to be.
    fn response(self) -> Responding<Self::Run>
    where
        <Self::Run as Future>::Output: IntoResponse;
}

impl<F: Future> NotAResult for Run<F> {
    type Run = F;

    fn response(self) -> Responding<F>
    where
        F::Output: IntoResponse,
    {
        Responding {
            run: self.0,
            is_err: never,
        }
    }
}

pin_project! {
    /// The response to be of a run.
    #[derive(Debug)]
    pub struct Responding<F: Future> {
        #[pin]
        run: F,
        is_err: fn(&F::Output) -> bool,
    }
}

impl<F> Future for Responding<F>
where
    F: Future<Output: IntoResponse>,
{
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let this = self.project();
        match this.run.poll(cx) {
            Poll::Ready(answer) => Poll::Ready(into_response(answer, *this.is_err)),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn never<T>(_answer: &T) -> bool {
    false
}

/// The response, marked if it is made of an `Err`: whatever its status, that is not stored as an answer.
fn into_response<T: IntoResponse>(answer: T, is_err: fn(&T) -> bool) -> Response {
    let is_err = is_err(&answer);
    let mut response = answer.into_response();
    if is_err {
        response.extensions_mut().insert(HandlerError);
    }
    response
}
