//! A reverse proxy that caches what its origin allows: RFC 9111 in front of any HTTP service.
//!
//! ```sh
//! ORIGIN=http://127.0.0.1:8080 cargo run --example gateway                # entries in memory
//! ORIGIN=… CACHE_URL=redis://127.0.0.1:6379 cargo run --example gateway   # entries in Redis
//! ```
//!
//! `PORT` sets the port (3000). Only scheme, host and port of `ORIGIN` are used.

use std::{env, error::Error};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, Version, header},
    response::{IntoResponse, Response},
};
use handler_cache::{Cache, layer::CacheLayer};
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::net::TcpListener;

/// The gateway's name in forwarded requests (RFC 9110 section 7.6.3).
const VIA: &str = "1.1 gateway";

#[derive(Debug, Clone)]
struct Origin {
    uri: Uri,
    /// Reuses connections. The origin may close one just when the next request is sent.
    pooled: Client<HttpConnector, Body>,
    /// Opens a connection for each request.
    fresh: Client<HttpConnector, Body>,
}

impl Origin {
    fn new(uri: Uri) -> Self {
        let client = |idle| {
            Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(idle)
                .build_http()
        };
        Self {
            uri,
            pooled: client(usize::MAX),
            fresh: client(0),
        }
    }

    /// An idempotent request is sent once more if its connection was closed meanwhile. Any other request gets a new
    /// connection, since a closed one does not tell whether the origin processed it (RFC 9110 section 9.2.2).
    async fn ask(&self, request: Request) -> Result<Response, legacy::Error> {
        if !request.method().is_idempotent() || !request.body().is_end_stream() {
            return Ok(self.fresh.request(request).await?.map(Body::new));
        }
        let (parts, _) = request.into_parts();
        let request = |parts| Request::from_parts(parts, Body::empty());
        let answer = match self.pooled.request(request(parts.clone())).await {
            Err(error) if !error.is_connect() => self.fresh.request(request(parts)).await,
            answer => answer,
        };
        Ok(answer?.map(Body::new))
    }
}

/// Forwards the request to the origin with the same `Host`, and streams its response back.
async fn forward(State(origin): State<Origin>, mut request: Request) -> Response {
    if request.headers().get(header::VIA).is_some_and(|via| *via == VIA) {
        return StatusCode::LOOP_DETECTED.into_response();
    }
    // The URI's host takes precedence over the `Host` field (RFC 9112 section 3.2.2).
    if let Some(host) = request
        .uri()
        .authority()
        .and_then(|host| host.as_str().parse().ok())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    let mut uri = origin.uri.clone().into_parts();
    uri.path_and_query = request.uri().path_and_query().cloned();
    let Ok(uri) = Uri::from_parts(uri) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_11;
    take_hops(request.headers_mut());
    if !request.body().is_end_stream() && !request.headers().contains_key(header::CONTENT_LENGTH) {
        // Without this, hyper sends no body for GET and HEAD.
        let chunked = HeaderValue::from_static("chunked");
        request.headers_mut().insert(header::TRANSFER_ENCODING, chunked);
    }
    request
        .headers_mut()
        .insert(header::VIA, HeaderValue::from_static(VIA));
    match origin.ask(request).await {
        Ok(mut response) => {
            take_hops(response.headers_mut());
            *response.version_mut() = Version::HTTP_11;
            response
        }
        Err(error) => {
            let cause = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            (
                StatusCode::BAD_GATEWAY,
                format!("The origin does not answer: {cause}.\n"),
            )
                .into_response()
        }
    }
}

/// Removes hop-by-hop headers (RFC 9110 section 7.6.1), and a length that has no meaning next to `Transfer-Encoding`
/// (RFC 9112 section 6.3).
fn take_hops(headers: &mut HeaderMap) {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        headers.remove(header::CONTENT_LENGTH);
    }
    let lines = headers.get_all(header::CONNECTION).iter();
    let names = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let named: Vec<HeaderName> = names.filter_map(|name| name.trim().parse().ok()).collect();
    let always = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    for name in named.iter().map(HeaderName::as_str).chain(always) {
        if name != "host" {
            headers.remove(name);
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()))
        .init();
    let origin = env::var("ORIGIN").map_err(|_| "set ORIGIN to the URL of the server to cache")?;
    let uri = Uri::try_from(&origin).map_err(|error| format!("ORIGIN is no URL: {error}"))?;
    if uri.scheme_str() != Some("http") {
        return Err("ORIGIN must begin with `http://`".into());
    }
    let cache_url = env::var("CACHE_URL").unwrap_or_else(|_| "memory://".to_owned());
    let cache = Cache::init("gateway", &cache_url).await?;

    let app = Router::new()
        .fallback(forward)
        .with_state(Origin::new(uri))
        .layer(CacheLayer::new().http());

    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let port = port.map_err(|error| format!("PORT is not a port number: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        listener.map_err(|error| format!("cannot listen on port {port}: {error}; set PORT to another"))?;
    println!(
        "Listening on http://{}, in front of {origin}, entries in {}.",
        listener.local_addr()?,
        cache.store()
    );
    axum::serve(listener, app).await?;
    Ok(())
}
