//! Handlers that wait until the test lets them continue.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::sync::Arc;

use tokio::{sync::Semaphore, task::JoinHandle};

use super::app::{Answer, App, Runs};

/// Holds handlers until the test lets them through, and counts their calls. Clones share one gate.
#[derive(Debug, Clone)]
pub struct Gate {
    pub runs: Runs,
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub fn new() -> Self {
        Self {
            runs: Runs::default(),
            entered: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    /// Waits, in a handler, until the test lets it through; returns the number of this call.
    pub async fn pass(&self) -> usize {
        let run = self.runs.increment();
        self.entered.add_permits(1);
        self.open
            .acquire()
            .await
            .expect("the gate is never closed")
            .forget();
        run
    }

    /// Waits, in the test, until one more run has begun.
    pub async fn entered(&self) {
        self.entered
            .acquire()
            .await
            .expect("the gate is never closed")
            .forget();
    }

    pub fn let_through(&self, runs: usize) {
        self.open.add_permits(runs);
    }
}

/// Sends a GET from a task of its own.
pub fn ask(app: &App, path: &'static str) -> JoinHandle<Answer> {
    let app = app.clone();
    tokio::spawn(async move { app.get(path).await })
}

/// Runs all other tasks until each of them waits.
///
/// A test has one thread and `memory://` does no I/O, so yielding this often completes a chain of as many steps.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
