//! A stored response, and its form on the wire.

mod freshness;
mod lines;
mod text;
#[cfg(any(feature = "redis", feature = "test-util", test))]
pub(crate) mod wire;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;

pub(crate) use self::freshness::{Freshness, MAX_TTL, should_refresh_early, storable_ttl, whole_millis};
pub use self::lines::HeaderLines;
use crate::{clock::Timestamp, slot::Fingerprint};

/// A response as it is stored: what the handler answered, and for how long that is true.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The status the handler answered.
    pub status: StatusCode,
    /// Its headers in order with repeats, without hop-by-hop fields; with an `ETag`, unless the response speaks for
    /// itself behind a layer.
    pub headers: HeaderLines,
    /// The whole body.
    pub body: Bytes,
    /// When the response was made, in the store's time: when it was complete, less the age it came with.
    pub born: Timestamp,
    /// How long it is fresh from `born`, whole milliseconds.
    pub fresh: Duration,
    /// How long it is kept after that, to be served stale where that is allowed; whole milliseconds.
    pub stale: Duration,
    /// How long the handler took, whole milliseconds.
    pub cost: Duration,
    /// The names of the tags that the response itself asked for, prefix and all.
    pub tags: Vec<Arc<str>>,
    /// Which requests it is for, where that depends on more than the key: a hash of the fields that `Vary` names, with
    /// what its request had there (RFC 9111 section 4.1).
    pub variant: Option<Fingerprint>,
}

impl Entry {
    /// A response made now, that lives for no time: set the times that it shall have.
    pub fn new(status: StatusCode, headers: impl Into<HeaderLines>, body: Bytes, born: Timestamp) -> Self {
        Self {
            status,
            headers: headers.into(),
            body,
            born,
            fresh: Duration::ZERO,
            stale: Duration::ZERO,
            cost: Duration::ZERO,
            tags: Vec::new(),
            variant: None,
        }
    }

    /// How long it is kept in all.
    pub(crate) fn ttl(&self) -> Duration {
        self.fresh.saturating_add(self.stale)
    }

    /// From here on it is not served at all.
    pub(crate) fn expires(&self) -> Timestamp {
        self.born + self.ttl()
    }
}
