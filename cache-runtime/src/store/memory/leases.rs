//! Leases in memory, in shards. A shard's lock also guards the entries of its keys against interleaved changes.

use std::{hash::BuildHasher, sync::Arc, time::Duration};

use quick_cache::DefaultHashBuilder;

use super::{
    Table,
    tags::{Captures, Terms},
};
use crate::{
    clock::Timestamp,
    store::{Fingerprint, Grant, Holder, Mark, Slot, Token},
    sync::{Mutex, MutexGuard, lock},
};

const SHARDS: usize = 64;

/// How long a fill has its lease, which is not renewed. Longer than elsewhere: its process is this one, and the engine notices
/// when the run is gone, while a handler that computes without a pause may keep a whole runtime from renewing.
pub(super) const LIFE: Duration = Duration::from_secs(120);

/// Bytes of the leases in a shard, beyond which no marks are added: 2 MiB in all.
const MOST_BYTES: usize = 2 * 1024 * 1024 / SHARDS;

/// Bytes of one lease besides its key's text: the counts beside the text, and its places in a table that has just grown from
/// seven eighths full.
const OVERHEAD: usize = 2 * size_of::<usize>() + 16 * (size_of::<(Arc<str>, Lease)>() + 1) / 7 + 1;

pub(super) struct Leases {
    shards: Box<[Mutex<Shard>]>,
    hasher: DefaultHashBuilder,
}

#[derive(Default)]
pub(super) struct Shard {
    leases: Table<Arc<str>, Lease>,
    /// What the last fill of each owner was granted under, until that owner has no entries. Entries of one shard share it, not
    /// all of them: a hit counts itself among its holders, and threads would wait for one another there.
    terms: Table<Fingerprint, Arc<Terms>>,
}

pub(super) struct Lease {
    kind: Kind,
    until: Timestamp,
}

enum Kind {
    /// Under these terms, and this generation of `any`.
    Fill(Grant, Arc<Terms>, Captures),
    Mark(Mark),
}

impl Lease {
    pub(super) fn fill(grant: Grant, terms: Arc<Terms>, any: Captures, now: Timestamp) -> Self {
        Self {
            kind: Kind::Fill(grant, terms, any),
            until: now + LIFE,
        }
    }

    pub(super) fn mark(mark: Mark, until: Timestamp) -> Self {
        Self {
            kind: Kind::Mark(mark),
            until,
        }
    }

    fn is_fill(&self, token: Token) -> bool {
        matches!(self.kind, Kind::Fill(grant, ..) if grant.token == token)
    }
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

    /// Drops what has lapsed, shard by shard.
    pub(super) fn sweep(&self, now: Timestamp) -> impl Iterator<Item = ()> + '_ {
        self.shards.iter().map(move |shard| {
            let mut shard = lock(shard);
            shard.leases.retain(|_, lease| lease.until > now);
            shard.terms.retain(|_, terms| Arc::strong_count(terms) > 1);
        })
    }
}

impl Shard {
    pub(super) fn holder(&self, key: &str, now: Timestamp) -> Option<Holder> {
        let lease = self.leases.get(key).filter(|lease| lease.until > now)?;
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
            Some(lease) if lease.is_fill(token) && lease.until > now => {
                lease.until = now + LIFE;
                true
            }
            _ => false,
        }
    }

    /// As [`grant`](Self::grant), unless there are too many: a mark spares work, and nothing depends on it.
    pub(super) fn mark(&mut self, key: &Arc<str>, mark: Lease, now: Timestamp) {
        if !self.has_room_for(key) {
            self.leases.retain(|_, lease| lease.until > now);
        }
        if self.has_room_for(key) {
            self.grant(key, mark);
        }
    }

    fn has_room_for(&self, key: &str) -> bool {
        let keys = self.leases.keys().map(|key| &**key).chain([key]);
        keys.map(|key| OVERHEAD + key.len()).sum::<usize>() <= MOST_BYTES
    }

    /// Has the mark stand for `ttl` from now on, if it stands.
    pub(super) fn extend_mark(&mut self, key: &str, mark: Mark, now: Timestamp, ttl: Duration) {
        if let Some(lease) = self.leases.get_mut(key)
            && lease.until > now
            && matches!(lease.kind, Kind::Mark(own) if own == mark)
        {
            lease.until = now + ttl;
        }
    }

    /// Ends the fill, unless it was evicted or another took over, and gives back what it was granted under. Its time
    /// does not matter: had anybody needed the slot since, they would have it.
    pub(super) fn end(&mut self, key: &str, token: Token) -> Option<(Arc<Terms>, Captures)> {
        if !self.leases.get(key).is_some_and(|lease| lease.is_fill(token)) {
            return None;
        }
        match self.leases.remove(key)?.kind {
            Kind::Fill(_, terms, any) => Some((terms, any)),
            Kind::Mark(_) => None,
        }
    }

    /// What a slot is filled under, by the tags that it has beforehand. Those that answers name are as many as they like, and
    /// differ from one to the next: they would fill the table.
    pub(super) fn terms(&mut self, slot: &Slot, captures: Captures) -> Arc<Terms> {
        if let Some(terms) = self.terms.get(&slot.owner)
            && terms.captures == captures
        {
            return Arc::clone(terms);
        }
        let terms = Arc::new(Terms {
            owner: slot.owner,
            digest: slot.digest(captures.generations()),
            captures,
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
    fn p6_marks_take_two_mebibytes_at_most_whatever_their_keys() {
        let now = Timestamp::from_millis(1_000_000);
        for length in [8, 60, 300, 5_000] {
            let leases = Leases::new();
            for number in 0..50_000 {
                let key: Arc<str> = format!("{number:0length$}").into();
                let mark = Lease::mark(Mark::HitForMiss, now + Duration::from_secs(5));
                leases.lock(&key).mark(&key, mark, now);
            }
            let (mut held, mut marks) = (0, 0);
            for shard in &leases.shards {
                let shard = lock(shard);
                // A table is full at seven eighths, but for the smallest.
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
