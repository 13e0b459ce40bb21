//! Evictions: by key, handler, tag, path, and of everything.

mod removal;
mod purge;
mod retry_queue;
mod repeats;
mod batch;
mod request_scope;

use std::sync::Arc;

use tokio::runtime::Handle;

pub(super) use self::retry_queue::retry_evictions_forever;
pub(crate) use self::{
    batch::{EvictionBatch, PendingEvictions},
    purge::Purges,
    repeats::Repeats,
    request_scope::RequestScope,
    retry_queue::EvictionRetryQueue,
};
use super::{Engine, Eviction, spawn};
use crate::{
    error::Error,
    key::{cache_key::CacheKey, handler::Handler},
};

impl Engine {
    /// Evicts every entry of one argument list.
    pub(crate) async fn evict(&self, key: &CacheKey) -> Result<(), Error> {
        let eviction = self.names.eviction(key).map_err(Error::key)?;
        self.evict_all_of(&[eviction]).await
    }

    /// Evicts every entry of a handler.
    pub(crate) async fn evict_all(&self, handler: Handler) -> Result<(), Error> {
        let eviction = self.names.eviction_of_all(handler);
        self.evict_all_of(&[eviction]).await
    }

    /// Evicts every entry with this tag of the application.
    pub(crate) async fn evict_tag(&self, tag: &str) -> Result<(), Error> {
        let tag = self.names.user_tag(tag);
        self.evict_all_of(&[Eviction::UserTag(tag)]).await
    }

    /// Evicts every entry of a path, of any host, query, method and variant.
    #[cfg(any(feature = "layer", test))]
    pub(crate) async fn evict_path(&self, path: &str) -> Result<(), Error> {
        let evictions = self.names.evictions_of_path(path);
        self.evict_all_of(&evictions).await
    }

    /// Evicts every entry of a path, and of all paths below it.
    #[cfg(any(feature = "layer", test))]
    pub(crate) async fn evict_below(&self, path: &str) -> Result<(), Error> {
        let tag = self.names.below_tag(path);
        self.evict_all_of(&[Eviction::Path(tag)]).await
    }

    /// Evicts every entry. The entries are invalid at once, and deleted in the background.
    pub(crate) async fn clear(self: &Arc<Self>) -> Result<(), Error> {
        let root = self.names.root_tag();
        self.evict_all_of(&[Eviction::Root(root)]).await?;
        spawn(&Handle::current(), Box::pin(Arc::clone(self).purge()));
        Ok(())
    }
}
