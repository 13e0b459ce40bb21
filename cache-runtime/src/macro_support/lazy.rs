//! Extractors that run on a miss only: the option `lazy`.
//!
//! One extractor holds all lazy arguments of a handler; its `T` is the tuple of their types. It keeps the parts of the
//! request and the state, and erases the state's type, which generated code cannot name.

use std::{
    convert::Infallible,
    fmt,
    future::{self, Future},
    marker::PhantomData,
    pin::Pin,
};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
    response::{IntoResponse, Response},
};

use crate::origin::http::Unshared;

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Response>> + Send>>;

/// Lazy arguments in the last position. They own the parts of the request: no later argument needs these or the body.
pub struct Deferred<T> {
    run: Box<dyn FnOnce() -> Extraction<T> + Send>,
}

/// Lazy arguments before another argument, which may need the request: they have a copy of its parts.
pub struct DeferredBeside<T>(Deferred<T>);

impl<T> Deferred<T> {
    fn new<S>(mut parts: Parts, state: S) -> Self
    where
        S: Send + Sync + 'static,
        T: FromRequestParts<S> + 'static,
    {
        let run = Box::new(move || {
            Box::pin(async move {
                T::from_request_parts(&mut parts, &state)
                    .await
                    .map_err(IntoResponse::into_response)
            }) as Extraction<T>
        });
        Self { run }
    }

    /// Values that are already extracted.
    pub fn extracted(values: T) -> Self
    where
        T: Send + 'static,
    {
        let run = Box::new(|| Box::pin(future::ready(Ok(values))) as Extraction<T>);
        Self { run }
    }

    /// Runs the extractors from left to right, until one rejects the request.
    ///
    /// # Errors
    /// The rejection.
    pub async fn extract(self) -> Result<T, Response> {
        (self.run)().await
    }
}

impl<T> DeferredBeside<T> {
    /// As [`Deferred::extracted`].
    pub fn extracted(values: T) -> Self
    where
        T: Send + 'static,
    {
        Self(Deferred::extracted(values))
    }

    /// As [`Deferred::extract`].
    ///
    /// # Errors
    /// The rejection.
    pub async fn extract(self) -> Result<T, Response> {
        self.0.extract().await
    }
}

/// A rejection of a lazy extractor as a response, which answers its own request alone.
pub fn unshared(rejection: impl IntoResponse) -> Response {
    let mut response = rejection.into_response();
    response.extensions_mut().insert(Unshared);
    response
}

impl<S, T> FromRequest<S> for Deferred<T>
where
    S: Clone + Send + Sync + 'static,
    T: FromRequestParts<S> + 'static,
{
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let (parts, _body) = request.into_parts();
        Ok(Self::new(parts, state.clone()))
    }
}

impl<S, T> FromRequestParts<S> for DeferredBeside<T>
where
    S: Clone + Send + Sync + 'static,
    T: FromRequestParts<S> + 'static,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(Deferred::new(parts.clone(), state.clone())))
    }
}

impl<T> fmt::Debug for Deferred<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deferred").field(&PhantomData::<T>).finish()
    }
}

impl<T> fmt::Debug for DeferredBeside<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeferredBeside").field(&PhantomData::<T>).finish()
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        extract::{FromRequest as _, FromRequestParts as _, Query, Request, State},
        http::{Method, StatusCode, Uri},
    };

    use super::{Deferred, DeferredBeside};

    fn request(uri: &str) -> Request {
        Request::builder()
            .uri(uri)
            .body(axum::body::Body::empty())
            .unwrap()
    }

    #[tokio::test]
    async fn extracts_from_its_request_and_state() {
        let Ok(deferred) = Deferred::<(State<u8>, Uri)>::from_request(request("/a?x=1"), &7).await;
        let (State(state), uri) = deferred.extract().await.unwrap();
        assert_eq!((state, uri.path()), (7, "/a"));
    }

    #[tokio::test]
    async fn before_another_argument_the_parts_are_copied() {
        let (mut parts, _) = request("/a").into_parts();
        let Ok(deferred) = DeferredBeside::<(Method,)>::from_request_parts(&mut parts, &()).await;
        assert_eq!(parts.uri.path(), "/a");
        assert_eq!(deferred.extract().await.unwrap(), (Method::GET,));
    }

    #[tokio::test]
    async fn a_rejection_is_the_response() {
        let Ok(deferred) = Deferred::<(Query<(u8,)>,)>::from_request(request("/a?x=no"), &()).await;
        let rejection = deferred.extract().await.err().unwrap();
        assert_eq!(rejection.status(), StatusCode::BAD_REQUEST);
    }
}
