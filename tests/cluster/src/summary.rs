//! A history in numbers.

use std::{fmt, ops::AddAssign};

use crate::history::{Answer, CacheStatus, History, Outcome};

/// How much a history holds.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    pub reads: usize,
    pub hits: usize,
    pub stale: usize,
    pub runs: usize,
    pub evicted: usize,
    pub retried: usize,
    /// Without a response, for the process was killed.
    pub lost: usize,
    pub faults: usize,
}

impl Summary {
    pub fn of(history: &History) -> Self {
        let pages = |wanted: CacheStatus| {
            let reads = history.reads.iter();
            reads
                .filter(|read| matches!(&read.answer, Answer::Page { cache_status, .. } if *cache_status == wanted))
                .count()
        };
        let outcomes = |wanted: fn(&Outcome) -> bool| {
            let writes = history.writes.iter();
            writes.filter(|write| wanted(&write.outcome)).count()
        };
        let lost = history
            .reads
            .iter()
            .filter(|read| matches!(read.answer, Answer::Lost(_)));
        Self {
            reads: history.reads.len(),
            hits: pages(CacheStatus::Hit),
            stale: pages(CacheStatus::Stale),
            runs: history.runs.len(),
            evicted: outcomes(|outcome| matches!(outcome, Outcome::Evicted(_))),
            retried: outcomes(|outcome| matches!(outcome, Outcome::Retrying(_))),
            lost: lost.count() + outcomes(|outcome| matches!(outcome, Outcome::Lost(_))),
            faults: history.troubles.len(),
        }
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, more: Self) {
        self.reads += more.reads;
        self.hits += more.hits;
        self.stale += more.stale;
        self.runs += more.runs;
        self.evicted += more.evicted;
        self.retried += more.retried;
        self.lost += more.lost;
        self.faults += more.faults;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reads,
            hits,
            stale,
            runs,
            evicted,
            retried,
            lost,
            faults,
        } = self;
        write!(
            f,
            "{reads} reads ({hits} hits, {stale} stale), {runs} fills, {evicted} evictions acknowledged, \
             {retried} retried, {lost} requests lost with their process, {faults} faults"
        )
    }
}
