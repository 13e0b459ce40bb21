//! Evictions that the store did not acknowledge: tried again until it does, and honoured here meanwhile.

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

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// So many are sent together: few enough for one budget.
const PART: usize = 500;

/// More names than this become one: the root, which every entry bears.
const MOST: usize = 10_000;

/// What is to be evicted once the store answers.
#[derive(Debug)]
pub(crate) struct Overdue {
    names: Mutex<Names>,
    /// How many there are, to be snapshot without the lock.
    count: AtomicUsize,
    told: Gauge,
    /// Tries what is new at once.
    task: SingleTask,
}

/// Each with the number of the eviction that named it last.
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

    /// So many of them, keys first.
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

impl Overdue {
    /// `told` is told how much there is.
    pub(crate) fn new(told: Gauge) -> Self {
        Self {
            names: Mutex::default(),
            count: AtomicUsize::new(0),
            told,
            task: SingleTask::default(),
        }
    }

    fn add(&self, keys: &[Arc<str>], tags: &[Arc<str>], root: &Arc<str>, refused: &Counter) {
        let mut names = self.lock();
        names.evictions += 1;
        let number = names.evictions;
        names
            .keys
            .extend(keys.iter().map(|key| (Arc::clone(key), number)));
        names
            .tags
            .extend(tags.iter().map(|tag| (Arc::clone(tag), number)));
        if names.count() > MOST {
            refused.increment();
            names.keys.clear();
            names.tags = HashMap::from([(Arc::clone(root), number)]);
        }
        self.changed(names);
    }

    /// Whether nothing may be served or stored for this slot.
    pub(crate) fn concerns(&self, slot: &Slot) -> bool {
        self.any_of(|names| {
            names.keys.contains_key(&slot.key) || slot.tags.iter().any(|tag| names.tags.contains_key(tag))
        })
    }

    /// Whether this entry may not be served, for a tag that it names itself.
    pub(crate) fn concerns_own(&self, entry: &Entry) -> bool {
        self.any_of(|names| entry.tags.iter().any(|tag| names.tags.contains_key(tag)))
    }

    pub(in crate::engine) fn names_tag(&self, tag: &Arc<str>) -> bool {
        self.any_of(|names| names.tags.contains_key(tag))
    }

    fn any_of(&self, is_named: impl FnOnce(&Names) -> bool) -> bool {
        self.count() > 0 && is_named(&self.lock())
    }

    /// How many names there are.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    fn names(&self) -> Names {
        self.lock().clone()
    }

    /// These are done, save what was named again since.
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
        // Not under the lock: whoever is told may ask in turn.
        drop(names);
        self.told.set(count);
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        lock(&self.names)
    }
}

impl Engine {
    /// Keeps what could not be evicted for later, and takes it for evicted from here on.
    pub(in crate::engine) fn evict_later(&self, keys: &[Arc<str>], tags: &[Arc<str>]) {
        let refused = &self.counters.rejected.evictions;
        self.overdue.add(keys, tags, &self.names.root_tag(), refused);
    }

    /// Has what was just kept tried at once, by one task however much there is, which keeps the cache until then.
    pub(crate) fn hurry(self: &Arc<Self>, runtime: &Handle) {
        let Some(running) = self.overdue.task.begin() else {
            return;
        };
        let engine = Arc::clone(self);
        let work = async move {
            let mut settled = Ok(());
            while settled.is_ok() && engine.overdue.count() > 0 {
                settled = engine.settle_overdue().await;
            }
            drop(running);
            if let Err(error) = settled {
                let count = engine.evictions_of(&engine.overdue.names());
                events::failed_to_evict(&"the targets of handlers that did not end", count, &error);
            }
        };
        spawn(runtime, Box::pin(work));
    }

    /// Tries all that is overdue once, until something fails.
    pub(crate) async fn settle_overdue(&self) -> Result<(), StoreError> {
        let any = self.names.tag_epoch();
        let mut names = self.overdue.names();
        // `any` before all other tags: see `Store::commit`.
        if let Some(number) = names.tags.remove(&any) {
            self.settle(Names::tags([(any, number)])).await?;
        }
        while names.count() > 0 {
            self.settle(names.split_off(PART)).await?;
        }
        Ok(())
    }

    /// How many evictions these names are of. Some evictions have a second name, which another one implies.
    fn evictions_of(&self, names: &Names) -> usize {
        let tags = names.tags.keys().filter(|tag| !self.names.is_implied(tag));
        names.keys.len() + tags.count()
    }

    async fn settle(&self, part: Names) -> Result<(), StoreError> {
        let keys: Vec<_> = part.keys.keys().cloned().collect();
        let tags: Vec<_> = part.tags.keys().cloned().collect();
        self.take_away(&keys, &tags).await?;
        let count = self.evictions_of(&part);
        if count > 0 {
            events::evicted_late(count);
        }
        self.overdue.done(&part);
        Ok(())
    }
}

/// Tries what is overdue again and again, for as long as the engine lives.
pub(in crate::engine) async fn retry_for_ever(engine: Weak<Engine>) {
    loop {
        time::sleep(PAUSE).await;
        let Some(engine) = engine.upgrade() else { return };
        // A failure is no news: the next try comes.
        let _ = engine.settle_overdue().await;
    }
}
