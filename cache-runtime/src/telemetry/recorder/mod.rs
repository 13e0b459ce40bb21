//! Numbers that a cache counts, and tells the `metrics` facade where the feature of that name is on.

#[cfg(feature = "metrics")]
mod facade;
#[cfg(not(feature = "metrics"))]
#[path = "silent.rs"]
mod facade;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

macro_rules! metrics {
    ($($name:ident),* $(,)?) => {
        /// What is told. Labels are few: the cache's prefix, the handler, and words of ours.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Metric {
            $($name),*
        }

        impl Metric {
            #[cfg(feature = "metrics")]
            const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

metrics! {
    Requests,
    RunSeconds,
    FailedRuns,
    Stored,
    StoredBytes,
    NotStored,
    Evicted,
    StoreSeconds,
    Refused,
    Ailing,
    Overdue,
    MemoryEntries,
    MemoryBytes,
}

/// Makes the numbers of one cache, or of one of its handlers.
#[derive(Debug, Clone)]
pub(crate) struct Meter(Vec<(&'static str, String)>);

impl Meter {
    /// Of the cache with this prefix.
    pub(crate) fn new(prefix: &str) -> Self {
        facade::describe();
        Self(vec![("cache", prefix.to_owned())])
    }

    /// With one label more.
    pub(crate) fn with(&self, label: &'static str, value: impl Into<String>) -> Self {
        let mut labels = self.0.clone();
        labels.push((label, value.into()));
        Self(labels)
    }

    pub(crate) fn counter(&self, metric: Metric) -> Counter {
        Counter {
            told: facade::counter(metric, &self.0),
            ..Counter::default()
        }
    }

    pub(crate) fn gauge(&self, metric: Metric) -> Gauge {
        Gauge(facade::gauge(metric, &self.0))
    }

    pub(crate) fn timer(&self, metric: Metric) -> Timer {
        Timer {
            told: facade::histogram(metric, &self.0),
            ..Timer::default()
        }
    }
}

/// It only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    count: AtomicU64,
    told: facade::Counter,
}

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: u64) {
        self.count.fetch_add(more, Ordering::Relaxed);
        self.told.add(more);
    }

    pub(crate) fn get(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// What is so now; it is only told.
#[derive(Debug, Default)]
pub(crate) struct Gauge(facade::Gauge);

impl Gauge {
    pub(crate) fn set(&self, value: usize) {
        self.0.set(value);
    }
}

/// Times, of which the sum is kept here and the distribution is told.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    micros: AtomicU64,
    told: facade::Histogram,
}

impl Timer {
    pub(crate) fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        self.told.add(time);
    }

    pub(crate) fn sum(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}
