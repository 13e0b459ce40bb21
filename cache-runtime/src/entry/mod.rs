//! A stored response, and its form on the wire.

#[cfg(any(feature = "redis", feature = "test-util", test))]
pub(crate) mod wire;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{clock::Timestamp, slot::Generation};

/// The most headers that a response adds to those of its entry. A header map without room for them is laid out anew.
pub(crate) const ADDED: usize = 6;

/// A response as it is stored: what the handler answered, and for how long that is true.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The status the handler answered.
    pub status: StatusCode,
    /// Its headers in order with repeats, without hop-by-hop fields; with an `ETag`, unless the response speaks for
    /// itself behind a layer.
    pub headers: HeaderMap,
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
    pub variant: Option<Generation>,
    /// What hits begin with.
    pub(crate) prepared: Prepared,
}

/// The headers of a hit in this process's memory, as far as they are the same for each: made by the first one.
#[derive(Debug, Default)]
pub(crate) struct Prepared(pub(crate) OnceLock<Box<HeaderMap>>);

/// It is made of the rest, so it is neither copied nor compared.
impl Clone for Prepared {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Prepared {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Entry {
    /// A response made now, that lives for no time: set the times that it shall have.
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes, born: Timestamp) -> Self {
        Self {
            status,
            headers,
            body,
            born,
            fresh: Duration::ZERO,
            stale: Duration::ZERO,
            cost: Duration::ZERO,
            tags: Vec::new(),
            variant: None,
            prepared: Prepared::default(),
        }
    }

    /// How long it is kept in all.
    pub(crate) fn life(&self) -> Duration {
        self.fresh.saturating_add(self.stale)
    }

    /// From here on it is not served at all.
    pub(crate) fn expires(&self) -> Timestamp {
        self.born + self.life()
    }
}
