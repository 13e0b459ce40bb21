//! The end of a request that no stored entry answered, and the answer that follows from it.

use std::{any::Any, panic::resume_unwind, sync::Arc};

use super::{Request, stored::Stored};
use crate::{
    clock::Times,
    engine::{coalesce::Failure, protocol::Protocol},
    entry::Entry,
    outcome::{CacheStatus, ForwardReason, Forwarded},
    telemetry::events,
};

/// The end of a request that no stored entry answered.
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
    /// The answer that follows from the ending: a stale entry in place of a failure, if there is one.
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
}
