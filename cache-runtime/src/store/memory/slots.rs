//! Reads and changes of one slot.

use std::{sync::Arc, time::Duration};

use super::{
    MemoryStore,
    leases::Lease,
    size,
    stored::{Stored, head},
};
use crate::{
    entry::Entry,
    slot::{Grant, Slot, Token},
    store::{
        CommitOutcome, LeaseOutcome, LeaseRequest, Lookup, Mark, ReadOutcome, Snapshot, StoreError,
        WriteRequest,
    },
};

impl MemoryStore {
    pub(super) fn read_now(&self, slot: &Slot) -> ReadOutcome {
        let generations = self.tags.generations(&slot.tags);
        let stored = self.entries.get(&*slot.key);
        let head = head(stored.as_ref());
        let servable = stored.filter(|stored| {
            let captured = stored.terms.generations.iter().map(Some);
            stored.terms.owner == slot.owner
                && stored.entry.expires() > self.clock.now()
                && stored.is_valid()
                && captured.take(generations.len()).eq(generations.iter().copied())
        });
        ReadOutcome {
            lookup: servable.map_or(Lookup::Missing, |stored| Lookup::Entry(stored.entry)),
            snapshot: Snapshot {
                head,
                generations,
                tag_epoch: self.tags.generation(&slot.tag_epoch),
            },
        }
    }

    pub(super) fn lease_now(&self, slot: &Slot, request: &LeaseRequest) -> LeaseOutcome {
        let now = self.clock.now();
        let mut leases = self.leases.lock(&slot.key);
        if head(self.entries.peek(&*slot.key).as_ref()) != request.snapshot.head {
            return LeaseOutcome::Conflict;
        }
        let generations = self.tags.capture(&slot.tags, &request.snapshot.generations);
        let tag_epoch = self.tags.capture_one(&slot.tag_epoch, request.snapshot.tag_epoch);
        let (Some(generations), Some(tag_epoch)) = (generations, tag_epoch) else {
            return LeaseOutcome::Conflict;
        };
        if let Some(holder) = leases.holder(&slot.key, now)
            && request.replaces.as_ref() != Some(&holder)
        {
            return LeaseOutcome::Held(holder);
        }
        let terms = leases.terms(slot, generations);
        let grant = Grant {
            token: request.token,
            digest: terms.digest,
            tag_epoch: tag_epoch.generation(),
        };
        leases.grant(&slot.key, Lease::fill(grant, terms, tag_epoch, now));
        LeaseOutcome::Granted(grant)
    }

    pub(super) fn commit_now(
        &self,
        slot: &Slot,
        grant: Grant,
        entry: &Arc<Entry>,
    ) -> Result<CommitOutcome, StoreError> {
        let mut leases = self.leases.lock(&slot.key);
        let size = self.size_of(slot, entry)?;
        let Some((mut terms, tag_epoch)) = leases.end(&slot.key, grant.token) else {
            return Ok(CommitOutcome::Fenced);
        };
        if !entry.tags.is_empty() {
            // Captured before the tag epoch is checked, because the epoch is invalidated before the tags. A tag that was
            // invalidated between lease and capture shows in the epoch, one that is invalidated later in its capture.
            let response_tags = self.tags.capture_now(&entry.tags);
            if !tag_epoch.is_current() {
                return Ok(CommitOutcome::Fenced);
            }
            terms = Arc::new(terms.with(&response_tags));
        }
        if !terms.generations.are_current() {
            return Ok(CommitOutcome::Fenced);
        }
        let stored = Stored {
            entry: Arc::clone(entry),
            token: grant.token,
            terms,
            size,
        };
        self.entries.insert(Arc::clone(&slot.key), stored);
        Ok(CommitOutcome::Stored)
    }

    pub(super) fn release_now(&self, slot: &Slot, token: Token, mark: Option<(Mark, Duration)>) {
        let now = self.clock.now();
        let mut leases = self.leases.lock(&slot.key);
        if leases.end(&slot.key, token).is_none() {
            return;
        }
        let Some((mark, ttl)) = mark else { return };
        leases.set_mark(&slot.key, Lease::mark(mark, now + ttl), now);
        if mark == Mark::HitForMiss {
            self.entries.remove(&*slot.key);
        }
    }

    /// `false` if the slot has changed since it was read.
    pub(super) fn write_now(&self, slot: &Slot, request: WriteRequest) -> Result<bool, StoreError> {
        let mut leases = self.leases.lock(&slot.key);
        let size = self.size_of(slot, &request.entry)?;
        if head(self.entries.peek(&*slot.key).as_ref()) != request.snapshot.head {
            return Ok(false);
        }
        let Some(generations) = self.tags.capture(&slot.tags, &request.snapshot.generations) else {
            return Ok(false);
        };
        leases.remove(&slot.key);
        let stored = Stored {
            entry: request.entry,
            token: request.token,
            terms: leases.terms(slot, generations),
            size,
        };
        self.entries.insert(Arc::clone(&slot.key), stored);
        Ok(true)
    }

    pub(super) fn evict_now(&self, keys: &[Arc<str>]) {
        for key in keys {
            let mut leases = self.leases.lock(key);
            leases.remove(key);
            self.entries.remove(key);
        }
    }

    /// The size of an entry in bytes.
    ///
    /// # Errors
    /// The entry is too large for a shard.
    fn size_of(&self, slot: &Slot, entry: &Entry) -> Result<u64, StoreError> {
        let size = size::entry_size(slot, entry);
        if size > self.max_entry {
            return Err(StoreError::rejected(format!(
                "the entry takes {size} bytes, but this memory store takes entries of at most {} bytes; raise `memory_size`, or \
                 lower `max_body`",
                self.max_entry
            )));
        }
        Ok(size)
    }
}
