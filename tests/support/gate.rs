//! Handlers that wait until the test lets them go on.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::sync::Arc;

use tokio::{sync::Semaphore, task::JoinHandle};

use super::app::{Answer, App, Runs};

/// Makes handlers wait until the test lets them through, and counts their runs.
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

    /// In a handler: waits to be let through, and says which run this is.
    pub async fn pass(&self) -> usize {
        let run = self.runs.count();
        self.entered.add_permits(1);
        self.open.acquire().await.expect("the gate stays").forget();
        run
    }

    /// Waits until one more run has begun.
    pub async fn entered(&self) {
        self.entered.acquire().await.expect("the gate stays").forget();
    }

    pub fn let_through(&self, runs: usize) {
        self.open.add_permits(runs);
    }
}

/// Asks in a task of its own.
pub fn ask(app: &App, path: &'static str) -> JoinHandle<Answer> {
    let app = app.clone();
    tokio::spawn(async move { app.get(path).await })
}

/// Lets every other task run until all of them wait for something.
///
/// Tests run on one thread and `memory://` does no I/O, so this many turns are enough for a chain of that many steps.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
