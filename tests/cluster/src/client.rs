//! The clients of the replicas.

use std::time::Duration;

use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::history::CacheStatus;

/// Longer than any request takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps its connections.
#[derive(Debug, Clone)]
pub struct Client(Pool<HttpConnector, Empty<Bytes>>);

/// A whole response.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: StatusCode,
    pub cache_status: CacheStatus,
    pub body: String,
}

impl Client {
    #[allow(clippy::new_without_default, reason = "it opens connections")]
    pub fn new() -> Self {
        let mut builder = Pool::builder(TokioExecutor::new());
        // A request is never repeated: its outcome is what the campaign tests.
        Self(builder.retry_canceled_requests(false).build_http())
    }

    /// # Errors
    /// No whole response came.
    pub async fn send(&self, method: Method, port: u16, path: &str) -> Result<Response, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{port}{path}"))
            // As a proxy in front of all replicas forwards it: hosts do not share pages.
            .header(header::HOST, "cluster.test")
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let response = async {
            let (parts, body) = self.0.request(request).await.map_err(error_text)?.into_parts();
            let body = body.collect().await.map_err(error_text)?.to_bytes();
            Ok(Response {
                status: parts.status,
                cache_status: cache_status(&parts.headers),
                body: String::from_utf8_lossy(&body).into_owned(),
            })
        };
        tokio::time::timeout(PATIENCE, response)
            .await
            .unwrap_or_else(|_| Err(format!("no response within {PATIENCE:?}")))
    }

    /// # Errors
    /// No whole response came.
    pub async fn get(&self, port: u16, path: &str) -> Result<Response, String> {
        self.send(Method::GET, port, path).await
    }
}

fn cache_status(headers: &HeaderMap) -> CacheStatus {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    match text("x-cache") {
        // A validated response has the page of an earlier fill.
        "Hit" | "Revalidated" => CacheStatus::Hit,
        "Stale" => CacheStatus::Stale,
        "Miss" if text("cache-status").ends_with("stored") => CacheStatus::Stored,
        "Miss" => CacheStatus::NotStored,
        _ => CacheStatus::Unknown,
    }
}

fn error_text(error: impl std::error::Error) -> String {
    let mut error_text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        error_text += &format!(": {error}");
        source = error.source();
    }
    error_text
}
