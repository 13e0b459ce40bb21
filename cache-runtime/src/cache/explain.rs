//! Reports the state of one key; changes nothing.

use std::sync::Arc;

use super::Cache;
use crate::{
    entry::Entry,
    error::Error,
    explain::{EntryInfo, EntryState, Explanation, FillState},
    key,
    key::cache_key::{CacheKey, Keyed},
    origin::CacheCore,
    store::{Budget, Holder, Lookup, Mark, ReadOutcome, Slot},
};

impl Cache {
    /// Reports the state of one key: whether there is an entry, how long it is fresh, its size and tags, and who fills
    /// it. It answers "why is this not cached?" in logs and on status pages.
    ///
    /// Changes and counts nothing. For a handler with `vary` it reports the variant of requests without those headers,
    /// unless the key has headers ([`CacheKey::with_headers`]); for a handler with several methods, that of GET if GET
    /// is cached.
    ///
    /// ```
    /// # use axum::extract::Path;
    /// # #[handler_cache::cache(expire = 30)]
    /// # async fn get_product(Path(id): Path<u64>) -> String { id.to_string() }
    /// # async fn look(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// println!("{}", cache.explain(get_product::key(Path(7))).await?);
    /// // shop:api::get_product(id=7): fresh; status 200, 43 bytes, fresh for 28.12s, kept for 28.12s
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_key`](Error::is_key) if the arguments have no key.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn explain(&self, key: impl Into<CacheKey>) -> Result<Explanation, Error> {
        self.core.explain(&key.into()).await
    }
}

impl CacheCore {
    /// The state of the key's entry, in the variant of the key's headers.
    pub(crate) async fn explain(&self, key: &CacheKey) -> Result<Explanation, Error> {
        let (keyed, slot) = self.slot(key).map_err(Error::key)?;
        let (guard, store) = (&self.engine.guard, self.engine.guard.store());
        let budget = &mut Budget::default();
        let read = guard.call(budget, store.read(&slot)).await;
        let holder = guard.call(budget, store.holder(&slot)).await;
        let (state, entry) = match read {
            Err(_) => (EntryState::Unknown, None),
            Ok(read) => self.state(read, keyed),
        };
        let own = entry
            .as_ref()
            .is_some_and(|entry| self.engine.eviction_retries.covers_entry(entry));
        let is_evicted = own || self.engine.eviction_retries.covers_slot(&slot);
        let (state, entry) = match entry {
            Some(_) if is_evicted => (EntryState::Unusable, None),
            entry => (state, entry),
        };
        Ok(Explanation {
            state,
            eviction_retrying: is_evicted,
            entry: entry.map(|entry| self.info(&entry, &slot)),
            fill: holder.ok().flatten().map(|holder| self.fill_state(&holder)),
            store_unavailable: guard.is_unavailable(),
            not_stored: self.engine.counters.of(keyed.handler).snapshot().not_stored,
            key: slot.key.to_string(),
        })
    }

    fn state(&self, read: ReadOutcome, keyed: &Keyed) -> (EntryState, Option<Arc<Entry>>) {
        match read.lookup {
            Lookup::Newer => (EntryState::NewerFormat, None),
            Lookup::Missing if read.snapshot.head.as_bytes().is_empty() => (EntryState::Absent, None),
            Lookup::Missing if keyed.tags.is_some() => (EntryState::Unusable, None),
            Lookup::Missing => (EntryState::Uncertain, None),
            Lookup::Entry(entry) if !(keyed.accepts)(&entry) => (EntryState::Unusable, None),
            Lookup::Entry(entry) => {
                let left = entry.remaining_ttl(self.engine.clock.now());
                let state = if left.is_zero() {
                    EntryState::Stale
                } else {
                    EntryState::Fresh
                };
                (state, Some(entry))
            }
        }
    }

    fn info(&self, entry: &Entry, slot: &Slot) -> EntryInfo {
        let now = self.engine.clock.now();
        let prefix = self.engine.names.user_tag("");
        let tags = slot.tags.iter().chain(&entry.tags);
        let tags = tags.filter_map(|tag| tag.strip_prefix(&*prefix));
        EntryInfo {
            status: entry.status,
            created_at: entry.born,
            fresh_for: entry.remaining_ttl(now),
            kept_for: entry.expires().since(now),
            bytes: entry.body.len(),
            tags: tags.map(key::unescape).collect(),
        }
    }

    fn fill_state(&self, holder: &Holder) -> FillState {
        match holder {
            Holder::Fill(grant) if self.engine.flights.owns(grant.token) => FillState::Local,
            Holder::Fill(_) => FillState::Remote,
            Holder::Mark(Mark::HitForMiss) => FillState::HitForMiss,
            Holder::Mark(Mark::FailureBackoff) => FillState::Backoff,
            Holder::Unknown(_) => FillState::Unreadable,
        }
    }
}
