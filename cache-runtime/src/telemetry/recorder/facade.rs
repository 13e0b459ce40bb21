//! The numbers through the `metrics` facade: to the recorder that stands when a number is first needed.

use std::{fmt, time::Duration};

use metrics::{Label, Unit};

use super::Metric;

/// Kinds as Prometheus has them.
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Metric {
    /// Kind, name, unit, and for people what it is.
    fn described(self) -> (Kind, &'static str, Unit, &'static str) {
        use Kind::{Counter, Gauge, Histogram};
        match self {
            Self::Requests => (
                Counter,
                "handler_cache_requests_total",
                Unit::Count,
                "Requests by what answered them: hit, stale, miss, or bypass",
            ),
            Self::RunSeconds => (
                Histogram,
                "handler_cache_run_seconds",
                Unit::Seconds,
                "How long handlers ran, behind responses as well",
            ),
            Self::FailedRuns => (
                Counter,
                "handler_cache_failed_runs_total",
                Unit::Count,
                "Runs of handlers that answered 5xx or panicked",
            ),
            Self::Stored => (
                Counter,
                "handler_cache_stored_total",
                Unit::Count,
                "Responses that were stored",
            ),
            Self::StoredBytes => (
                Counter,
                "handler_cache_stored_bytes_total",
                Unit::Bytes,
                "Bytes of the bodies that were stored",
            ),
            Self::NotStored => (
                Counter,
                "handler_cache_not_stored_total",
                Unit::Count,
                "Responses of runs that were not stored, by the reason",
            ),
            Self::Evicted => (
                Counter,
                "handler_cache_evicted_total",
                Unit::Count,
                "Evictions that the store acknowledged at once",
            ),
            Self::StoreSeconds => (
                Histogram,
                "handler_cache_store_seconds",
                Unit::Seconds,
                "How long a request waited for a store outside this process",
            ),
            Self::Refused => (
                Counter,
                "handler_cache_refused_total",
                Unit::Count,
                "What was not done because a limit was reached",
            ),
            Self::Ailing => (
                Gauge,
                "handler_cache_ailing",
                Unit::Count,
                "1 while the store does not answer",
            ),
            Self::Overdue => (
                Gauge,
                "handler_cache_overdue_evictions",
                Unit::Count,
                "Keys and tags whose evictions the store has not acknowledged",
            ),
            Self::MemoryEntries => (
                Gauge,
                "handler_cache_memory_entries",
                Unit::Count,
                "Entries in memory, looked at each 10 s",
            ),
            Self::MemoryBytes => (
                Gauge,
                "handler_cache_memory_bytes",
                Unit::Bytes,
                "What entries in memory weigh, looked at each 10 s",
            ),
        }
    }

    fn name(self) -> &'static str {
        let (_, name, ..) = self.described();
        name
    }
}

pub(super) fn describe() {
    for metric in Metric::ALL.iter().copied() {
        let (kind, name, unit, text) = metric.described();
        match kind {
            Kind::Counter => metrics::describe_counter!(name, unit, text),
            Kind::Gauge => metrics::describe_gauge!(name, unit, text),
            Kind::Histogram => metrics::describe_histogram!(name, unit, text),
        }
    }
}

pub(super) fn counter(metric: Metric, labels: &[(&'static str, String)]) -> Counter {
    Counter(metrics::counter!(metric.name(), owned(labels)))
}

pub(super) fn gauge(metric: Metric, labels: &[(&'static str, String)]) -> Gauge {
    Gauge(metrics::gauge!(metric.name(), owned(labels)))
}

pub(super) fn histogram(metric: Metric, labels: &[(&'static str, String)]) -> Histogram {
    Histogram(metrics::histogram!(metric.name(), owned(labels)))
}

fn owned(labels: &[(&'static str, String)]) -> Vec<Label> {
    let labels = labels.iter();
    labels
        .map(|(name, value)| Label::new(*name, value.clone()))
        .collect()
}

macro_rules! told {
    ($($name:ident),*) => {$(
        pub(super) struct $name(metrics::$name);

        impl Default for $name {
            /// To nobody.
            fn default() -> Self {
                Self(metrics::$name::noop())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

told!(Counter, Gauge, Histogram);

impl Counter {
    pub(super) fn add(&self, more: u64) {
        self.0.increment(more);
    }
}

impl Gauge {
    pub(super) fn set(&self, value: usize) {
        self.0.set(value as f64);
    }
}

impl Histogram {
    pub(super) fn add(&self, time: Duration) {
        self.0.record(time);
    }
}
