//! Routers under test, called in process, on every kind of store.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
    response::Response,
};
use bytes::Bytes;
use handler_cache::{
    Cache, CacheBuilder,
    clock::{ManualClock, Timestamp},
};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::server::{self, RedisServer};

/// 2023-11-14 22:13:20 UTC.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Longer than any step of a test takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A cache on one kind of store, with a clock that the test advances.
#[derive(Debug)]
pub struct Bench {
    pub cache: Cache,
    pub clock: ManualClock,
    /// The server that holds the entries; `None` on memory.
    pub redis: Option<RedisServer>,
}

impl Bench {
    /// A cache in memory.
    pub async fn memory() -> Self {
        Self::memory_with(|builder| builder).await
    }

    /// A cache in memory with more settings.
    pub async fn memory_with(settings: impl FnOnce(CacheBuilder) -> CacheBuilder) -> Self {
        Self::build(settings(patient()), "memory://", None).await
    }

    /// A cache on a Redis server of its own.
    pub async fn redis() -> Self {
        Self::redis_with(|builder| builder).await
    }

    /// A cache on a Redis server of its own, with more settings.
    pub async fn redis_with(settings: impl FnOnce(CacheBuilder) -> CacheBuilder) -> Self {
        let server = RedisServer::start();
        let url = server.url();
        Self::build(settings(patient()), &url, Some(server)).await
    }

    /// A cache on this server, whether it answers or not.
    pub async fn on(server: RedisServer) -> Self {
        let url = server.url();
        Self::build(Cache::builder(), &url, Some(server)).await
    }

    /// A cache on each kind of store; in memory only in the quick tier of CONTRIBUTING.md.
    pub async fn every() -> Vec<Self> {
        Self::every_with(|builder| builder).await
    }

    /// A cache on each kind of store, with more settings.
    pub async fn every_with(settings: impl Fn(CacheBuilder) -> CacheBuilder) -> Vec<Self> {
        let mut benches = vec![Self::memory_with(&settings).await];
        if !server::is_memory_only() {
            benches.push(Self::redis_with(&settings).await);
        }
        benches
    }

    async fn build(builder: CacheBuilder, url: &str, redis: Option<RedisServer>) -> Self {
        let clock = ManualClock::at(START);
        let cache = builder
            .prefix("test")
            .url(url)
            .clock(&clock)
            .build()
            .await
            .expect("the settings are good");
        Self { cache, clock, redis }
    }

    /// The Redis server of this cache.
    ///
    /// # Panics
    ///
    /// The cache is in memory.
    #[track_caller]
    pub fn server(&self) -> &RedisServer {
        self.redis.as_ref().expect("this cache is on Redis")
    }

    /// Waits until all fills have ended: entries are written to Redis after the response.
    pub async fn settled(&self) {
        let Some(server) = &self.redis else { return };
        eventually("a fill has not ended", async || !server.is_being_filled()).await;
    }

    /// Attaches this cache to a router.
    pub fn app(&self, router: Router) -> App {
        App(router.layer(self.cache.attach()))
    }
}

/// A store budget that a working server never exceeds, however busy the machine is.
fn patient() -> CacheBuilder {
    Cache::builder().store_budget(PATIENCE)
}

/// Polls a condition until it holds, for work that continues in background.
///
/// # Panics
///
/// The condition, which `what` describes as failed, does not hold within [`PATIENCE`].
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A router, with methods that send requests to it.
#[derive(Debug, Clone)]
pub struct App(pub Router);

impl App {
    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, []).await
    }

    pub async fn get_with<const N: usize>(&self, path: &str, headers: [(&str, &str); N]) -> Answer {
        self.send(Method::GET, path, headers, Body::empty()).await
    }

    pub async fn send<const N: usize>(
        &self,
        method: Method,
        path: &str,
        headers: [(&str, &str); N],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.ask(request.body(body.into()).expect("the request is well-formed"))
            .await
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.begin(request).await.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.expect("the body ends well").to_bytes(),
        }
    }

    /// Sends a GET and returns the response before its body is read.
    pub async fn open(&self, path: &str) -> Response {
        let request = Request::get(path).body(Body::empty());
        self.begin(request.expect("the request is well-formed")).await
    }

    async fn begin(&self, request: Request<Body>) -> Response {
        self.0
            .clone()
            .oneshot(request)
            .await
            .expect("a router cannot fail")
    }
}

/// A response with its whole body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The value of `x-cache`.
    pub fn x_cache(&self) -> Option<&str> {
        self.header("x-cache")
    }

    /// The value of a header that occurs at most once.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.get_all(name).iter();
        let line = lines.next()?;
        assert!(
            lines.next().is_none(),
            "{name} occurs more than once: {:?}",
            self.headers
        );
        Some(line.to_str().expect("the header is text"))
    }

    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }
}

/// Counts the runs of a handler. Clones share the count, so it can be axum's `State`.
#[derive(Debug, Clone, Default)]
pub struct Runs(Arc<AtomicUsize>);

impl Runs {
    /// Counts one run and returns its number, from 1.
    pub fn increment(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub fn total(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}
