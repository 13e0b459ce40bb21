//! The outcome of reading a slot.

use std::sync::Arc;

use crate::{
    entry::Entry,
    slot::{Digest, Generation, Head, Slot},
};

/// The outcome of [`Store::read`](super::Store::read).
#[derive(Debug)]
pub struct ReadOutcome {
    /// The entry, if there is one that may be served.
    pub lookup: Lookup,
    /// The state of the slot, for a lease or a write that depends on it.
    pub snapshot: Snapshot,
}

/// Whether a slot has an entry.
#[derive(Debug)]
pub enum Lookup {
    /// An entry that has not expired and none of whose tags was invalidated. It may be stale.
    Entry(Arc<Entry>),
    /// No entry that may be served.
    Missing,
    /// An entry in the wire format of a newer version, which must be left alone.
    Newer,
}

/// The state of a slot as a read saw it. A lease is granted only if the slot has not changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Identifies the content of the slot, whether or not it may be served.
    pub head: Head,
    /// The generations of the slot's tags, in their order; `None` for a tag without one.
    pub generations: Vec<Option<Generation>>,
    /// The generation of the slot's tag epoch.
    pub tag_epoch: Option<Generation>,
}

impl Snapshot {
    /// The digest of the slot's generations. `None` if a tag has no generation.
    pub fn digest(&self, slot: &Slot) -> Option<Digest> {
        let generations: Option<Vec<_>> = self.generations.iter().copied().collect();
        generations.map(|generations| slot.digest(generations))
    }
}
