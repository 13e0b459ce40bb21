//! Evictions by path, of entries that a layer has stored.

use super::Cache;
use crate::{error::Error, key::KeyError};

/// Evictions by path, of entries that a [`CacheLayer`](crate::layer::CacheLayer) has stored.
impl Cache {
    /// Evicts every entry of a path: of every layer, host, query, method and variant.
    ///
    /// All spellings of the path are the same: `/users/café x` is `/users/caf%C3%A9%20x`, and `/users/7/`, `/users/%37`
    /// and `/users/7;v=1` are `/users/7`.
    ///
    /// ```
    /// # async fn saved(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// cache.evict_path("/users/7").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_key`](Error::is_key) if it is not a path: it does not start with `/`, or has a query or names in braces.
    /// [`is_store`](Error::is_store), as for [`evict`](Self::evict).
    ///
    /// # Cancel safety
    /// As [`evict`](Self::evict).
    // Repeated from the module, for the label in the documentation of `handler-cache`.
    #[cfg(feature = "layer")]
    pub async fn evict_path(&self, path: &str) -> Result<(), Error> {
        self.core.engine.evict_path(checked(path)?).await
    }

    /// Evicts every entry of a path and of all paths below it, by whole segments: `/users` includes `/users/7`, but not
    /// `/users-archive`. The cost does not depend on their number.
    ///
    /// ```
    /// # async fn imported(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// cache.evict_prefix("/users").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`evict_path`](Self::evict_path).
    ///
    /// # Cancel safety
    /// As [`evict`](Self::evict).
    #[cfg(feature = "layer")]
    pub async fn evict_prefix(&self, path: &str) -> Result<(), Error> {
        self.core.engine.evict_below(checked(path)?).await
    }
}

/// A path that no request can have would evict nothing, which is never what the caller means.
fn checked(path: &str) -> Result<&str, Error> {
    match path.starts_with('/') && !path.contains(['?', '#', '{', '}']) && !path.ends_with("/*") {
        true => Ok(path),
        false => Err(Error::key(KeyError::new(
            "not a path; write one that starts with `/`, without a query, names in braces and a final `/*`; \
             `evict_prefix` evicts all that is below a path",
        ))),
    }
}
