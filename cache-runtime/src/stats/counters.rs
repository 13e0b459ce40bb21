//! The counters behind [`Stats`]: one lot for each handler of a cache, found without a lock.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Counts, Refused, Stats};
use crate::{
    handler::{self, Handler},
    respond::Verdict,
    rules::Refusal,
};

/// So many handlers begin together, when the first of them is asked for.
const CHUNK: usize = 64;
/// More than a program has. Those beyond are counted with the last of them.
const CHUNKS: usize = 64;

/// Of one cache.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    handlers: Handlers,
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
struct Handlers([OnceLock<Box<[HandlerCounters]>>; CHUNKS]);

impl Handlers {
    fn of(&self, handler: Handler) -> &HandlerCounters {
        let number = handler.number.min(CHUNK * CHUNKS - 1);
        let chunk =
            self.0[number / CHUNK].get_or_init(|| (0..CHUNK).map(|_| HandlerCounters::default()).collect());
        &chunk[number % CHUNK]
    }
}

impl Default for Handlers {
    fn default() -> Self {
        Self([const { OnceLock::new() }; CHUNKS])
    }
}

/// Of one handler in one cache.
#[derive(Debug, Default)]
pub(crate) struct HandlerCounters {
    pub(crate) hits: Counter,
    pub(crate) stale: Counter,
    pub(crate) misses: Counter,
    pub(crate) bypassed: Counter,
    pub(crate) runs: Counter,
    pub(crate) failed: Counter,
    pub(crate) run_micros: Counter,
    pub(crate) stored: Counter,
    pub(crate) stored_bytes: Counter,
    pub(crate) evicted: Counter,
    pub(crate) store_micros: Counter,
    refusals: [Counter; Refusal::ALL.len()],
}

impl Counters {
    pub(crate) fn of(&self, handler: Handler) -> &HandlerCounters {
        self.handlers.of(handler)
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
        known.truncate(CHUNK * CHUNKS);
        for handler in known {
            let counts = self.of(handler).counts();
            if counts != Counts::default() {
                stats.total += &counts;
                *stats.handlers.entry(handler.name.to_owned()).or_default() += &counts;
            }
        }
        stats
    }
}

impl HandlerCounters {
    /// A request was answered from an entry, or with its own run's.
    pub(crate) fn answered(&self, verdict: Verdict) {
        match verdict {
            Verdict::Hit => self.hits.count(),
            Verdict::Stale => self.stale.count(),
            Verdict::Miss | Verdict::Passed => self.misses.count(),
        }
    }

    pub(crate) fn ran(&self, time: Duration, failed: bool) {
        self.runs.count();
        self.run_micros.add_time(time);
        if failed {
            self.failed.count();
        }
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refusals[refusal as usize].add(1);
    }

    pub(crate) fn counts(&self) -> Counts {
        let refusals = Refusal::ALL.iter().map(|refusal| {
            let count = self.refusals[*refusal as usize].get();
            (refusal.as_str(), count)
        });
        Counts {
            hits: self.hits.get(),
            stale: self.stale.get(),
            misses: self.misses.get(),
            bypassed: self.bypassed.get(),
            runs: self.runs.get(),
            failed: self.failed.get(),
            run_time: Duration::from_micros(self.run_micros.get()),
            stored: self.stored.get(),
            stored_bytes: self.stored_bytes.get(),
            not_stored: refusals.filter(|(_, count)| *count > 0).collect(),
            evicted: self.evicted.get(),
            store_time: Duration::from_micros(self.store_micros.get()),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// In microseconds.
    pub(crate) fn add_time(&self, time: Duration) {
        self.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
