//! Leases in memory, in shards. The lock of a shard is held over each change of one of its slots.

use std::{hash::BuildHasher, sync::Arc, time::Duration};

use quick_cache::DefaultHashBuilder;

use super::terms::{CapturedGeneration, CapturedGenerations, Terms};
use crate::{
    clock::Timestamp,
    slot::{Fingerprint, Grant, Slot, Token},
    store::{Holder, Mark},
    sync::{Mutex, MutexGuard, lock},
    table::Table,
};

const SHARDS: usize = 64;

/// The TTL of a lease, which is not renewed. Longer than in other stores: the fill runs in this process, so the engine
/// notices when it ends, and a handler that blocks its thread may keep a whole runtime from renewing leases.
pub(super) const LEASE_TTL: Duration = Duration::from_secs(120);

/// The size of a shard in bytes above which no marks are added: 2 MiB for all shards.
const MAX_SHARD_SIZE: usize = 2 * 1024 * 1024 / SHARDS;

/// The size of a lease besides its key, in bytes: the counts of the `Arc`, and the places in a table that has just doubled,
/// which it does when it is seven eighths full.
const LEASE_OVERHEAD: usize = 2 * size_of::<usize>() + 16 * (size_of::<(Arc<str>, Lease)>() + 1) / 7 + 1;

pub(super) struct Leases {
    shards: Box<[Mutex<Shard>]>,
    hasher: DefaultHashBuilder,
}

impl Leases {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub(super) fn lock(&self, key: &str) -> MutexGuard<'_, Shard> {
        let index = self.hasher.hash_one(key) as usize % SHARDS;
        lock(&self.shards[index])
    }

    /// Drops expired leases and unused terms, a shard at each step.
    pub(super) fn sweep(&self, now: Timestamp) -> impl Iterator<Item = ()> + '_ {
        self.shards.iter().map(move |shard| {
            let mut shard = lock(shard);
            shard.leases.retain(|_, lease| lease.expires > now);
            shard.terms.retain(|_, terms| Arc::strong_count(terms) > 1);
        })
    }
}

pub(super) struct Lease {
    kind: Kind,
    expires: Timestamp,
}

enum Kind {
    /// With its terms and the generation of the tag epoch.
    Fill(Grant, Arc<Terms>, CapturedGeneration),
    Mark(Mark),
}

impl Lease {
    pub(super) fn fill(
        grant: Grant,
        terms: Arc<Terms>,
        tag_epoch: CapturedGeneration,
        now: Timestamp,
    ) -> Self {
        Self {
            kind: Kind::Fill(grant, terms, tag_epoch),
            expires: now + LEASE_TTL,
        }
    }

    pub(super) fn mark(mark: Mark, expires: Timestamp) -> Self {
        Self {
            kind: Kind::Mark(mark),
            expires,
        }
    }

    fn is_of(&self, token: Token) -> bool {
        matches!(self.kind, Kind::Fill(grant, ..) if grant.token == token)
    }
}

#[derive(Default)]
pub(super) struct Shard {
    leases: Table<Arc<str>, Lease>,
    /// The terms of each owner's last fill, for its next entries. They are shared within a shard only: each hit counts
    /// itself among the holders of an `Arc`, on which threads would contend.
    terms: Table<Fingerprint, Arc<Terms>>,
}

impl Shard {
    pub(super) fn holder(&self, key: &str, now: Timestamp) -> Option<Holder> {
        let lease = self.leases.get(key).filter(|lease| lease.expires > now)?;
        Some(match lease.kind {
            Kind::Fill(grant, ..) => Holder::Fill(grant),
            Kind::Mark(mark) => Holder::Mark(mark),
        })
    }

    pub(super) fn grant(&mut self, key: &Arc<str>, lease: Lease) {
        self.leases.insert(Arc::clone(key), lease);
    }

    pub(super) fn renew(&mut self, key: &str, token: Token, now: Timestamp) -> bool {
        match self.leases.get_mut(key) {
            Some(lease) if lease.is_of(token) && lease.expires > now => {
                lease.expires = now + LEASE_TTL;
                true
            }
            _ => false,
        }
    }

    /// Sets a mark, unless the shard is full: a mark saves work, and nothing depends on it.
    pub(super) fn set_mark(&mut self, key: &Arc<str>, mark: Lease, now: Timestamp) {
        if !self.has_room_for(key) {
            self.leases.retain(|_, lease| lease.expires > now);
        }
        if self.has_room_for(key) {
            self.grant(key, mark);
        }
    }

    fn has_room_for(&self, key: &str) -> bool {
        let keys = self.leases.keys().map(|key| &**key).chain([key]);
        keys.map(|key| LEASE_OVERHEAD + key.len()).sum::<usize>() <= MAX_SHARD_SIZE
    }

    /// Sets the TTL of the mark, if the key has it.
    pub(super) fn extend_mark(&mut self, key: &str, mark: Mark, now: Timestamp, ttl: Duration) {
        if let Some(lease) = self.leases.get_mut(key)
            && lease.expires > now
            && matches!(lease.kind, Kind::Mark(current) if current == mark)
        {
            lease.expires = now + ttl;
        }
    }

    /// Ends the fill's lease and returns its terms and tag epoch, unless the slot was evicted or taken over. An expired
    /// lease still counts: nobody else has wanted it.
    pub(super) fn end(&mut self, key: &str, token: Token) -> Option<(Arc<Terms>, CapturedGeneration)> {
        if !self.leases.get(key).is_some_and(|lease| lease.is_of(token)) {
            return None;
        }
        match self.leases.remove(key)?.kind {
            Kind::Fill(_, terms, tag_epoch) => Some((terms, tag_epoch)),
            Kind::Mark(_) => None,
        }
    }

    /// The terms of a slot, for the tags that it names; those of the owner's last fill if they are equal. Terms with tags
    /// that a response named are not kept: they differ from response to response.
    pub(super) fn terms(&mut self, slot: &Slot, generations: CapturedGenerations) -> Arc<Terms> {
        if let Some(terms) = self.terms.get(&slot.owner)
            && terms.generations == generations
        {
            return Arc::clone(terms);
        }
        let terms = Arc::new(Terms {
            owner: slot.owner,
            digest: slot.digest(generations.iter()),
            generations,
        });
        self.terms.insert(slot.owner, Arc::clone(&terms));
        terms
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.leases.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_marks_take_at_most_two_mebibytes_whatever_their_keys() {
        let now = Timestamp::from_millis(1_000_000);
        for length in [8, 60, 300, 5_000] {
            let leases = Leases::new();
            for number in 0..50_000 {
                let key: Arc<str> = format!("{number:0length$}").into();
                let mark = Lease::mark(Mark::HitForMiss, now + Duration::from_secs(5));
                leases.lock(&key).set_mark(&key, mark, now);
            }
            let (mut held, mut marks) = (0, 0);
            for shard in &leases.shards {
                let shard = lock(shard);
                // A table grows when it is seven eighths full, except for the smallest.
                let places = (shard.leases.capacity() * 8).div_ceil(7).next_power_of_two();
                held += places * (size_of::<(Arc<str>, Lease)>() + 1);
                held += shard.leases.keys().map(|key| key.len() + 16).sum::<usize>();
                marks += shard.leases.len();
            }
            assert!(held <= 2 * 1024 * 1024, "{held} bytes for keys of {length}");
            assert!(held >= 1024 * 1024, "{held} bytes for {marks} marks");
        }
    }
}
