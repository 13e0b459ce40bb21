//! Runs the service for the engine, which stores and shares its response. In RFC 9111 mode the service may validate the stored
//! response instead (section 4.3).

use std::{future::poll_fn, sync::Arc};

use axum::{
    BoxError,
    body::{Body, HttpBody},
};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use tower_service::Service;

use super::{outer_cache::OuterCache, response_filter::ResponseFilter};
use crate::{
    engine::Run,
    entry::Entry,
    http::shared_cache::{
        add_validators, freshened_headers, has_validators, is_conditional, remove_conditions,
    },
    origin::http::{self as origin, Call, Unshared, Validated},
    sync::{Mutex, lock},
};

/// The response from the store, or else from the service.
pub(super) async fn look_up_or_fill<S, B, R>(
    inner: S,
    request: Request<B>,
    lookup: Box<origin::Request>,
    filter: ResponseFilter,
    outer: OuterCache,
) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: HttpBody + Default + Send + 'static,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let error: SharedError<S::Error> = Arc::default();
    let error_of_run = Arc::clone(&error);
    let service = Call::Service(Box::new(move |run| {
        Box::pin(async move {
            match call(inner, request, &run).await {
                Ok(response) => filter.apply(response),
                Err(error) => {
                    *lock(&error_of_run) = Some(error);
                    error_response()
                }
            }
        })
    }));
    let response = outer.mark(lookup.answer(service).await);
    let error = lock(&error).take();
    match response.extensions().get::<ServiceError>() {
        Some(_) => error.map_or(Ok(response), Err),
        None => Ok(response),
    }
}

/// Calls the service. If it confirms the stored response with a 304, that response is returned, freshened (RFC 9111 section
/// 4.3.3). If its 304 is about another response, the service is called again, without conditions.
async fn call<S, B, R>(mut inner: S, mut request: Request<B>, run: &Run) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: HttpBody + Default,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let Some(stored) = prepare_conditions(run, request.headers_mut()) else {
        return Ok(inner.call(request).await?.map(Body::new));
    };
    let (parts, body) = request.into_parts();
    let mut retry_parts = parts.clone();
    let mut retry_inner = inner.clone();
    let response = inner.call(Request::from_parts(parts, body)).await?;
    if response.status() != StatusCode::NOT_MODIFIED {
        return Ok(response.map(Body::new));
    }
    let (mut parts, _) = response.into_parts();
    if let Some(headers) = freshened_headers(&stored, &parts) {
        parts.status = stored.status;
        parts.headers = headers;
        parts.extensions.insert(Validated);
        return Ok(Response::from_parts(parts, Body::from(stored.body.clone())));
    }
    remove_conditions(&mut retry_parts.headers);
    poll_fn(|context| retry_inner.poll_ready(context)).await?;
    let response = retry_inner
        .call(Request::from_parts(retry_parts, B::default()))
        .await?;
    match response.status() {
        // A 304 to a request without conditions.
        StatusCode::NOT_MODIFIED => Ok(empty_response(StatusCode::BAD_GATEWAY)),
        _ => Ok(response.map(Body::new)),
    }
}

/// Replaces the client's conditions by those of the fill. Returns the stored response that the service is asked to validate.
fn prepare_conditions(run: &Run, headers: &mut HeaderMap) -> Option<Arc<Entry>> {
    if run.is_shared {
        remove_conditions(headers);
    }
    let stored = run.stored.as_ref();
    let stored = stored.filter(|stored| !is_conditional(headers) && has_validators(stored))?;
    add_validators(headers, stored);
    Some(Arc::clone(stored))
}

/// The error of the service, for the request that called it.
type SharedError<E> = Arc<Mutex<Option<E>>>;

/// In the extensions of a response: it represents an error of the service.
#[derive(Debug, Clone, Copy)]
struct ServiceError;

/// Represents an error of the service while the engine handles it. No other request receives it.
fn error_response() -> Response<Body> {
    let mut response = empty_response(StatusCode::INTERNAL_SERVER_ERROR);
    response.extensions_mut().insert(ServiceError);
    response.extensions_mut().insert(Unshared);
    response
}

fn empty_response(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
