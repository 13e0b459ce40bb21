//! One handler, whose response the test decides, cached in each way: attribute, layer, RFC 9111 layer.

use std::{
    future::{Future, ready},
    io,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures_util::{future::BoxFuture, stream};
use handler_cache::{cache, layer::CacheLayer};
use tokio::sync::mpsc;

use crate::support::{app::Runs, body::announced};

type Chunk = io::Result<Bytes>;
pub(crate) type Feed = mpsc::UnboundedSender<Chunk>;

/// Makes a response for each call of the handler.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) runs: Runs,
    answer: Arc<dyn Fn(usize) -> BoxFuture<'static, Response> + Send + Sync>,
}

impl Origin {
    pub(crate) fn new<R: IntoResponse>(answer: impl Fn(usize) -> R + Send + Sync + 'static) -> Self {
        Self::waiting(move |run| ready(answer(run).into_response()))
    }

    /// As [`new`](Self::new), with a future for each call.
    pub(crate) fn waiting<Fut: Future<Output = Response> + Send + 'static>(
        answer: impl Fn(usize) -> Fut + Send + Sync + 'static,
    ) -> Self {
        Self {
            runs: Runs::default(),
            answer: Arc::new(move |run| Box::pin(answer(run))),
        }
    }

    /// Makes bodies whose chunks the test sends, of `length` bytes if that is known.
    pub(crate) fn fed(length: Option<u64>) -> (Self, Arc<Mutex<Vec<Feed>>>) {
        let feeds = Arc::new(Mutex::new(Vec::new()));
        let opened = Arc::clone(&feeds);
        let origin = Self::new(move |_| {
            let (feed, chunks) = mpsc::unbounded_channel();
            opened.lock().unwrap().push(feed);
            let body = Body::from_stream(stream::unfold(chunks, |mut chunks| async {
                Some((chunks.recv().await?, chunks))
            }));
            match length {
                Some(length) => announced(body, length),
                None => body,
            }
        });
        (origin, feeds)
    }

    async fn run(&self) -> Response {
        (self.answer)(self.runs.increment()).await
    }

    /// The same handler with the attribute, in a layer, and in an RFC 9111 layer.
    pub(crate) fn every(&self) -> [(&'static str, Router); 3] {
        let plain = || {
            Router::new()
                .route("/", get(uncached))
                .route("/{page}", get(uncached))
                .with_state(self.clone())
        };
        let attribute = Router::new()
            .route("/", get(cached))
            .route("/{page}", get(cached))
            .with_state(self.clone());
        [
            ("attribute", attribute),
            ("layer", plain().layer(CacheLayer::new())),
            ("http", plain().layer(CacheLayer::new().http())),
        ]
    }
}

async fn uncached(State(origin): State<Origin>) -> Response {
    let mut response = origin.run().await;
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert("max-age=60".parse().unwrap());
    response
}

#[cache(expire = 60)]
async fn cached(uri: Uri, State(origin): State<Origin>) -> Response {
    let _ = uri;
    origin.run().await
}
