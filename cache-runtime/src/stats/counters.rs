//! The counters behind [`Stats`]: one lot for each handler of a cache, found without a lock.

use std::{sync::OnceLock, time::Duration};

use super::{Counts, Refused, Stats};
use crate::{
    key::handler::{self, Handler},
    outcome::{CacheStatus, NotStoredReason},
    telemetry::recorder::{Counter, Meter, Metric, Timer},
};

/// So many handlers begin together, when the first of them is asked for.
const CHUNK: usize = 64;
/// More than a program has. Those beyond are counted with the last of them.
const CHUNKS: usize = 64;

/// Of one cache.
#[derive(Debug)]
pub(crate) struct Counters {
    handlers: Handlers,
    meter: Meter,
    /// What was beyond a limit.
    pub(crate) runs: Counter,
    pub(crate) waiting: Counter,
    pub(crate) refreshes: Counter,
    pub(crate) entries: Counter,
    pub(crate) evictions: Counter,
    /// By tags, and of everything: of no one handler.
    evicted: Counter,
}

#[derive(Debug)]
struct Handlers([OnceLock<Chunk>; CHUNKS]);

type Chunk = Box<[OnceLock<HandlerCounters>]>;

impl Handlers {
    fn of(&self, handler: Handler, meter: &Meter) -> &HandlerCounters {
        let number = handler.number.min(CHUNK * CHUNKS - 1);
        let chunk = &self.0[number / CHUNK];
        let chunk = chunk.get_or_init(|| (0..CHUNK).map(|_| OnceLock::new()).collect());
        chunk[number % CHUNK].get_or_init(|| HandlerCounters::new(&meter.with("handler", handler.label)))
    }
}

/// Of one handler in one cache.
#[derive(Debug)]
pub(crate) struct HandlerCounters {
    pub(crate) hits: Counter,
    pub(crate) stale: Counter,
    pub(crate) misses: Counter,
    pub(crate) bypassed: Counter,
    pub(crate) runs: Counter,
    pub(crate) failed: Counter,
    pub(crate) run_time: Timer,
    pub(crate) stored: Counter,
    pub(crate) stored_bytes: Counter,
    pub(crate) evicted: Counter,
    pub(crate) store_time: Timer,
    /// Each from when it is first needed, for most never are.
    refusals: [OnceLock<Counter>; NotStoredReason::ALL.len()],
    meter: Meter,
}

impl Counters {
    pub(crate) fn new(meter: Meter) -> Self {
        let refused = |limit| meter.with("limit", limit).counter(Metric::Refused);
        Self {
            handlers: Handlers([const { OnceLock::new() }; CHUNKS]),
            runs: refused("runs"),
            waiting: refused("waiting"),
            refreshes: refused("refreshes"),
            entries: refused("entries"),
            evictions: refused("evictions"),
            evicted: meter.with("handler", "*").counter(Metric::Evicted),
            meter,
        }
    }

    pub(crate) fn of(&self, handler: Handler) -> &HandlerCounters {
        self.handlers.of(handler, &self.meter)
    }

    /// The store acknowledged an eviction, of entries of this handler alone if one is named.
    pub(crate) fn evicted(&self, handler: Option<Handler>) {
        match handler {
            Some(handler) => self.of(handler).evicted.count(),
            None => self.evicted.count(),
        }
    }

    /// All of it now. Requests go on meanwhile, so the numbers may be of slightly different moments.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats {
            refused: Refused {
                runs: self.runs.get(),
                waiting: self.waiting.get(),
                refreshes: self.refreshes.get(),
                entries: self.entries.get(),
                evictions: self.evictions.get(),
            },
            values: self.of(Handler::VALUES).counts(),
            ..Stats::default()
        };
        stats.total.evicted = self.evicted.get();
        stats.total += &stats.values;
        let mut known = handler::known();
        // Those that share a counter are counted once.
        known.sort_by_key(|handler| handler.number);
        known.dedup_by_key(|handler| handler.number.min(CHUNK * CHUNKS - 1));
        for handler in known {
            let counts = self.of(handler).counts();
            if counts != Counts::default() {
                stats.total += &counts;
                *stats.handlers.entry(handler.label.to_owned()).or_default() += &counts;
            }
        }
        stats
    }
}

impl HandlerCounters {
    fn new(meter: &Meter) -> Self {
        let answered = |result| meter.with("result", result).counter(Metric::Requests);
        Self {
            hits: answered("hit"),
            stale: answered("stale"),
            misses: answered("miss"),
            bypassed: answered("bypass"),
            // Not told: the histogram of their times counts them.
            runs: Counter::default(),
            failed: meter.counter(Metric::FailedRuns),
            run_time: meter.timer(Metric::RunSeconds),
            stored: meter.counter(Metric::Stored),
            stored_bytes: meter.counter(Metric::StoredBytes),
            evicted: meter.counter(Metric::Evicted),
            store_time: meter.timer(Metric::StoreSeconds),
            refusals: [const { OnceLock::new() }; NotStoredReason::ALL.len()],
            meter: meter.clone(),
        }
    }

    /// A request was answered from an entry, or with its own run's.
    pub(crate) fn answered(&self, cache_status: CacheStatus) {
        match cache_status {
            CacheStatus::Hit => self.hits.count(),
            CacheStatus::Stale => self.stale.count(),
            CacheStatus::Forwarded(_) => self.misses.count(),
        }
    }

    pub(crate) fn ran(&self, time: Duration, failed: bool) {
        self.runs.count();
        self.run_time.add(time);
        if failed {
            self.failed.count();
        }
    }

    pub(crate) fn refused(&self, reason: NotStoredReason) {
        let counter = self.refusals[reason as usize].get_or_init(|| {
            let meter = self.meter.with("reason", reason.as_str());
            meter.counter(Metric::NotStored)
        });
        counter.count();
    }

    pub(crate) fn counts(&self) -> Counts {
        let refusals = NotStoredReason::ALL.iter().map(|refusal| {
            let count = self.refusals[*refusal as usize].get().map_or(0, Counter::get);
            (refusal.as_str(), count)
        });
        Counts {
            hits: self.hits.get(),
            stale: self.stale.get(),
            misses: self.misses.get(),
            bypassed: self.bypassed.get(),
            runs: self.runs.get(),
            failed: self.failed.get(),
            run_time: self.run_time.sum(),
            stored: self.stored.get(),
            stored_bytes: self.stored_bytes.get(),
            not_stored: refusals.filter(|(_, count)| *count > 0).collect(),
            evicted: self.evicted.get(),
            store_time: self.store_time.sum(),
        }
    }
}
