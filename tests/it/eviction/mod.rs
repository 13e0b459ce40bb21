//! `#[cache_evict]` through a router, on every kind of store.

mod targets;
mod outcomes;
mod exactness;
mod during_fills;
mod unfinished;
mod transactions;
mod with_cache;
mod tags;
mod clear;
mod releases;
mod retries;

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRef, Path, Query, State},
    http::Method,
    routing::get,
};
use handler_cache::cache;
use tokio::{
    sync::Semaphore,
    task::JoinHandle,
    time::{Duration, Instant, sleep},
};

use crate::support::{
    self,
    app::{Answer, App, Bench, Runs},
};

/// The state of the handlers here.
#[derive(Debug, Clone, FromRef)]
struct Shop {
    runs: Runs,
    gate: Gate,
}

/// A gate at which a handler waits until the test lets it continue.
#[derive(Debug, Clone)]
struct Gate {
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    /// Waits, in a handler, until the test lets it through.
    async fn pass(&self) {
        self.entered.add_permits(1);
        self.open.acquire().await.expect("never closed").forget();
    }

    /// Waits, in the test, until one handler is at the gate.
    async fn entered(&self) {
        self.entered.acquire().await.expect("never closed").forget();
    }

    fn let_one_through(&self) {
        self.open.add_permits(1);
    }
}

impl Shop {
    fn new() -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self {
            runs: Runs::default(),
            gate: Gate {
                entered: closed(),
                open: closed(),
            },
        }
    }
}

#[derive(Debug, serde::Deserialize, serde::Serialize)]
struct Page {
    number: u32,
}

#[cache(expire = "1h")]
async fn page(Path(id): Path<u32>, State(runs): State<Runs>) -> String {
    format!("page {id}, run {}", runs.increment())
}

#[cache(expire = "1h")]
async fn list(Query(Page { number }): Query<Page>, State(runs): State<Runs>) -> String {
    format!("list {number}, run {}", runs.increment())
}

/// A router with cached pages, and `routes` that change them.
fn shop(bench: &Bench, shop: &Shop, routes: Router<Shop>) -> App {
    let router = Router::new()
        .route("/pages/{id}", get(page))
        .route("/list", get(list))
        .merge(routes);
    bench.app(router.with_state(shop.clone()))
}

const PAGE_1: &str = "/pages/1";
const PAGE_2: &str = "/pages/2";
const LISTS: [&str; 2] = ["/list?number=1", "/list?number=2"];

/// Caches these paths.
async fn warm<const N: usize>(bench: &Bench, app: &App, paths: [&str; N]) {
    for path in paths {
        app.get(path).await;
    }
    bench.settled().await;
    for path in paths {
        assert_eq!(app.get(path).await.x_cache(), Some("Hit"), "{path}");
    }
}

async fn put(app: &App, path: &str) -> Answer {
    app.send(Method::PUT, path, [], "").await
}

/// Sends the request from a task of its own.
fn begin_put(app: &App, path: &'static str) -> JoinHandle<Answer> {
    begin(app, Method::PUT, path)
}

fn begin(app: &App, method: Method, path: &'static str) -> JoinHandle<Answer> {
    let app = app.clone();
    tokio::spawn(async move { app.send(method, path, [], "").await })
}

/// Waits until the page is evicted in background.
async fn gone(app: &App, path: &str) {
    let begun = Instant::now();
    while app.get(path).await.x_cache() != Some("Miss") {
        assert!(begun.elapsed() < support::app::PATIENCE, "{path} stays");
        sleep(Duration::from_millis(1)).await;
    }
}
