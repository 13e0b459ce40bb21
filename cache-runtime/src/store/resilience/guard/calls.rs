//! The calls of a store: within a time limit, counted by the breaker, and not sent while it is open.

use std::{future::Future, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use tokio::{
    runtime::Handle,
    time::{self, Instant},
};

use super::{Backend, Guard, Remote};
use crate::store::{
    StoreError, StoreFuture,
    resilience::{budget::Budget, deadline, probe::Probing},
};

/// The shortest limit of a call that no request waits for.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(2);

impl Guard {
    /// Makes a call that a request waits for: within the rest of its budget, and not at all while the breaker is open.
    ///
    /// # Errors
    /// The store failed, or did not answer within the rest of the budget.
    ///
    /// # Cancel safety
    /// As safe as `call`. The time until the cancellation is not taken off the budget.
    pub(crate) async fn call<T>(
        &self,
        budget: &mut Budget,
        call: StoreFuture<'_, T>,
    ) -> Result<T, StoreError> {
        let Backend::Remote(remote) = &self.backend else {
            return call.await;
        };
        let remaining = budget.remaining(self.budget);
        if remaining.is_zero() {
            return Err(StoreError::unavailable(
                "the request has used up its store budget",
            ));
        }
        let started = Instant::now();
        // Boxed, so that calls of memory, which are most of them, stay small.
        let outcome = Box::pin(self.call_remote(remote, remaining, call)).await;
        budget.spend(started.elapsed());
        outcome
    }

    /// Makes a call that no request waits for.
    ///
    /// # Errors
    /// The store failed, or did not answer within the longer of 2 seconds and the budget of a request.
    ///
    /// # Cancel safety
    /// As safe as `call`.
    pub(crate) async fn call_in_background<T>(&self, call: StoreFuture<'_, T>) -> Result<T, StoreError> {
        match &self.backend {
            Backend::Memory { .. } => {
                if let Ok(runtime) = Handle::try_current() {
                    self.background.restart_if_ended(&runtime);
                }
                call.await
            }
            Backend::Remote(remote) => {
                let limit = BACKGROUND_TIMEOUT.max(self.budget);
                Box::pin(self.call_remote(remote, limit, call)).await
            }
        }
    }

    /// Makes a call with a budget of its own, also while the breaker is open: an eviction by the application.
    ///
    /// # Errors
    /// The store failed, or did not answer within the budget.
    ///
    /// # Cancel safety
    /// As safe as `call`.
    pub(crate) async fn call_despite_breaker<T>(&self, call: StoreFuture<'_, T>) -> Result<T, StoreError> {
        let Backend::Remote(remote) = &self.backend else {
            return call.await;
        };
        self.resume_upkeep(remote, self.budget).await?;
        let call = match remote.probes.note_call() {
            Probing::Active => call,
            Probing::Resuming(probed) => after(probed, call),
        };
        remote.record(within(self.budget, call).await)
    }

    async fn call_remote<T>(
        &self,
        remote: &Remote,
        limit: Duration,
        call: StoreFuture<'_, T>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        self.resume_upkeep(remote, limit).await?;
        let limit = limit.saturating_sub(started.elapsed());
        let call = match remote.probes.note_call() {
            // During the pause the store's clock may have changed and the connection may have broken.
            Probing::Resuming(probed) if !remote.breaker.is_open() => after(probed, call),
            Probing::Active | Probing::Resuming(_) => call,
        };
        let opened = remote.breaker.wait_until_open();
        // Polled in this order: nothing is sent while the breaker is open.
        match select(pin!(opened), pin!(within(limit, call))).await {
            Either::Left(_) => Err(StoreError::unavailable("the breaker is open")),
            // Little time was left of the budget, so the timeout does not show that the store is slow: not recorded.
            Either::Right((Err(CallError::TimedOut(limit)), _)) if limit < self.budget / 2 => {
                Err(CallError::TimedOut(limit).into())
            }
            Either::Right((outcome, _)) => remote.record(outcome),
        }
    }

    /// Starts the background task in this runtime if the one that it ran in has ended, and waits for its first probe.
    async fn resume_upkeep(&self, remote: &Remote, limit: Duration) -> Result<(), StoreError> {
        // Outside a runtime there are no timers.
        let runtime = Handle::try_current().map_err(StoreError::unavailable)?;
        if self.background.restart_if_ended(&runtime) {
            // The connection belonged to the runtime that has ended.
            remote.breaker.open();
            let _ = time::timeout(limit, remote.breaker.wait_until_closed()).await;
        }
        Ok(())
    }
}

impl Remote {
    /// Counts the outcome of a call.
    fn record<T>(&self, outcome: Result<T, CallError>) -> Result<T, StoreError> {
        if let Err(CallError::Failed(error)) = &outcome
            && error.is_unavailable()
            && !self.breaker.is_open()
        {
            // Most likely the connection broke: the probe makes a new one before many requests notice.
            self.probes.request_probe();
        }
        let outcome = outcome.map_err(StoreError::from);
        self.breaker.record(&outcome);
        outcome
    }
}

/// Why a call has no answer.
pub(super) enum CallError {
    Failed(StoreError),
    TimedOut(Duration),
}

impl From<CallError> for StoreError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Failed(error) => error,
            CallError::TimedOut(limit) => Self::unavailable(format!("no answer within {limit:?}")),
        }
    }
}

pub(super) async fn within<T>(limit: Duration, call: StoreFuture<'_, T>) -> Result<T, CallError> {
    match deadline::within(limit, call).await {
        Some(answer) => answer.map_err(CallError::Failed),
        None => Err(CallError::TimedOut(limit)),
    }
}

fn after<'a, T: 'a>(
    first: impl Future<Output = ()> + Send + 'a,
    call: StoreFuture<'a, T>,
) -> StoreFuture<'a, T> {
    Box::pin(async {
        first.await;
        call.await
    })
}
