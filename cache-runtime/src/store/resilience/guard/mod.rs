//! The guard: every call of a store that may wait passes through it.

mod calls;
mod upkeep;

use std::{sync::Arc, time::Duration};

use super::{background::BackgroundTask, breaker::Breaker, probe::ProbeSchedule};
use crate::{
    clock::Clock,
    store::{MemoryStore, Store},
    telemetry::recorder::{Gauge, Metric, MetricsRecorder},
};

/// A store, and what keeps its failures from the requests.
#[derive(Debug)]
pub(crate) struct Guard {
    backend: Backend,
    /// The store time that one request may spend.
    budget: Duration,
    clock: Clock,
    background: BackgroundTask,
}

#[derive(Debug)]
#[cfg_attr(
    all(test, shuttle),
    expect(clippy::large_enum_variant, reason = "shuttle's locks are larger")
)]
enum Backend {
    /// Cannot fail, so it needs neither budget nor breaker.
    Memory {
        store: MemoryStore,
        usage: MemoryUsage,
    },
    Remote(Remote),
}

/// A store outside this process.
#[derive(Debug)]
struct Remote {
    store: Box<dyn Store>,
    breaker: Breaker,
    probes: Arc<ProbeSchedule>,
}

/// The size of the memory store, as of its last sweep.
#[derive(Debug)]
struct MemoryUsage {
    entries: Gauge,
    bytes: Gauge,
}

impl MemoryUsage {
    fn update(&self, store: &MemoryStore) {
        self.entries.set(store.len());
        self.bytes
            .set(usize::try_from(store.weight()).unwrap_or(usize::MAX));
    }
}

impl Guard {
    pub(crate) fn memory(store: MemoryStore, clock: Clock, recorder: &MetricsRecorder) -> Self {
        let usage = MemoryUsage {
            entries: recorder.gauge(Metric::MemoryEntries),
            bytes: recorder.gauge(Metric::MemoryBytes),
        };
        Self {
            backend: Backend::Memory { store, usage },
            budget: Duration::MAX,
            clock,
            background: BackgroundTask::default(),
        }
    }

    /// A guard with an open breaker: the first probe closes it.
    pub(crate) fn remote(
        store: Box<dyn Store>,
        budget: Duration,
        clock: Clock,
        recorder: &MetricsRecorder,
    ) -> Self {
        let remote = Remote {
            store,
            breaker: Breaker::new(recorder.gauge(Metric::StoreUnavailable)),
            probes: Arc::default(),
        };
        Self {
            backend: Backend::Remote(remote),
            budget,
            clock,
            background: BackgroundTask::default(),
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        match &self.backend {
            Backend::Memory { store, .. } => store,
            Backend::Remote(remote) => &*remote.store,
        }
    }

    /// The memory store, if the guard has one.
    pub(crate) fn memory_store(&self) -> Option<&MemoryStore> {
        match &self.backend {
            Backend::Memory { store, .. } => Some(store),
            Backend::Remote(_) => None,
        }
    }

    pub(crate) fn is_memory(&self) -> bool {
        self.memory_store().is_some()
    }

    /// Whether the breaker is open.
    pub(crate) fn is_unavailable(&self) -> bool {
        match &self.backend {
            Backend::Memory { .. } => false,
            Backend::Remote(remote) => remote.breaker.is_open(),
        }
    }

    /// The store's URL without its password, or `memory`.
    pub(crate) fn display_url(&self) -> String {
        match &self.backend {
            Backend::Memory { .. } => "memory".to_owned(),
            Backend::Remote(remote) => format!("{:?}", remote.store),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Wakes the task that probes, which then finds the guard gone.
        if let Backend::Remote(remote) = &self.backend {
            remote.probes.request_probe();
        }
    }
}

#[cfg(test)]
mod tests;
