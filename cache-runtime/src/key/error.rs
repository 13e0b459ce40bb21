//! Why a key could not be built.

use std::{borrow::Cow, fmt};

use serde::ser;

/// A value has no text, so the request has no key and bypasses the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    reason: Cow<'static, str>,
}

impl KeyError {
    /// The error that a [`CacheKeyPart`](super::CacheKeyPart) returns for a request that has no key.
    ///
    /// The reason is logged, so it must not contain secrets.
    ///
    /// ```
    /// use handler_cache::key::{CacheKeyPart, KeyError, KeyWriter};
    ///
    /// enum Viewer {
    ///     Anonymous,
    ///     SignedIn { id: u64 },
    /// }
    ///
    /// impl CacheKeyPart for Viewer {
    ///     fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
    ///         match self {
    ///             Self::Anonymous => key.str("anonymous"),
    ///             Self::SignedIn { .. } => Err(KeyError::new("signed-in viewers see their own page")),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for KeyError {}

impl ser::Error for KeyError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}
