//! What generated code asks at compile time, and of its own site.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::Method;

use crate::{
    handler::Site,
    request::Vary,
    rules::{self, HandlerError},
};

/// A companion type, for what the extractor must know of it.
pub trait Companion {
    /// The headers that join the key.
    fn vary() -> Vary;
}

/// Stands for every companion whose handler has no header to join the key. What extracts their context is one type, and
/// compiled once for all of them.
#[derive(Debug)]
pub enum Plain {}

impl Companion for Plain {
    fn vary() -> Vary {
        Vary::Names(&[])
    }
}

/// Stands for the companion of an associated function, which has none.
#[derive(Debug)]
pub enum Associated {}

impl Companion for Associated {
    fn vary() -> Vary {
        Vary::All
    }
}

/// axum's `State`, and nothing else of that name.
#[diagnostic::on_unimplemented(
    message = "this `State` is not `axum::extract::State`",
    label = "left out of the cache key by its name, as axum's `State` is",
    note = "say what you mean: import it under another name (`use … as …`), and then name it in `ignore = [...]` \
            or let it join the key"
)]
pub trait AxumState {}

impl<T> AxumState for State<T> {}

/// Compiles for axum's `State` alone.
pub fn is_axum_state<T: AxumState>() {}

impl Site {
    /// The method whose responses are cached; GET, if it is among several.
    pub(crate) fn method(&self) -> Method {
        rules::first_of(self.policy.methods)
    }

    /// The headers that join the key.
    pub fn vary(&self) -> Vary {
        Vary::Names(self.policy.vary)
    }
}

/// What a handler answered, to ask whether it is an `Err`.
///
/// Method lookup finds the inherent method on a `Result`, and [`NotAResult`] on everything else.
#[derive(Debug)]
pub struct Answer<'a, T>(pub &'a T);

impl<T, E> Answer<'_, Result<T, E>> {
    /// Whether it is an `Err`.
    pub fn is_err(&self) -> bool {
        self.0.is_err()
    }
}

/// For answers that cannot be an `Err`.
pub trait NotAResult {
    /// It is none.
    fn is_err(&self) -> bool {
        false
    }
}

impl<T> NotAResult for Answer<'_, T> {}

/// The response, marked if it is made of an `Err`: whatever its status, that is not stored as an answer.
pub fn into_response<T: IntoResponse>(answer: T, is_err: bool) -> Response {
    let mut response = answer.into_response();
    if is_err {
        response.extensions_mut().insert(HandlerError);
    }
    response
}
