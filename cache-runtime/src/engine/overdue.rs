//! Evictions that the store did not acknowledge: tried again until it does, and honoured here meanwhile.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, time};

use super::Engine;
use crate::{
    entry::Entry,
    events,
    store::{Slot, StoreError},
};

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// More names than this become one: the root, which every entry bears.
const MOST: usize = 10_000;

/// What is to be evicted once the store answers.
#[derive(Debug, Default)]
pub(crate) struct Overdue {
    names: Mutex<Names>,
    /// How many there are, to be seen without the lock.
    count: AtomicUsize,
}

#[derive(Debug, Default, Clone)]
struct Names {
    keys: HashSet<Arc<str>>,
    tags: HashSet<Arc<str>>,
    /// A task is trying.
    is_tried: bool,
}

impl Names {
    fn count(&self) -> usize {
        self.keys.len() + self.tags.len()
    }
}

impl Overdue {
    /// Adds an eviction. `true`: nobody tries it yet.
    pub(super) fn add(&self, keys: &[Arc<str>], tags: &[Arc<str>], root: &Arc<str>) -> bool {
        let mut names = self.lock();
        names.keys.extend(keys.iter().cloned());
        names.tags.extend(tags.iter().cloned());
        if names.count() > MOST {
            names.keys.clear();
            names.tags = HashSet::from([Arc::clone(root)]);
        }
        self.count.store(names.count(), Ordering::Release);
        !std::mem::replace(&mut names.is_tried, true)
    }

    /// Whether nothing may be served or stored for this slot.
    pub(super) fn concerns(&self, slot: &Slot) -> bool {
        if self.count.load(Ordering::Acquire) == 0 {
            return false;
        }
        let names = self.lock();
        names.keys.contains(&slot.key) || slot.tags.iter().any(|tag| names.tags.contains(tag))
    }

    /// Whether this entry may not be served, for a tag that it names itself.
    pub(super) fn concerns_own(&self, entry: &Entry) -> bool {
        if entry.tags.is_empty() || self.count.load(Ordering::Acquire) == 0 {
            return false;
        }
        let names = self.lock();
        entry.tags.iter().any(|tag| names.tags.contains(tag))
    }

    fn names(&self) -> Names {
        self.lock().clone()
    }

    /// These are done. `true`: so are all others.
    fn done(&self, done: &Names) -> bool {
        let mut names = self.lock();
        names.keys.retain(|key| !done.keys.contains(key));
        names.tags.retain(|tag| !done.tags.contains(tag));
        let left = names.count();
        names.is_tried = left > 0;
        self.count.store(left, Ordering::Release);
        left == 0
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Keeps what could not be evicted for later, and tries it again until the store acknowledges.
    pub(super) fn evict_later(self: &Arc<Self>, keys: &[Arc<str>], tags: &[Arc<str>]) {
        let is_first = self.overdue.add(keys, tags, &self.names.root_tag());
        if is_first && let Ok(runtime) = Handle::try_current() {
            runtime.spawn(try_again(Arc::downgrade(self)));
        }
    }

    /// Tries all that is overdue once. `true`: nothing is left.
    pub(crate) async fn settle_overdue(&self) -> Result<bool, StoreError> {
        let names = self.overdue.names();
        if names.count() == 0 {
            return Ok(true);
        }
        let keys: Vec<_> = names.keys.iter().cloned().collect();
        // `any` stands in front of all others: see `Store::commit`.
        let any = self.names.any_tag();
        let (first, rest): (Vec<_>, Vec<_>) = names.tags.iter().cloned().partition(|tag| *tag == any);
        self.take_away(&keys, &[first, rest].concat()).await?;
        events::overdue_evicted(names.count());
        Ok(self.overdue.done(&names))
    }
}

async fn try_again(engine: Weak<Engine>) {
    loop {
        time::sleep(PAUSE).await;
        let Some(engine) = engine.upgrade() else { return };
        if let Ok(true) = engine.settle_overdue().await {
            return;
        }
    }
}
