//! Counters, gauges and timers, exported through the `metrics` facade if the feature of that name is on.

#[cfg(feature = "metrics")]
mod facade;
#[cfg(not(feature = "metrics"))]
#[path = "noop.rs"]
mod facade;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

macro_rules! metrics {
    ($($name:ident),* $(,)?) => {
        /// The exported metrics. Labels have few values: the cache's prefix, the handler's name, and fixed words.
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
    FillSeconds,
    FailedFills,
    Stored,
    StoredBytes,
    NotStored,
    Evictions,
    StoreSeconds,
    Rejected,
    StoreUnavailable,
    EvictionsRetrying,
    MemoryEntries,
    MemoryBytes,
}

/// Registers metrics under a set of labels: those of one cache, or of one of its handlers.
#[derive(Debug, Clone)]
pub(crate) struct MetricsRecorder(Vec<(&'static str, String)>);

impl MetricsRecorder {
    /// For the cache with this prefix.
    pub(crate) fn new(prefix: &str) -> Self {
        facade::describe();
        Self(vec![("cache", prefix.to_owned())])
    }

    /// A recorder with one more label.
    pub(crate) fn with(&self, label: &'static str, value: impl Into<String>) -> Self {
        let mut labels = self.0.clone();
        labels.push((label, value.into()));
        Self(labels)
    }

    pub(crate) fn counter(&self, metric: Metric) -> Counter {
        Counter {
            exported: facade::counter(metric, &self.0),
            ..Counter::default()
        }
    }

    pub(crate) fn gauge(&self, metric: Metric) -> Gauge {
        Gauge(facade::gauge(metric, &self.0))
    }

    pub(crate) fn timer(&self, metric: Metric) -> Timer {
        Timer {
            exported: facade::histogram(metric, &self.0),
            ..Timer::default()
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    count: AtomicU64,
    exported: facade::Counter,
}

impl Counter {
    pub(crate) fn increment(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: u64) {
        self.count.fetch_add(more, Ordering::Relaxed);
        self.exported.add(more);
    }

    pub(crate) fn get(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down. It is exported only, and cannot be read back.
#[derive(Debug, Default)]
pub(crate) struct Gauge(facade::Gauge);

impl Gauge {
    pub(crate) fn set(&self, value: usize) {
        self.0.set(value);
    }
}

/// Durations: the sum can be read back, the distribution is exported only.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    micros: AtomicU64,
    exported: facade::Histogram,
}

impl Timer {
    pub(crate) fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        self.exported.add(time);
    }

    pub(crate) fn sum(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}
