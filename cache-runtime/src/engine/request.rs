//! Serves a request that memory could not answer.

use std::{any::Any, panic::resume_unwind, sync::Arc};

use tokio::{runtime::Handle, time::Instant};
use tracing::Instrument;

use super::{
    Engine,
    coalesce::Failure,
    decide::{Decided, Decision, Stored},
    evict::RequestScope,
    protocol::{Protocol, RequestOptions, Target},
};
use crate::{
    clock::Times,
    entry::Entry,
    outcome::{CacheStatus, ForwardReason, Forwarded, NotStoredReason},
    stats::HandlerCounters,
    store::Budget,
    telemetry::events,
};

/// A request on its way through the engine.
#[derive(Debug)]
pub(crate) struct Request<P> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) protocol: P,
    pub(crate) target: Target,
    pub(crate) options: RequestOptions,
    pub(crate) began: Instant,
    /// Shared with all other work for the same request.
    pub(crate) scope: Option<Arc<RequestScope>>,
}

/// How a request ended that no stored entry answered.
pub(super) enum Ending<P: Protocol> {
    /// With the entry of another request's fill.
    Joined(Arc<Entry>),
    /// With the entry of its own fill.
    Own {
        entry: Arc<Entry>,
        extra: P::Extra,
        revalidated: bool,
        stored: bool,
        times: Times,
    },
    /// With an answer that is not stored.
    Uncached {
        answer: P::Answer,
        failed: bool,
        revalidated: bool,
        /// The origin ran for other requests as well.
        is_shared: bool,
    },
    /// With the failure of another request's fill.
    Failed(Failure),
    Panicked(Box<dyn Any + Send>),
    /// Too many fills run already, and a stale entry can answer.
    AtLimit,
    /// The fill takes longer than the request waits.
    Slow,
    /// The runtime shuts down, and has dropped the fill.
    Gone,
}

impl<P: Protocol> Ending<P> {
    /// Whether a stale entry serves better (RFC 9111 section 4.2.4, RFC 5861).
    fn yields_to_fallback(&self) -> bool {
        match self {
            Self::Joined(_) | Self::Own { .. } => false,
            Self::Uncached { failed, .. } => *failed,
            Self::Failed(_) | Self::Panicked(_) | Self::AtLimit | Self::Slow | Self::Gone => true,
        }
    }
}

impl<P: Protocol> Request<P> {
    /// Answers the request: from an entry, by a fill of its own or of another request, or by a run of its own.
    ///
    /// # Cancel safety
    /// Safe: a fill that has begun goes on and is stored.
    pub(crate) async fn serve(mut self: Box<Self>, origin: P::Origin) -> P::Answer {
        let Ok(runtime) = Handle::try_current() else {
            // Without timers neither the store nor other fills can be waited for.
            return self
                .serve_uncached(NotStoredReason::NoLease, Stored::default(), origin)
                .await;
        };
        if !self.options.only_if_cached && self.engine.is_filled_by_this_task(&self.target.resource) {
            return Box::pin(self.serve_uncached(NotStoredReason::NoLease, Stored::default(), origin)).await;
        }
        let lookup = events::lookup(&self.target.slot.key);
        let Decided { decision, stored } = self.decide().instrument(lookup).await;
        match decision {
            Decision::Serve {
                entry,
                status,
                refresh,
            } => {
                if let Some(snapshot) = refresh {
                    self.refresh(&runtime, &entry, snapshot, origin);
                }
                self.answer_from(&entry, status)
            }
            Decision::NotCached => {
                self.counters().misses.increment();
                self.protocol.not_cached()
            }
            // What follows is large, and boxed so that a hit does not move it.
            Decision::Lead(leader, grant) => {
                let ending =
                    Box::pin(self.fill(&runtime, leader, Some(grant), &stored, Vec::new(), origin)).await;
                self.conclude(ending, stored)
            }
            Decision::Local(late) => Box::pin(self.serve_locally(&runtime, late, stored, origin)).await,
            Decision::Failed(failure) => Box::pin(self.serve_failure(failure, stored, origin)).await,
            Decision::FallbackOr(reason) => match stored.fallback {
                Some(fallback) => self.answer_from(&fallback, CacheStatus::Stale),
                None => Box::pin(self.serve_uncached(reason, stored, origin)).await,
            },
            Decision::Uncached(reason) => Box::pin(self.serve_uncached(reason, stored, origin)).await,
        }
    }

    /// Runs the origin for this request alone.
    pub(super) async fn serve_uncached(
        &self,
        reason: NotStoredReason,
        stored: Stored,
        origin: P::Origin,
    ) -> P::Answer {
        let ending = self.run_uncached(reason, &stored, origin).await;
        self.conclude(ending, stored)
    }

    /// Answers with the failure of another request's fill. One of another type is no answer: the origin runs once more.
    pub(super) async fn serve_failure(
        &self,
        failure: Failure,
        stored: Stored,
        origin: P::Origin,
    ) -> P::Answer {
        match self.protocol.answer_failure(&failure) {
            Some(_) => self.conclude(Ending::Failed(failure), stored),
            None => {
                self.serve_uncached(NotStoredReason::HitForMiss, stored, origin)
                    .await
            }
        }
    }

    /// Turns the ending into the answer: here alone a stale entry takes the place of a failure.
    pub(super) fn conclude(&self, ending: Ending<P>, stored: Stored) -> P::Answer {
        if let Some(fallback) = &stored.fallback
            && ending.yields_to_fallback()
        {
            return self.answer_from(fallback, CacheStatus::Stale);
        }
        let forward = self.forward(&stored);
        match ending {
            Ending::Joined(entry) => self.answer_from(&entry, CacheStatus::Hit),
            Ending::Own {
                entry,
                extra,
                revalidated,
                stored,
                times,
            } => {
                let forwarded = Forwarded {
                    reason: forward,
                    revalidated,
                    stored,
                };
                self.counters().answered(CacheStatus::Forwarded(forwarded));
                self.protocol
                    .answer_own_entry(&self.target, &entry, extra, forwarded, times)
            }
            Ending::Uncached {
                answer,
                revalidated,
                is_shared,
                ..
            } => {
                if P::is_cached_within(&answer) {
                    self.counters().bypasses.increment();
                } else {
                    self.counters().misses.increment();
                }
                let forwarded = Forwarded {
                    reason: forward,
                    revalidated,
                    stored: false,
                };
                self.protocol.uncached(answer, forwarded, is_shared)
            }
            Ending::Failed(failure) => {
                self.counters().misses.increment();
                let forwarded = Forwarded {
                    reason: ForwardReason::Miss,
                    revalidated: false,
                    stored: false,
                };
                match self.protocol.answer_failure(&failure) {
                    Some(answer) => self.protocol.uncached(answer, forwarded, false),
                    None => self.protocol.unavailable(),
                }
            }
            Ending::Panicked(panic) => {
                self.counters().misses.increment();
                resume_unwind(panic)
            }
            Ending::AtLimit | Ending::Slow | Ending::Gone => {
                self.counters().misses.increment();
                self.protocol.unavailable()
            }
        }
    }

    pub(super) fn answer_from(&self, entry: &Arc<Entry>, status: CacheStatus) -> P::Answer {
        events::key_found(&self.target.slot.key);
        self.counters().answered(status);
        let times = self.engine.clock.times();
        self.protocol.answer_entry(&self.target, entry, status, times)
    }

    /// Why the origin runs (RFC 9211 section 2.2).
    fn forward(&self, stored: &Stored) -> ForwardReason {
        let is_stored = stored.fallback.is_some() || stored.to_validate.is_some();
        match (stored.is_fresh || self.options.refresh, is_stored) {
            (true, _) => ForwardReason::Request,
            (false, true) => ForwardReason::Stale,
            (false, false) => ForwardReason::Miss,
        }
    }

    pub(super) fn counters(&self) -> &HandlerCounters {
        self.engine.counters.of(self.target.handler)
    }

    /// This work's share of the request's store time.
    pub(super) fn budget(&self) -> Budget {
        let scope = self.scope.as_ref();
        scope.map_or_else(Budget::default, |scope| scope.budget())
    }
}
