//! How long a request waits: for the fills of others, and for any fill where a stale entry can answer instead.
//!
//! Both are counted from when the request was looked up, so that several waits in a row take no longer than one.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout_at};

/// The moments at which a request stops waiting. One that lies past the end of the clock never comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    /// From here on the request waits for no fill but its own.
    others: Option<Instant>,
    /// From here on its stale fallback answers.
    stale: Option<Instant>,
}

/// How a wait for the fills of others ended.
#[derive(Debug)]
pub(super) enum Waited<T> {
    Done(T),
    /// The stale fallback answers.
    Slow,
    /// The request runs the handler itself.
    Late,
}

impl Deadlines {
    pub(super) fn new(began: Instant, others: Duration, stale: Option<Duration>) -> Self {
        Self {
            others: began.checked_add(others),
            stale: stale.and_then(|stale| began.checked_add(stale)),
        }
    }

    /// Whether the request has waited for others as long as it may.
    pub(super) fn is_late(&self) -> bool {
        self.others.is_some_and(|others| others <= Instant::now())
    }

    /// Waits for the fill of another.
    pub(super) async fn wait_for_others<T>(&self, fill: impl Future<Output = T>) -> Waited<T> {
        let (until, ended) = match (self.stale, self.others) {
            (Some(stale), Some(others)) if others < stale => (others, Waited::Late),
            (Some(stale), _) => (stale, Waited::Slow),
            (None, Some(others)) => (others, Waited::Late),
            (None, None) => return Waited::Done(fill.await),
        };
        timeout_at(until, fill).await.map_or(ended, Waited::Done)
    }

    /// Waits for the request's own fill. `None`: the stale fallback answers.
    pub(super) async fn wait_for_own<T>(&self, fill: impl Future<Output = T>) -> Option<T> {
        match self.stale {
            Some(stale) => timeout_at(stale, fill).await.ok(),
            None => Some(fill.await),
        }
    }
}
