//! The memory store under threads that fill, evict and sweep at once.
//!
//! `MemoryStore::sweep` is not called as a whole: it reads tags under a lock of quick_cache, which shuttle cannot schedule.

use std::sync::Arc;

use shuttle::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::{MemoryStore, tags::Tags};
use crate::{
    clock::Clock,
    slot::{Slot, Token},
    store::{
        LeaseOutcome, LeaseRequest, Lookup, ReadOutcome, Store, WriteRequest,
        fixtures::{entry, number, slot},
    },
    sync::interleavings::{Origin, explore},
};

/// A store with one slot, and the origin of its entries.
struct Fixture {
    store: MemoryStore,
    slot: Slot,
    response_tags: Vec<Arc<str>>,
    origin: Origin,
}

impl Fixture {
    fn new(response_tags: &[&str]) -> Self {
        Self {
            store: MemoryStore::new(64 * 1024, 1024, Clock::system()),
            slot: slot(),
            response_tags: response_tags.iter().map(|tag| Arc::from(*tag)).collect(),
            origin: Origin::default(),
        }
    }

    /// The value of the entry, or of a fill; `None` if another thread has the lease.
    fn get(&self) -> Option<u64> {
        let Self { store, slot, .. } = self;
        if let Some(entry) = store.peek(&slot.key) {
            return Some(number(&entry));
        }
        let ReadOutcome { lookup, snapshot } = store.read_now(slot);
        if let Lookup::Entry(entry) = lookup {
            return Some(number(&entry));
        }
        let request = LeaseRequest {
            token: Token::new(),
            snapshot,
            replaces: None,
        };
        let LeaseOutcome::Granted(grant) = store.lease_now(slot, &request) else {
            return None;
        };
        let value = self.origin.get();
        let entry = entry(value, self.response_tags.clone());
        store.commit_now(slot, grant, &entry).unwrap();
        Some(value)
    }

    /// Writes the current value without a lease.
    fn write(&self) {
        let Self { store, slot, .. } = self;
        let entry = entry(self.origin.get(), Vec::new());
        let request = || WriteRequest {
            token: Token::new(),
            snapshot: store.read_now(slot).snapshot,
            entry: Arc::clone(&entry),
        };
        while !store.write_now(slot, request()).unwrap() {}
    }
}

/// Two threads read and fill, one evicts and one sweeps tags.
fn get_and_evict(response_tags: &'static [&'static str], evict: fn(&MemoryStore)) {
    explore(move || {
        let fixture = &Fixture::new(response_tags);
        let get = || fixture.origin.read_checked(|| fixture.get());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(move || [get(), get()]);
            }
            scope.spawn(|| {
                fixture.origin.write(|| evict(&fixture.store));
                get()
            });
            scope.spawn(|| fixture.store.tags.sweep().for_each(drop));
        });
        assert!(get().is_some(), "a lease was not released");
    });
}

#[test]
fn p3_no_entry_is_found_after_its_eviction() {
    get_and_evict(&[], |store| store.evict_now(&["key".into()]));
}

#[test]
fn p3_no_entry_is_found_after_its_tag_was_invalidated() {
    get_and_evict(&[], |store| store.tags.invalidate(&["tag".into()]));
}

#[test]
fn p3_no_entry_is_found_after_a_tag_of_its_response_was_invalidated() {
    get_and_evict(&["own"], |store| {
        store.tags.invalidate(&["any".into(), "own".into()])
    });
}

/// After a write, a read returns the written value or none, not that of a fill that began earlier.
#[test]
fn p3_no_fill_from_before_a_write_replaces_it() {
    explore(|| {
        let fixture = &Fixture::new(&[]);
        let get = || fixture.origin.read_checked(|| fixture.get());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(move || [get(), get()]);
            }
            scope.spawn(|| {
                fixture.origin.write(|| fixture.write());
                get()
            });
            scope.spawn(|| fixture.store.tags.sweep().for_each(drop));
        });
        assert!(get().is_some(), "a lease was not released");
    });
}

#[test]
fn p3_generation_read_before_an_invalidation_is_not_captured() {
    explore(|| {
        let tags = &Tags::new();
        let names: &[Arc<str>; 1] = &["tag".into()];
        let (started, ended) = (&AtomicBool::new(false), &AtomicBool::new(false));
        drop(tags.capture_now(names));
        thread::scope(|scope| {
            scope.spawn(|| {
                let read = tags.generations(names);
                let from_before = read[0].is_some() && !started.load(Ordering::SeqCst);
                let is_invalidated = ended.load(Ordering::SeqCst);
                let captured = tags.capture(names, &read);
                assert!(captured.is_none() || !(from_before && is_invalidated));
            });
            scope.spawn(|| {
                started.store(true, Ordering::SeqCst);
                tags.invalidate(names);
                ended.store(true, Ordering::SeqCst);
            });
            scope.spawn(|| tags.sweep().for_each(drop));
            scope.spawn(|| drop(tags.capture_now(names)));
        });
    });
}

#[test]
fn p4_tag_in_use_is_not_swept() {
    explore(|| {
        let tags = &Tags::new();
        let names: &[Arc<str>; 1] = &["tag".into()];
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let captured = tags.capture_now(names);
                    let again = tags.capture_now(names);
                    assert!(captured.iter().eq(again.iter()) && captured.are_current());
                });
            }
            scope.spawn(|| tags.sweep().for_each(drop));
        });
    });
}
