//! A handler whose response the test chooses by the number of the call, and which the test can hold.

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any},
};
use futures_util::{future::join_all, stream};
use handler_cache::cache;
use tokio::{sync::Semaphore, time::timeout};

use crate::support::app::{Answer, App, PATIENCE, Runs};

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The state of a cached handler: makes the response from the number of the call.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) runs: Runs,
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
    pub(crate) answer: Arc<dyn Fn(usize) -> Response + Send + Sync>,
}

impl Origin {
    /// Answers at once.
    pub(crate) fn new<R: IntoResponse>(answer: impl Fn(usize) -> R + Send + Sync + 'static) -> Self {
        let origin = Self::held(answer);
        origin.open();
        origin
    }

    /// Holds all runs until it is opened.
    pub(crate) fn held<R: IntoResponse>(answer: impl Fn(usize) -> R + Send + Sync + 'static) -> Self {
        Self {
            runs: Runs::default(),
            entered: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
            answer: Arc::new(move |run| answer(run).into_response()),
        }
    }

    /// `run 1`, `run 2` and so on.
    pub(crate) fn counting() -> Self {
        Self::new(|run| format!("run {run}"))
    }

    /// In the handler.
    pub(crate) async fn answer(&self) -> Response {
        let run = self.runs.increment();
        self.entered.add_permits(1);
        let _permit = self.open.acquire().await.expect("it is never closed");
        (self.answer)(run)
    }

    /// Waits until one more run has begun.
    pub(crate) async fn entered(&self) {
        self.entered.acquire().await.expect("it is never closed").forget();
    }

    pub(crate) fn open(&self) {
        self.open.add_permits(1000);
    }

    #[track_caller]
    pub(crate) fn ran(&self, times: usize) {
        assert_eq!(self.runs.total(), times, "the handler's runs");
    }
}

#[cache(expire = 60)]
pub(crate) async fn page(uri: Uri, State(origin): State<Origin>) -> Response {
    let _ = uri;
    origin.answer().await
}

/// [`page`], for any method, everywhere: each path has an entry of its own.
pub(crate) fn pages(origin: &Origin) -> Router {
    Router::new()
        .route("/", any(page))
        .route("/{*path}", any(page))
        .with_state(origin.clone())
}

/// The handler at `/`.
pub(crate) fn at_root(handler: MethodRouter<Origin>, origin: &Origin) -> Router {
    Router::new().route("/", handler).with_state(origin.clone())
}

/// A body of unknown length.
pub(crate) fn streamed(chunks: &'static [&'static str]) -> Body {
    Body::from_stream(stream::iter(chunks.iter().map(|chunk| io::Result::Ok(*chunk))))
}

/// Waits until the entry is in the store, which is written after the response; the handler does not run.
pub(crate) async fn stored(app: &App, path: &str) -> Answer {
    let looking = async {
        loop {
            let answer = app.get_with(path, [("cache-control", "only-if-cached")]).await;
            if answer.status != StatusCode::GATEWAY_TIMEOUT {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, looking).await.expect("the entry is stored")
}

/// Sends `count` requests, and holds the first in the handler until the others wait for it.
pub(crate) async fn together(app: &App, origin: &Origin, path: &str, count: usize) -> Vec<Answer> {
    let asking = join_all((0..count).map(|_| app.get(path)));
    let (answers, ()) = tokio::join!(asking, async {
        origin.entered().await;
        origin.open();
    });
    answers
}
