//! Evictions by key, by tag, and of everything.

use super::Cache;
use crate::{error::Error, key::cache_key::CacheKey};

impl Cache {
    /// Evicts the entries of one argument list in all variants (methods, `vary` headers, versions), or a value.
    ///
    /// If the store does not acknowledge, the eviction is retried each second, and this process treats the entries as
    /// evicted meanwhile.
    ///
    /// ```
    /// # use axum::extract::Path;
    /// # #[handler_cache::cache(expire = 30)]
    /// # async fn get_product(Path(id): Path<u64>) -> String { id.to_string() }
    /// # async fn update(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// cache.evict(get_product::key(Path(7))).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_key`](Error::is_key) if the arguments have no key. [`is_store`](Error::is_store) if the store did not
    /// acknowledge within the budget; then other processes may still serve the old entries.
    ///
    /// # Cancel safety
    /// If cancelled, the entries are evicted or not.
    pub async fn evict(&self, key: impl Into<CacheKey>) -> Result<(), Error> {
        self.core.engine.evict(&key.into()).await
    }

    /// Evicts every entry with this tag, from the option `tags` or from [`Tags`](crate::Tags). The cost does not depend
    /// on their number.
    ///
    /// ```
    /// # use axum::extract::Path;
    /// #[handler_cache::cache(expire = "1h", tags = [format!("product:{id}")])]
    /// async fn reviews(Path(id): Path<u64>) -> String {
    ///     format!("reviews of {id}")
    /// }
    ///
    /// # async fn sold_out(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// cache.evict_tag("product:7").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_store`](Error::is_store), as for [`evict`](Self::evict).
    ///
    /// # Cancel safety
    /// As [`evict`](Self::evict).
    pub async fn evict_tag(&self, tag: &str) -> Result<(), Error> {
        self.core.engine.evict_tag(tag).await
    }

    /// Evicts every entry of this cache, that is of its prefix, in every version. Nothing else on the server is
    /// touched.
    ///
    /// No old entry is found once this returns. Their records in Redis are removed in the background, a thousand at a
    /// time. Records that this does not reach, for instance because Redis became unavailable, expire by their TTL, as
    /// tags and leases do. Records that are not entries are kept, also if their names start with the prefix.
    ///
    /// ```
    /// # async fn imported(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// cache.clear().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_store`](Error::is_store), as for [`evict`](Self::evict).
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    ///
    /// # Cancel safety
    /// As [`evict`](Self::evict).
    pub async fn clear(&self) -> Result<(), Error> {
        self.core.engine.clear().await
    }
}
