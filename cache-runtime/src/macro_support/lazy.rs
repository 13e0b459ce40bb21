//! Extractors that run on a miss only: the option `lazy`.
//!
//! All lazy arguments of a handler are one extractor, whose `T` is the tuple of them. It keeps what they will need and
//! forgets the type of the state, which generated code cannot name.

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

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Response>> + Send>>;

/// In the last position: owns the request's parts. No other argument comes later, so none misses them or the body.
pub struct Deferred<T> {
    run: Box<dyn FnOnce() -> Extraction<T> + Send>,
}

/// Before a last argument that may need the body: has a copy of the parts.
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

    /// What was extracted already.
    pub fn extracted(values: T) -> Self
    where
        T: Send + 'static,
    {
        let run = Box::new(|| Box::pin(future::ready(Ok(values))) as Extraction<T>);
        Self { run }
    }

    /// Runs the extractors from left to right, up to the first that rejects.
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
    async fn extracts_from_the_request_and_the_state_it_was_made_with() {
        let Ok(deferred) = Deferred::<(State<u8>, Uri)>::from_request(request("/a?x=1"), &7).await;
        let (State(state), uri) = deferred.extract().await.unwrap();
        assert_eq!((state, uri.path()), (7, "/a"));
    }

    #[tokio::test]
    async fn beside_another_argument_the_parts_are_copied() {
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
