//! Evictions that the store did not acknowledge: retried until it does. Until then this process serves nothing of what
//! they name.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, time};

use crate::{
    engine::{Engine, single_task::SingleTask, spawn},
    entry::Entry,
    store::{Slot, StoreError},
    sync::{Mutex, MutexGuard, lock},
    telemetry::{
        events,
        recorder::{Counter, Gauge},
    },
};

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// How many names are sent together: few enough for one budget.
const BATCH: usize = 500;

/// More names than this are replaced by one: the root tag, which every entry has.
const MAX_NAMES: usize = 10_000;

/// What must be evicted once the store answers.
#[derive(Debug)]
pub(crate) struct EvictionRetryQueue {
    names: Mutex<Names>,
    /// The number of names, readable without the lock.
    count: AtomicUsize,
    gauge: Gauge,
    /// Retries new evictions at once.
    task: SingleTask,
}

/// Keys and tags, each with the number of the latest eviction that named it.
#[derive(Debug, Default, Clone)]
struct Names {
    keys: HashMap<Arc<str>, u64>,
    tags: HashMap<Arc<str>, u64>,
    evictions: u64,
}

impl Names {
    fn tags(tags: impl IntoIterator<Item = (Arc<str>, u64)>) -> Self {
        Self {
            tags: tags.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Takes up to `most` names, keys first.
    fn split_off(&mut self, most: usize) -> Self {
        let keys: Vec<_> = self.keys.keys().take(most).cloned().collect();
        let tags: Vec<_> = self.tags.keys().take(most - keys.len()).cloned().collect();
        Self {
            keys: keys
                .into_iter()
                .filter_map(|key| self.keys.remove_entry(&key))
                .collect(),
            tags: tags
                .into_iter()
                .filter_map(|tag| self.tags.remove_entry(&tag))
                .collect(),
            ..Self::default()
        }
    }

    fn count(&self) -> usize {
        self.keys.len() + self.tags.len()
    }
}

impl EvictionRetryQueue {
    /// `gauge` shows the number of names.
    pub(crate) fn new(gauge: Gauge) -> Self {
        Self {
            names: Mutex::default(),
            count: AtomicUsize::new(0),
            gauge,
            task: SingleTask::default(),
        }
    }

    fn add(&self, keys: &[Arc<str>], tags: &[Arc<str>], root: &Arc<str>, rejected: &Counter) {
        let mut names = self.lock();
        names.evictions += 1;
        let number = names.evictions;
        names
            .keys
            .extend(keys.iter().map(|key| (Arc::clone(key), number)));
        names
            .tags
            .extend(tags.iter().map(|tag| (Arc::clone(tag), number)));
        if names.count() > MAX_NAMES {
            rejected.increment();
            names.keys.clear();
            names.tags = HashMap::from([(Arc::clone(root), number)]);
        }
        self.changed(names);
    }

    /// Whether an eviction covers the slot, so that nothing may be served from it or stored in it.
    pub(crate) fn covers_slot(&self, slot: &Slot) -> bool {
        self.any_of(|names| {
            names.keys.contains_key(&slot.key) || slot.tags.iter().any(|tag| names.tags.contains_key(tag))
        })
    }

    /// Whether an eviction covers a tag that only the entry names, so that it must not be served.
    pub(crate) fn covers_entry(&self, entry: &Entry) -> bool {
        self.any_of(|names| entry.tags.iter().any(|tag| names.tags.contains_key(tag)))
    }

    pub(in crate::engine) fn covers_tag(&self, tag: &Arc<str>) -> bool {
        self.any_of(|names| names.tags.contains_key(tag))
    }

    fn any_of(&self, is_named: impl FnOnce(&Names) -> bool) -> bool {
        self.count() > 0 && is_named(&self.lock())
    }

    /// The number of names.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    fn names(&self) -> Names {
        self.lock().clone()
    }

    /// Removes names that were evicted, unless another eviction has named them since.
    fn done(&self, done: &Names) {
        let mut names = self.lock();
        names
            .keys
            .retain(|key, number| done.keys.get(key) != Some(number));
        names
            .tags
            .retain(|tag, number| done.tags.get(tag) != Some(number));
        self.changed(names);
    }

    fn changed(&self, names: MutexGuard<'_, Names>) {
        let count = names.count();
        self.count.store(count, Ordering::Release);
        // Without the lock: the recorder may call back.
        drop(names);
        self.gauge.set(count);
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        lock(&self.names)
    }
}

impl Engine {
    /// Queues evictions that failed. From now on this process takes them for done.
    pub(in crate::engine) fn queue_evictions(&self, keys: &[Arc<str>], tags: &[Arc<str>]) {
        let rejected = &self.counters.rejected.evictions;
        self.eviction_retries
            .add(keys, tags, &self.names.root_tag(), rejected);
    }

    /// Retries the queue at once, in one task, which keeps the cache alive until then.
    pub(crate) fn retry_evictions_now(self: &Arc<Self>, runtime: &Handle) {
        let Some(running) = self.eviction_retries.task.begin() else {
            return;
        };
        let engine = Arc::clone(self);
        let work = async move {
            let mut retried = Ok(());
            while retried.is_ok() && engine.eviction_retries.count() > 0 {
                retried = engine.retry_evictions().await;
            }
            drop(running);
            if let Err(error) = retried {
                let count = engine.evictions_of(&engine.eviction_retries.names());
                events::failed_to_evict(&"the targets of handlers that did not end", count, &error);
            }
        };
        spawn(runtime, Box::pin(work));
    }

    /// Tries the whole queue once, up to the first failure.
    pub(crate) async fn retry_evictions(&self) -> Result<(), StoreError> {
        let tag_epoch = self.names.tag_epoch();
        let mut names = self.eviction_retries.names();
        // The tag epoch before all other tags: see `Store::commit`.
        if let Some(number) = names.tags.remove(&tag_epoch) {
            self.retry_batch(Names::tags([(tag_epoch, number)])).await?;
        }
        while names.count() > 0 {
            self.retry_batch(names.split_off(BATCH)).await?;
        }
        Ok(())
    }

    /// How many evictions these names belong to. Some evictions have a second name, which another one implies.
    fn evictions_of(&self, names: &Names) -> usize {
        let tags = names.tags.keys().filter(|tag| !self.names.is_implied(tag));
        names.keys.len() + tags.count()
    }

    async fn retry_batch(&self, batch: Names) -> Result<(), StoreError> {
        let keys: Vec<_> = batch.keys.keys().cloned().collect();
        let tags: Vec<_> = batch.tags.keys().cloned().collect();
        self.remove_from_store(&keys, &tags).await?;
        let count = self.evictions_of(&batch);
        if count > 0 {
            events::evicted_late(count);
        }
        self.eviction_retries.done(&batch);
        Ok(())
    }
}

/// Retries the queue every second, until the engine is dropped.
pub(in crate::engine) async fn retry_evictions_forever(engine: Weak<Engine>) {
    loop {
        time::sleep(PAUSE).await;
        let Some(engine) = engine.upgrade() else { return };
        // After a failure the next attempt follows.
        let _ = engine.retry_evictions().await;
    }
}
