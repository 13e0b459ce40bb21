//! The live counters of one cache: a set for each handler, found without a lock.

use std::{sync::OnceLock, time::Duration};

use super::{Counters, Rejected, Stats};
use crate::{
    key::handler::{self, Handler},
    outcome::{CacheStatus, NotStoredReason},
    telemetry::recorder::{Counter, Metric, MetricsRecorder, Timer},
};

/// Handlers whose counters are allocated together, when the first of them is used.
const CHUNK: usize = 64;
/// 4096 handlers in all. Further ones share the counters of the last.
const CHUNKS: usize = 64;

/// All counters of one cache.
#[derive(Debug)]
pub(crate) struct CounterRegistry {
    handlers: Handlers,
    recorder: MetricsRecorder,
    pub(crate) rejected: RejectedCounters,
    /// Evictions of tags and of everything, which belong to no single handler.
    evictions: Counter,
}

/// Behind [`Rejected`].
#[derive(Debug)]
pub(crate) struct RejectedCounters {
    pub(crate) fills: Counter,
    pub(crate) waiters: Counter,
    pub(crate) refreshes: Counter,
    pub(crate) entries: Counter,
    pub(crate) evictions: Counter,
}

#[derive(Debug)]
struct Handlers([OnceLock<Chunk>; CHUNKS]);

type Chunk = Box<[OnceLock<HandlerCounters>]>;

impl Handlers {
    fn of(&self, handler: Handler, recorder: &MetricsRecorder) -> &HandlerCounters {
        let number = handler.number.min(CHUNK * CHUNKS - 1);
        let chunk = &self.0[number / CHUNK];
        let chunk = chunk.get_or_init(|| (0..CHUNK).map(|_| OnceLock::new()).collect());
        chunk[number % CHUNK].get_or_init(|| HandlerCounters::new(recorder.with("handler", handler.label)))
    }
}

/// The counters of one handler in one cache.
#[derive(Debug)]
pub(crate) struct HandlerCounters {
    pub(crate) hits: Counter,
    pub(crate) stale_hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) bypasses: Counter,
    pub(crate) fills: Counter,
    pub(crate) failed_fills: Counter,
    pub(crate) fill_time: Timer,
    pub(crate) stored: Counter,
    pub(crate) stored_bytes: Counter,
    pub(crate) evictions: Counter,
    pub(crate) store_time: Timer,
    /// Created on first use, since most handlers need few of them.
    not_stored: [OnceLock<Counter>; NotStoredReason::ALL.len()],
    recorder: MetricsRecorder,
}

impl CounterRegistry {
    pub(crate) fn new(recorder: MetricsRecorder) -> Self {
        Self {
            handlers: Handlers([const { OnceLock::new() }; CHUNKS]),
            rejected: RejectedCounters::new(&recorder),
            evictions: recorder.with("handler", "*").counter(Metric::Evictions),
            recorder,
        }
    }

    pub(crate) fn of(&self, handler: Handler) -> &HandlerCounters {
        self.handlers.of(handler, &self.recorder)
    }

    /// Counts an eviction that the store acknowledged, for its handler if it concerns only one.
    pub(crate) fn evicted(&self, handler: Option<Handler>) {
        match handler {
            Some(handler) => self.of(handler).evictions.increment(),
            None => self.evictions.increment(),
        }
    }

    /// A snapshot of all counters. Requests are counted meanwhile, so the numbers may differ by a moment.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats {
            rejected: self.rejected.snapshot(),
            values: self.of(Handler::VALUES).snapshot(),
            ..Stats::default()
        };
        stats.total.evictions = self.evictions.get();
        stats.total += &stats.values;
        let mut known = handler::known();
        // Handlers beyond the last chunk share counters, which must be summed once.
        known.sort_by_key(|handler| handler.number);
        known.dedup_by_key(|handler| handler.number.min(CHUNK * CHUNKS - 1));
        for handler in known {
            let counters = self.of(handler).snapshot();
            if counters != Counters::default() {
                stats.total += &counters;
                *stats.handlers.entry(handler.label.to_owned()).or_default() += &counters;
            }
        }
        stats
    }
}

impl RejectedCounters {
    fn new(recorder: &MetricsRecorder) -> Self {
        let beyond = |limit| recorder.with("limit", limit).counter(Metric::Rejected);
        Self {
            fills: beyond("fills"),
            waiters: beyond("waiters"),
            refreshes: beyond("refreshes"),
            entries: beyond("entries"),
            evictions: beyond("evictions"),
        }
    }

    fn snapshot(&self) -> Rejected {
        Rejected {
            fills: self.fills.get(),
            waiters: self.waiters.get(),
            refreshes: self.refreshes.get(),
            entries: self.entries.get(),
            evictions: self.evictions.get(),
        }
    }
}

impl HandlerCounters {
    fn new(recorder: MetricsRecorder) -> Self {
        let requests = |result| recorder.with("result", result).counter(Metric::Requests);
        Self {
            hits: requests("hit"),
            stale_hits: requests("stale"),
            misses: requests("miss"),
            bypasses: requests("bypass"),
            // Not exported: the histogram of fill times counts fills, too.
            fills: Counter::default(),
            failed_fills: recorder.counter(Metric::FailedFills),
            fill_time: recorder.timer(Metric::FillSeconds),
            stored: recorder.counter(Metric::Stored),
            stored_bytes: recorder.counter(Metric::StoredBytes),
            evictions: recorder.counter(Metric::Evictions),
            store_time: recorder.timer(Metric::StoreSeconds),
            not_stored: [const { OnceLock::new() }; NotStoredReason::ALL.len()],
            recorder,
        }
    }

    /// Counts a request that was answered from an entry or by a fill.
    pub(crate) fn answered(&self, cache_status: CacheStatus) {
        match cache_status {
            CacheStatus::Hit => self.hits.increment(),
            CacheStatus::Stale => self.stale_hits.increment(),
            CacheStatus::Forwarded(_) => self.misses.increment(),
        }
    }

    /// Counts a fill that took `time`.
    pub(crate) fn filled(&self, time: Duration, failed: bool) {
        self.fills.increment();
        self.fill_time.add(time);
        if failed {
            self.failed_fills.increment();
        }
    }

    /// Counts a response of a fill that was not stored.
    pub(crate) fn refused(&self, reason: NotStoredReason) {
        let counter = self.not_stored[reason as usize].get_or_init(|| {
            let recorder = self.recorder.with("reason", reason.as_str());
            recorder.counter(Metric::NotStored)
        });
        counter.increment();
    }

    pub(crate) fn snapshot(&self) -> Counters {
        let not_stored = NotStoredReason::ALL.iter().filter_map(|reason| {
            let count = self.not_stored[*reason as usize].get()?.get();
            (count > 0).then_some((reason.as_str(), count))
        });
        Counters {
            hits: self.hits.get(),
            stale_hits: self.stale_hits.get(),
            misses: self.misses.get(),
            bypasses: self.bypasses.get(),
            fills: self.fills.get(),
            failed_fills: self.failed_fills.get(),
            fill_time: self.fill_time.sum(),
            stored: self.stored.get(),
            stored_bytes: self.stored_bytes.get(),
            not_stored: not_stored.collect(),
            evictions: self.evictions.get(),
            store_time: self.store_time.sum(),
        }
    }
}
