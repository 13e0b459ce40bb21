//! Requests that miss together, and those that are in the way of an eviction.

mod support;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::future::join_all;
use handler_cache::cache;
use support::app::{Bench, Runs};
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// A handler that counts its runs and does not answer until it is let.
#[derive(Debug, Clone)]
struct Gate {
    runs: Runs,
    open: Arc<Semaphore>,
    entered: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        Self {
            runs: Runs::default(),
            open: Arc::new(Semaphore::new(0)),
            entered: Arc::new(Semaphore::new(0)),
        }
    }

    /// In the handler: counts, and waits to be let through.
    async fn pass(&self) -> usize {
        let run = self.runs.count();
        self.entered.add_permits(1);
        self.open
            .acquire()
            .await
            .expect("the gate is not closed")
            .forget();
        run
    }

    /// Waits until one more run has begun.
    async fn entered(&self) {
        self.entered
            .acquire()
            .await
            .expect("the gate is not closed")
            .forget();
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

#[tokio::test]
async fn p4_many_that_miss_together_run_the_handler_once() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(pages(&gate));
        let asked = join_all((0..200).map(|_| app.get("/pages/1")));
        let (answers, ()) = tokio::join!(asked, async {
            gate.entered().await;
            gate.let_through(1);
        });
        assert_eq!(gate.runs.total(), 1);
        assert!(answers.iter().all(|answer| answer.text() == "page 1, run 1"));
        let misses = answers.iter().filter(|answer| answer.verdict() == Some("Miss"));
        assert_eq!(
            misses.count(),
            1,
            "the leader's response says Miss, the others Hit"
        );
    }
}
