//! Requests that miss together, evictions that come between, and replicas that share a Redis.

#[path = "../support/mod.rs"]
mod support;

mod evictions;
mod leaders;
mod replicas;
mod staleness;
mod tags;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use handler_cache::cache;
use support::app::Runs;
use tokio::{sync::Semaphore, task::JoinHandle};

use crate::support::app::{Answer, App};

/// Makes handlers wait until the test lets them through, and counts their runs.
#[derive(Debug, Clone)]
struct Gate {
    runs: Runs,
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        Self {
            runs: Runs::default(),
            entered: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    /// In a handler: waits to be let through, and says which run this is.
    async fn pass(&self) -> usize {
        let run = self.runs.count();
        self.entered.add_permits(1);
        self.open.acquire().await.expect("the gate stays").forget();
        run
    }

    /// Waits until one more run has begun.
    async fn entered(&self) {
        self.entered.acquire().await.expect("the gate stays").forget();
    }

    fn let_through(&self, runs: usize) {
        self.open.add_permits(runs);
    }
}

#[cache(expire = 60)]
async fn page(Path(id): Path<u32>, State(gate): State<Gate>) -> String {
    format!("page {id}, run {}", gate.pass().await)
}

fn pages(gate: &Gate) -> Router {
    Router::new()
        .route("/pages/{id}", get(page))
        .with_state(gate.clone())
}

/// Asks in a task of its own.
fn ask(app: &App, path: &'static str) -> JoinHandle<Answer> {
    let app = app.clone();
    tokio::spawn(async move { app.get(path).await })
}

/// Lets every other task run until all of them wait for something.
///
/// Tests run on one thread and `memory://` does no I/O, so this many turns are enough for a chain of that many steps.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
