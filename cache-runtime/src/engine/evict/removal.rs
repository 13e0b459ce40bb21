//! Carries evictions out: removes keys and tags from the store, and detaches the local fills that have them.

use std::{future::ready, sync::Arc};

use futures_util::future::join;

use crate::{
    engine::{Engine, Eviction},
    error::Error,
    store::{Budget, StoreError, StoreFuture},
    telemetry::events,
};

impl Engine {
    /// Carries out evictions of the application, with a budget of their own.
    pub(crate) async fn evict_all_of(&self, evictions: &[Eviction]) -> Result<(), Error> {
        let (keys, tags) = self.detach(evictions);
        let removed = self.remove_from_store(&keys, &tags).await;
        self.record_evictions(evictions, &keys, &tags, removed)
    }

    /// Carries out the evictions of a request, within the rest of its budget. Failed ones are retried later.
    pub(in crate::engine) async fn evict_within(
        &self,
        budget: &mut Budget,
        evictions: &[Eviction],
    ) -> Result<(), Error> {
        let (keys, tags) = self.detach(evictions);
        let removed = self.guard.call(budget, self.removal(&keys, &tags)).await;
        self.record_evictions(evictions, &keys, &tags, removed)
    }

    /// Carries out evictions a second time.
    pub(in crate::engine) async fn evict_again(&self, evictions: &[Eviction]) {
        let (keys, tags) = self.detach(evictions);
        if self.remove_from_store(&keys, &tags).await.is_err() {
            self.queue_evictions(&keys, &tags);
        }
    }

    fn record_evictions(
        &self,
        evictions: &[Eviction],
        keys: &[Arc<str>],
        tags: &[Arc<str>],
        removed: Result<(), StoreError>,
    ) -> Result<(), Error> {
        match removed {
            Ok(()) => {
                for eviction in evictions {
                    self.counters.evicted(eviction.handler());
                }
                Ok(())
            }
            Err(error) => {
                let names: Vec<String> = evictions.iter().map(ToString::to_string).collect();
                events::failed_to_evict(&names.join(", "), evictions.len(), &error);
                self.queue_evictions(keys, tags);
                Err(Error::store(&error))
            }
        }
    }

    /// Queues evictions: from now on this process serves nothing of what they name.
    pub(crate) fn evict_in_background(&self, evictions: &[Eviction]) {
        let (keys, tags) = self.detach(evictions);
        self.queue_evictions(&keys, &tags);
    }

    /// The keys and tags of the evictions. Later requests join no local fill that has them.
    fn detach(&self, evictions: &[Eviction]) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let (mut keys, mut tags, mut tag_epoch) = (Vec::new(), Vec::new(), None);
        for eviction in evictions {
            match eviction {
                Eviction::Key { plain, variants, .. } => {
                    self.flights.detach_key(plain);
                    self.flights.detach_tag(variants);
                    keys.push(Arc::clone(plain));
                    tags.push(Arc::clone(variants));
                }
                Eviction::Handler { tag, .. } | Eviction::Path(tag) | Eviction::Root(tag) => {
                    self.flights.detach_tag(tag);
                    tags.push(Arc::clone(tag));
                }
                Eviction::UserTag(tag) => {
                    // A local fill may turn out to have the tag.
                    self.flights.detach_all();
                    tags.push(Arc::clone(tag));
                    tag_epoch = Some(self.names.tag_epoch());
                }
            }
        }
        // The tag epoch first: see `Store::commit`.
        (keys, tag_epoch.into_iter().chain(tags).collect())
    }

    pub(in crate::engine) async fn remove_from_store(
        &self,
        keys: &[Arc<str>],
        tags: &[Arc<str>],
    ) -> Result<(), StoreError> {
        self.guard.call_despite_breaker(self.removal(keys, tags)).await
    }

    /// Removes keys and tags concurrently.
    fn removal<'a>(&'a self, keys: &'a [Arc<str>], tags: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        let store = self.guard.store();
        match (keys, tags) {
            ([], []) => Box::pin(ready(Ok(()))),
            ([], tags) => store.invalidate_tags(tags),
            (keys, []) => store.evict(keys),
            (keys, tags) => Box::pin(async move {
                let (evicted, invalidated) = join(store.evict(keys), store.invalidate_tags(tags)).await;
                evicted.and(invalidated)
            }),
        }
    }
}
