//! How long a request waits: for the fills of others, and for any fill where a stale entry can answer instead.
//!
//! Both are counted from when the request was looked up, so that several waits in a row take no longer than one.

use std::future::Future;

use tokio::time::{Instant, timeout_at};

use super::{Request, stored::Stored};
use crate::engine::protocol::Protocol;

/// The moments at which a request stops waiting for the fills of others. A time that the clock cannot represent never comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    /// When the request runs the origin itself.
    late_at: Option<Instant>,
    /// When the stale fallback answers.
    slow_at: Option<Instant>,
}

/// How a wait for the fill of another request ended.
#[derive(Debug)]
pub(super) enum Waited<T> {
    Done(T),
    /// The stale fallback answers.
    Slow,
    /// The request runs the origin itself.
    Late,
}

impl<P: Protocol> Request<P> {
    pub(super) fn deadlines(&self, stored: &Stored) -> Deadlines {
        let timeout = self.engine.settings.coalesce_timeout;
        Deadlines {
            late_at: self.waits_since().checked_add(timeout),
            slow_at: self.slow_at(stored),
        }
    }

    /// Waits for the request's own fill. `None`: the stale fallback answers.
    pub(super) async fn wait_for_own<T>(&self, fill: impl Future<Output = T>, stored: &Stored) -> Option<T> {
        match self.slow_at(stored) {
            Some(slow_at) => timeout_at(slow_at, fill).await.ok(),
            None => Some(fill.await),
        }
    }

    fn slow_at(&self, stored: &Stored) -> Option<Instant> {
        let limit = self.options.stale_if_slow.filter(|_| stored.fallback.is_some())?;
        self.waits_since().checked_add(limit)
    }

    /// The caches around a handler share the time that a request waits.
    fn waits_since(&self) -> Instant {
        let scope = self.scope.as_ref();
        scope.map_or(self.began, |scope| scope.waits_since(self.began))
    }
}

impl Deadlines {
    /// Whether the request has waited as long as it may.
    pub(super) fn are_late(&self) -> bool {
        self.late_at.is_some_and(|late_at| late_at <= Instant::now())
    }

    pub(super) async fn wait<T>(&self, fill: impl Future<Output = T>) -> Waited<T> {
        let (until, ended) = match (self.slow_at, self.late_at) {
            (Some(slow_at), Some(late_at)) if late_at < slow_at => (late_at, Waited::Late),
            (Some(slow_at), _) => (slow_at, Waited::Slow),
            (None, Some(late_at)) => (late_at, Waited::Late),
            (None, None) => return Waited::Done(fill.await),
        };
        timeout_at(until, fill).await.map_or(ended, Waited::Done)
    }
}
