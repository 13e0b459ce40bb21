//! What HTTP asks of a cache, through routers, on every kind of store.

#![allow(
    clippy::unwrap_used,
    reason = "helpers and handlers of tests fail the test, too"
)]

mod bodies;
mod broken;
mod client_max_age;
mod conditional;
mod directives;
mod extractors;
mod freshness;
mod headers;
mod keys;
mod methods;
mod options;
mod refused;
mod settings;
mod state;
mod stats;
mod statuses;
mod streams;
mod wire;

use crate::support;
use std::{io, sync::Arc, time::Duration};

use crate::support::{
    app::{Answer, App, PATIENCE, Runs},
    body::announced,
};
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

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What stands behind a cached handler: answers by the number of the run, which it counts.
#[derive(Clone)]
struct Origin {
    runs: Runs,
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
    answer: Arc<dyn Fn(usize) -> Response + Send + Sync>,
}

impl Origin {
    /// Answers at once.
    fn new<R: IntoResponse>(answer: impl Fn(usize) -> R + Send + Sync + 'static) -> Self {
        let origin = Self::held(answer);
        origin.open();
        origin
    }

    /// Answers nobody before it is opened.
    fn held<R: IntoResponse>(answer: impl Fn(usize) -> R + Send + Sync + 'static) -> Self {
        Self {
            runs: Runs::default(),
            entered: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
            answer: Arc::new(move |run| answer(run).into_response()),
        }
    }

    /// `run 1`, `run 2` and so on.
    fn counting() -> Self {
        Self::new(|run| format!("run {run}"))
    }

    /// In the handler.
    async fn answer(&self) -> Response {
        let run = self.runs.count();
        self.entered.add_permits(1);
        let _permit = self.open.acquire().await.expect("it is never closed");
        (self.answer)(run)
    }

    /// Waits until one more run has begun.
    async fn entered(&self) {
        self.entered.acquire().await.expect("it is never closed").forget();
    }

    fn open(&self) {
        self.open.add_permits(1000);
    }

    #[track_caller]
    fn ran(&self, times: usize) {
        assert_eq!(self.runs.total(), times, "the handler's runs");
    }
}

#[cache(expire = 60)]
async fn page(uri: Uri, State(origin): State<Origin>) -> Response {
    let _ = uri;
    origin.answer().await
}

/// [`page`], for any method, everywhere: each path has an entry of its own.
fn pages(origin: &Origin) -> Router {
    Router::new()
        .route("/", any(page))
        .route("/{*path}", any(page))
        .with_state(origin.clone())
}

/// The handler at `/`.
fn at_root(handler: MethodRouter<Origin>, origin: &Origin) -> Router {
    Router::new().route("/", handler).with_state(origin.clone())
}

/// A body of unknown length.
fn streamed(chunks: &'static [&'static str]) -> Body {
    Body::from_stream(stream::iter(chunks.iter().map(|chunk| io::Result::Ok(*chunk))))
}

/// Waits until the entry is in the store, for it is written behind the response; the handler does not run.
async fn stored(app: &App, path: &str) -> Answer {
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

/// `count` requests, of which the first to come is in the handler until the others had their chance to wait for it.
async fn together(app: &App, origin: &Origin, path: &str, count: usize) -> Vec<Answer> {
    let asking = join_all((0..count).map(|_| app.get(path)));
    let (answers, ()) = tokio::join!(asking, async {
        origin.entered().await;
        origin.open();
    });
    answers
}

/// Asks twice: the first is a miss, the second a hit, else the same.
async fn miss_then_hit(app: &App, path: &str) -> Answer {
    let miss = app.get(path).await;
    let hit = app.get(path).await;
    assert_same(&hit, &miss);
    hit
}

/// Asserts that an answer came straight from the handler: no header of the cache's.
#[track_caller]
fn assert_untouched(answer: &Answer) {
    for name in [
        "x-cache",
        "etag",
        "expires",
        "cache-control",
        "age",
        "cache-status",
        "vary",
    ] {
        assert!(!answer.headers.contains_key(name), "{name} in {answer:?}");
    }
}

/// Asserts that two answers are the same but for `x-cache`.
#[track_caller]
fn assert_same(hit: &Answer, miss: &Answer) {
    assert_eq!((miss.verdict(), hit.verdict()), (Some("Miss"), Some("Hit")));
    let plain = |answer: &Answer| {
        let mut answer = answer.clone();
        answer.headers.remove("x-cache");
        answer
    };
    assert_eq!(plain(hit), plain(miss));
}
