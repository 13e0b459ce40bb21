//! Evictions: what they name goes from the store, and nobody joins a run for it any more.

use std::{future::ready, sync::Arc};

use futures_util::future::join;
use tokio::{runtime::Handle, sync::Semaphore};

mod request_scope;
mod retry_queue;
mod repeats;

pub(super) use self::retry_queue::retry_for_ever;
pub(crate) use self::{
    repeats::Repeats,
    request_scope::{Carrying, Evictions, RequestScope},
    retry_queue::Overdue,
};
use super::{Engine, Eviction, spawn};
use crate::{
    error::Error,
    key::{cache_key::CacheKey, handler::Handler},
    store::{Budget, StoreError, StoreFuture},
    telemetry::events,
};

/// Who clears up behind evictions of everything.
#[derive(Debug)]
pub(crate) struct Purges {
    /// For one that waits.
    waiting: Semaphore,
    /// For one that is at it.
    turn: Semaphore,
}

impl Default for Purges {
    fn default() -> Self {
        Self {
            waiting: Semaphore::new(1),
            turn: Semaphore::new(1),
        }
    }
}

impl Engine {
    /// Takes away every entry of one argument list.
    pub(crate) async fn evict(&self, key: &CacheKey) -> Result<(), Error> {
        let eviction = self.names.eviction(key).map_err(Error::key)?;
        self.carry_out(&[eviction]).await
    }

    /// Takes away every entry of a handler.
    pub(crate) async fn evict_all(&self, handler: Handler) -> Result<(), Error> {
        let eviction = self.names.eviction_of_all(handler);
        self.carry_out(&[eviction]).await
    }

    /// Takes away every entry that bears a tag of the user's.
    pub(crate) async fn evict_tag(&self, tag: &str) -> Result<(), Error> {
        let tag = self.names.user_tag(tag);
        self.carry_out(&[Eviction::UserTag(tag)]).await
    }

    /// Takes away every entry of a path, whatever its host, query, method and variant.
    #[cfg(any(feature = "layer", test))]
    pub(crate) async fn evict_path(&self, path: &str) -> Result<(), Error> {
        let evictions = self.names.evictions_of_path(path);
        self.carry_out(&evictions).await
    }

    /// Takes away every entry of a path, and of all below it.
    #[cfg(any(feature = "layer", test))]
    pub(crate) async fn evict_below(&self, path: &str) -> Result<(), Error> {
        let tag = self.names.below_tag(path);
        self.carry_out(&[Eviction::Path(tag)]).await
    }

    /// Takes away every entry. What is left of them is cleared up behind whoever asks.
    pub(crate) async fn clear(self: &Arc<Self>) -> Result<(), Error> {
        let root = self.names.root_tag();
        self.carry_out(&[Eviction::Root(root)]).await?;
        spawn(&Handle::current(), Box::pin(Arc::clone(self).purge()));
        Ok(())
    }

    /// One at a time, and where a step fails no more: the rest leaves by itself.
    async fn purge(self: Arc<Self>) {
        // Who waits will see what those that come meanwhile have left.
        let Ok(waits) = self.purges.waiting.try_acquire() else {
            return;
        };
        let _turn = self.purges.turn.acquire().await;
        drop(waits);
        let (guard, store) = (&self.guard, self.guard.store());
        // What was made within this millisecond stays until its end: it may be from after the eviction.
        let before = self.clock.now();
        let mut from = Some(0);
        while let Some(at) = from {
            let purged = guard
                .call_in_background(store.purge(self.names.prefix(), before, at))
                .await;
            from = purged.ok().flatten();
        }
    }

    /// Takes away all that these name: an eviction of the application's own, with a budget of its own.
    pub(crate) async fn carry_out(&self, evictions: &[Eviction]) -> Result<(), Error> {
        let (keys, tags) = self.detach(evictions);
        let taken = self.take_away(&keys, &tags).await;
        self.carried_out(evictions, &keys, &tags, taken)
    }

    /// The same for a request, within what is left of its budget. Without a store, or time left for it, it is tried later.
    pub(in crate::engine) async fn carry_out_within(
        &self,
        budget: &mut Budget,
        evictions: &[Eviction],
    ) -> Result<(), Error> {
        let (keys, tags) = self.detach(evictions);
        let taken = self.guard.call(budget, self.removal(&keys, &tags)).await;
        self.carried_out(evictions, &keys, &tags, taken)
    }

    /// The same a second time.
    pub(in crate::engine) async fn evict_again(&self, evictions: &[Eviction]) {
        let (keys, tags) = self.detach(evictions);
        if self.take_away(&keys, &tags).await.is_err() {
            self.evict_later(&keys, &tags);
        }
    }

    fn carried_out(
        &self,
        evictions: &[Eviction],
        keys: &[Arc<str>],
        tags: &[Arc<str>],
        taken: Result<(), StoreError>,
    ) -> Result<(), Error> {
        match taken {
            Ok(()) => {
                for eviction in evictions {
                    self.counters.evicted(eviction.handler());
                }
                Ok(())
            }
            Err(error) => {
                let names: Vec<String> = evictions.iter().map(ToString::to_string).collect();
                events::failed_to_evict(&names.join(", "), evictions.len(), &error);
                self.evict_later(keys, tags);
                Err(Error::store(&error))
            }
        }
    }

    /// The same behind whoever asks: from here on nothing of it is served, and it is tried until it is done.
    pub(crate) fn carry_out_later(&self, evictions: &[Eviction]) {
        let (keys, tags) = self.detach(evictions);
        self.evict_later(&keys, &tags);
    }

    /// The names of what is evicted. No request that comes later joins a run for it.
    fn detach(&self, evictions: &[Eviction]) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let (mut keys, mut tags, mut any) = (Vec::new(), Vec::new(), None);
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
                    // What runs without a lease may turn out to bear it.
                    self.flights.detach_all();
                    tags.push(Arc::clone(tag));
                    any = Some(self.names.tag_epoch());
                }
            }
        }
        // `any` first: see `Store::commit`.
        (keys, any.into_iter().chain(tags).collect())
    }

    pub(in crate::engine) async fn take_away(
        &self,
        keys: &[Arc<str>],
        tags: &[Arc<str>],
    ) -> Result<(), StoreError> {
        self.guard.call_despite_breaker(self.removal(keys, tags)).await
    }

    /// Keys and tags are removed at once: together they take no longer than one of them.
    fn removal<'a>(&'a self, keys: &'a [Arc<str>], tags: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        let store = self.guard.store();
        match (keys, tags) {
            ([], []) => Box::pin(ready(Ok(()))),
            ([], tags) => store.invalidate_tags(tags),
            (keys, []) => store.evict(keys),
            (keys, tags) => Box::pin(async move {
                let (evicted, retired) = join(store.evict(keys), store.invalidate_tags(tags)).await;
                evicted.and(retired)
            }),
        }
    }
}
