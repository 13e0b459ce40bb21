//! Evictions of what a layer has stored, by path.

use super::Cache;
use crate::{error::Error, key::KeyError};

/// By path, of what a [`CacheLayer`](crate::layer::CacheLayer) has stored.
impl Cache {
    /// Removes every entry of a path: of every layer, host, query, method and variant.
    ///
    /// However the path is spelled: `/users/café x` is `/users/caf%C3%A9%20x`, and `/users/7/`, `/users/%37` and `/users/7;v=1`
    /// are `/users/7`.
    ///
    /// ```
    /// # async fn saved(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// cache.evict_path("/users/7").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_key`](Error::is_key) when it is no path: one without a `/` at its beginning, with a query, or with names in braces.
    /// [`is_store`](Error::is_store) when the store did not acknowledge, and old entries may still be served.
    ///
    /// # Cancel safety
    /// Cancelled, the entries may or may not be gone.
    // Repeated from the module, for the label in the documentation of `handler-cache`.
    #[cfg(feature = "layer")]
    pub async fn evict_path(&self, path: &str) -> Result<(), Error> {
        self.core.engine.evict_path(checked(path)?).await
    }

    /// Removes every entry of a path and of all below it, by whole segments: `/users` takes `/users/7` along, and not
    /// `/users-archive`. The cost does not grow with their number.
    ///
    /// # Errors
    /// As [`evict_path`](Self::evict_path).
    ///
    /// # Cancel safety
    /// As [`evict_path`](Self::evict_path).
    #[cfg(feature = "layer")]
    pub async fn evict_prefix(&self, path: &str) -> Result<(), Error> {
        self.core.engine.evict_below(checked(path)?).await
    }
}

/// What matches no request's path evicts nothing, and whoever asks for that has meant something else.
fn checked(path: &str) -> Result<&str, Error> {
    match path.starts_with('/') && !path.contains(['?', '#', '{', '}']) && !path.ends_with("/*") {
        true => Ok(path),
        false => Err(Error::key(KeyError::new(
            "no path: it begins with `/` and has neither a query nor names in braces, nor `/*` at its end; \
             for all below a path name that path in `evict_prefix`",
        ))),
    }
}
