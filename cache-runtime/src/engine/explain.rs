//! Looking at one key without touching it.

use std::sync::Arc;

use super::Engine;
use crate::{
    entry::Entry,
    error::Error,
    explain::{EntryFacts, Explanation, Filler, Standing},
    http as rules, key,
    key::cache_key::{CacheKey, Keyed},
    store::{Budget, Holder, Lookup, Mark, ReadOutcome, Slot},
};

impl Engine {
    /// What is known of the key's entry, of its variants that of requests without headers.
    pub(crate) async fn explain(&self, key: &CacheKey) -> Result<Explanation, Error> {
        let (keyed, slot) = self.slot(key).map_err(Error::key)?;
        let (guard, store) = (&self.guard, self.guard.store());
        let budget = &mut Budget::default();
        let read = guard.call(budget, store.read(&slot)).await;
        let holder = guard.call(budget, store.holder(&slot)).await;
        let (standing, entry) = match read {
            Err(_) => (Standing::Unknown, None),
            Ok(read) => self.standing(read, keyed),
        };
        let own = entry
            .as_ref()
            .is_some_and(|entry| self.overdue.concerns_own(entry));
        let overdue = own || self.overdue.concerns(&slot);
        let (standing, entry) = match entry {
            Some(_) if overdue => (Standing::Unusable, None),
            entry => (standing, entry),
        };
        Ok(Explanation {
            standing,
            overdue,
            entry: entry.map(|entry| self.facts(&entry, &slot)),
            filler: holder.ok().flatten().map(|holder| self.filler(&holder)),
            ailing: guard.is_open(),
            not_stored: self.counters.of(keyed.handler).counts().not_stored,
            key: slot.key.to_string(),
        })
    }

    fn standing(&self, read: ReadOutcome, keyed: &Keyed) -> (Standing, Option<Arc<Entry>>) {
        match read.lookup {
            Lookup::Newer => (Standing::Newer, None),
            Lookup::Missing if read.snapshot.head.as_bytes().is_empty() => (Standing::Absent, None),
            Lookup::Missing if keyed.tags.is_some() => (Standing::Unusable, None),
            Lookup::Missing => (Standing::Unclear, None),
            Lookup::Entry(entry) if !(keyed.accepts)(&entry) => (Standing::Unusable, None),
            Lookup::Entry(entry) => {
                let left = rules::remaining_ttl(&entry, self.clock.now());
                let standing = if left.is_zero() {
                    Standing::Stale
                } else {
                    Standing::Fresh
                };
                (standing, Some(entry))
            }
        }
    }

    fn facts(&self, entry: &Entry, slot: &Slot) -> EntryFacts {
        let now = self.clock.now();
        let prefix = self.names.user_tag("");
        let tags = slot.tags.iter().chain(&entry.tags);
        let tags = tags.filter_map(|tag| tag.strip_prefix(&*prefix));
        EntryFacts {
            status: entry.status,
            born: entry.born,
            fresh_for: rules::remaining_ttl(entry, now),
            kept_for: entry.expires().since(now),
            bytes: entry.body.len(),
            tags: tags.map(key::unescape).collect(),
        }
    }

    fn filler(&self, holder: &Holder) -> Filler {
        match holder {
            Holder::Fill(grant) if self.flights.made(grant.token) => Filler::Here,
            Holder::Fill(_) => Filler::Elsewhere,
            Holder::Mark(Mark::HitForMiss) => Filler::Passed,
            Holder::Mark(Mark::FailureBackoff) => Filler::Spared,
            Holder::Unknown(_) => Filler::Unreadable,
        }
    }
}
