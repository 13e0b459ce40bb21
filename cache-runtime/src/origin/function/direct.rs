//! Direct access to a key: reads and writes without a fill.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    entry::{Entry, Freshness, HeaderLines, storable_ttl},
    error::Error,
    http::{
        RequestConstraints, freshness, representative_method, request_head::RequestHead, write_key_variant,
    },
    key::{
        KeyError,
        cache_key::{CacheKey, Keyed},
        handler::Handler,
    },
    origin::CacheCore,
    outcome::{CacheStatus, Forwarded},
    policy::Policy,
    store::{Budget, Lookup, ReadOutcome, Slot, StoreError, Token, WriteRequest},
    telemetry::events,
    value,
};

impl CacheCore {
    /// The value, if it is stored and fresh.
    pub(crate) async fn value<T: Serialize + DeserializeOwned>(&self, key: &CacheKey) -> Option<T> {
        let counters = self.engine.counters.of(Handler::VALUES);
        let Ok((keyed, slot)) = self.slot(key) else {
            counters.bypasses.increment();
            return None;
        };
        let found = self.fresh(keyed, &slot).await;
        let value = found.and_then(|(entry, _)| value::decode(&entry.body));
        counters.answered(match value {
            Some(_) => CacheStatus::Hit,
            None => CacheStatus::Forwarded(Forwarded::STORED_MISS),
        });
        value
    }

    /// How long the key's entry stays fresh, a value or a response.
    pub(crate) async fn ttl(&self, key: &CacheKey) -> Option<Duration> {
        let (keyed, slot) = self.slot(key).ok()?;
        let found = self.fresh(keyed, &slot).await;
        found.map(|(_, left)| left)
    }

    /// The entry, and how long it stays fresh.
    pub(super) async fn fresh(&self, keyed: &Keyed, slot: &Slot) -> Option<(Arc<Entry>, Duration)> {
        let engine = &self.engine;
        if engine.eviction_retries.covers_slot(slot) {
            return None;
        }
        let budget = &mut Budget::default();
        let read = engine.guard.call(budget, engine.guard.store().read(slot)).await;
        let Lookup::Entry(entry) = read.ok()?.lookup else {
            return None;
        };
        if engine.eviction_retries.covers_entry(&entry) || !(keyed.accepts)(&entry) {
            return None;
        }
        match freshness(
            &entry,
            keyed.policy,
            &RequestConstraints::none(false),
            engine.clock.now(),
        ) {
            Freshness::Fresh { remaining: left } => Some((entry, left)),
            _ => None,
        }
    }

    /// The slot of a key; of a handler's variants, that of requests without headers.
    pub(crate) fn slot<'k>(&self, key: &'k CacheKey) -> Result<(&'k Keyed, Slot), KeyError> {
        let found = key.keyed.as_ref().map_err(Clone::clone).and_then(|keyed| {
            let method = representative_method(keyed.policy.methods);
            let head = RequestHead::plain(method).with_headers(&keyed.headers);
            let slot = self
                .engine
                .names
                .slot_of(key, |text, policy| write_key_variant(text, policy, &head))?;
            Ok((keyed, slot))
        });
        found.inspect_err(|error| events::no_key(&key.name, error))
    }

    /// Stores the value. It replaces a stored one, and current fills of the key store nothing.
    ///
    /// # Cancel safety
    /// If cancelled, the value is stored or not.
    pub(crate) async fn put_value<T: Serialize + DeserializeOwned>(
        &self,
        key: &CacheKey,
        policy: &Policy,
        value: &T,
    ) -> Result<(), Error> {
        let (_, slot) = self.slot(key).map_err(Error::key)?;
        let ttl = storable_ttl(policy.ttl(self.settings.default_expire));
        let ttl = ttl.ok_or_else(|| Error::value("its TTL is below a millisecond"))?;
        let body = value::encode(value).map_err(Error::value)?;
        let limit = self.max_body(policy);
        if body.len() > limit {
            let length = body.len();
            return Err(Error::value(format!(
                "it takes {length} bytes, and `max_body` allows {limit}"
            )));
        }
        let entry = Entry {
            fresh: self.engine.jittered(ttl),
            stale: policy.stale_window(),
            ..Entry::new(
                StatusCode::OK,
                HeaderLines::default(),
                body,
                self.engine.clock.now(),
            )
        };
        let stored = self.put(&slot, &Arc::new(entry)).await;
        stored.map_err(|error| Error::not_stored(&error))
    }

    /// Repeats the write for as long as the budget allows while others write the slot, too.
    async fn put(&self, slot: &Slot, entry: &Arc<Entry>) -> Result<(), StoreError> {
        let engine = &self.engine;
        let (guard, store) = (&engine.guard, engine.guard.store());
        let budget = &mut Budget::default();
        // Local fills that began before this write are not shared after it.
        engine.flights.detach_key(&slot.key);
        if engine.eviction_retries.covers_slot(slot) {
            return Err(StoreError::unavailable(
                "an earlier eviction of it is still being retried",
            ));
        }
        loop {
            let ReadOutcome { lookup, snapshot } = guard.call(budget, store.read(slot)).await?;
            if matches!(lookup, Lookup::Newer) {
                return Err(StoreError::rejected("a newer release has an entry there"));
            }
            let put = WriteRequest {
                token: Token::new(),
                snapshot,
                entry: Arc::clone(entry),
            };
            if guard.call(budget, store.write(slot, put)).await? {
                let counters = engine.counters.of(Handler::VALUES);
                counters.stored.increment();
                counters.stored_bytes.add(entry.body.len() as u64);
                events::key_added(&slot.key);
                return Ok(());
            }
        }
    }
}
