//! The store in memory, with threads that fill, evict and sweep at once.
//!
//! `MemoryStore::sweep` is not run as a whole: it looks at tags under a lock of quick_cache, which is a real one.

use shuttle::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::*;
use crate::{
    store::fixtures::{entry, number, slot},
    sync::interleavings::{Origin, explore},
};

/// A store, and what its one entry is made of.
struct Shelf {
    store: MemoryStore,
    slot: Slot,
    /// What the answer names itself.
    own_tags: Vec<Arc<str>>,
    origin: Origin,
}

impl Shelf {
    fn new(own_tags: &[&str]) -> Self {
        Self {
            store: MemoryStore::new(64 * 1024, 1024, Clock::system()),
            slot: slot(),
            own_tags: own_tags.iter().map(|tag| Arc::from(*tag)).collect(),
            origin: Origin::default(),
        }
    }

    /// What is there, or what a run came to; nothing where somebody else is at it.
    fn ask(&self) -> Option<u64> {
        let Self { store, slot, .. } = self;
        if let Some(entry) = store.peek(&slot.key) {
            return Some(number(&entry));
        }
        let ReadOutcome { found, seen } = store.read_now(slot);
        if let Lookup::Entry(entry) = found {
            return Some(number(&entry));
        }
        let ask = LeaseRequest {
            token: Token::new(),
            seen,
            replaces: None,
        };
        let LeaseOutcome::Granted(grant) = store.lease_now(slot, &ask) else {
            return None;
        };
        let value = self.origin.get();
        let entry = entry(value, self.own_tags.clone());
        store.commit_now(slot, grant, &entry).unwrap();
        Some(value)
    }

    /// Stores what there is to answer now.
    fn write(&self) {
        let Self { store, slot, .. } = self;
        let entry = entry(self.origin.get(), Vec::new());
        let put = || WriteRequest {
            token: Token::new(),
            snapshot: store.read_now(slot).snapshot,
            entry: Arc::clone(&entry),
        };
        while !store.write_now(slot, put()).unwrap() {}
    }
}

/// Several ask while one evicts, and while tags are forgotten that nobody bears.
fn ask_and_evict(own_tags: &'static [&'static str], evict: fn(&MemoryStore)) {
    explore(move || {
        let shelf = &Shelf::new(own_tags);
        let ask = || shelf.origin.ask(|| shelf.ask());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(move || [ask(), ask()]);
            }
            scope.spawn(|| {
                shelf.origin.write(|| evict(&shelf.store));
                ask()
            });
            scope.spawn(|| shelf.store.tags.sweep().for_each(drop));
        });
        assert!(ask().is_some(), "a lease was left behind");
    });
}

#[test]
fn p3_no_entry_is_found_after_its_eviction() {
    ask_and_evict(&[], |store| store.evict_now(&["key".into()]));
}

#[test]
fn p3_no_entry_stands_after_its_tag_was_retired() {
    ask_and_evict(&[], |store| store.tags.invalidate(&["tag".into()]));
}

#[test]
fn p3_no_entry_stands_after_a_tag_was_retired_that_it_names_itself() {
    ask_and_evict(&["own"], |store| {
        store.tags.invalidate(&["any".into(), "own".into()])
    });
}

/// Whoever asks later has that value, or none: a run from before it does not come between.
#[test]
fn p3_no_run_from_before_a_write_replaces_it() {
    explore(|| {
        let shelf = &Shelf::new(&[]);
        let ask = || shelf.origin.ask(|| shelf.ask());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(move || [ask(), ask()]);
            }
            scope.spawn(|| {
                shelf.origin.write(|| shelf.write());
                ask()
            });
            scope.spawn(|| shelf.store.tags.sweep().for_each(drop));
        });
        assert!(ask().is_some(), "a lease was left behind");
    });
}

#[test]
fn p3_what_was_seen_of_a_tag_before_it_was_retired_is_not_captured() {
    explore(|| {
        let tags = &Tags::new();
        let names: &[Arc<str>; 1] = &["tag".into()];
        let (begins, ended) = (&AtomicBool::new(false), &AtomicBool::new(false));
        drop(tags.capture_now(names));
        thread::scope(|scope| {
            scope.spawn(|| {
                let seen = tags.generations(names);
                let from_before = seen[0].is_some() && !begins.load(Ordering::SeqCst);
                let is_retired = ended.load(Ordering::SeqCst);
                let captured = tags.capture(names, &seen);
                assert!(captured.is_none() || !(from_before && is_retired));
            });
            scope.spawn(|| {
                begins.store(true, Ordering::SeqCst);
                tags.invalidate(names);
                ended.store(true, Ordering::SeqCst);
            });
            scope.spawn(|| tags.sweep().for_each(drop));
            scope.spawn(|| drop(tags.capture_now(names)));
        });
    });
}

#[test]
fn p4_a_tag_that_somebody_bears_is_not_forgotten() {
    explore(|| {
        let tags = &Tags::new();
        let names: &[Arc<str>; 1] = &["tag".into()];
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let captured = tags.capture_now(names);
                    let again = tags.capture_now(names);
                    assert!(captured.generations().eq(again.generations()) && captured.stand());
                });
            }
            scope.spawn(|| tags.sweep().for_each(drop));
        });
    });
}
