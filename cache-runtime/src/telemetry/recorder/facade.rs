//! Exports metrics through the `metrics` facade.
//!
//! A metric is registered with the recorder that is installed when the metric is first used.

use std::{fmt, time::Duration};

use metrics::{Label, Unit};

use super::Metric;

/// The kind of a metric.
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Metric {
    /// Kind, name, unit and description.
    fn described(self) -> (Kind, &'static str, Unit, &'static str) {
        use Kind::{Counter, Gauge, Histogram};
        match self {
            Self::Requests => (
                Counter,
                "handler_cache_requests_total",
                Unit::Count,
                "Requests by result: hit, stale, miss or bypass",
            ),
            Self::FillSeconds => (
                Histogram,
                "handler_cache_fill_seconds",
                Unit::Seconds,
                "Duration of fills, including background refreshes",
            ),
            Self::FailedFills => (
                Counter,
                "handler_cache_failed_fills_total",
                Unit::Count,
                "Fills that returned a 5xx or panicked",
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
                "Body bytes of the stored responses",
            ),
            Self::NotStored => (
                Counter,
                "handler_cache_not_stored_total",
                Unit::Count,
                "Responses of fills that were not stored, by reason",
            ),
            Self::Evictions => (
                Counter,
                "handler_cache_evictions_total",
                Unit::Count,
                "Evictions that the store acknowledged at the first attempt",
            ),
            Self::StoreSeconds => (
                Histogram,
                "handler_cache_store_seconds",
                Unit::Seconds,
                "Time that a request waited for a store outside of this process",
            ),
            Self::Rejected => (
                Counter,
                "handler_cache_rejected_total",
                Unit::Count,
                "Work that was rejected because a limit was reached, by limit",
            ),
            Self::StoreUnavailable => (
                Gauge,
                "handler_cache_store_unavailable",
                Unit::Count,
                "1 while the store does not answer, else 0",
            ),
            Self::EvictionsRetrying => (
                Gauge,
                "handler_cache_evictions_retrying",
                Unit::Count,
                "Keys and tags whose evictions the store has not acknowledged yet",
            ),
            Self::MemoryEntries => (
                Gauge,
                "handler_cache_memory_entries",
                Unit::Count,
                "Entries in memory, updated every 10 s",
            ),
            Self::MemoryBytes => (
                Gauge,
                "handler_cache_memory_bytes",
                Unit::Bytes,
                "Bytes of the entries in memory, updated every 10 s",
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

macro_rules! handles {
    ($($name:ident),*) => {$(
        pub(super) struct $name(metrics::$name);

        impl Default for $name {
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

handles!(Counter, Gauge, Histogram);

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
