//! A stored response, and its wire format.

mod length_prefixed;
mod header_lines;
mod freshness;
#[cfg(any(feature = "redis", feature = "test-util", test))]
pub(crate) mod wire;
#[cfg(feature = "test-util")]
pub(crate) mod samples;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;

pub(crate) use self::freshness::{Freshness, MAX_TTL, should_refresh_early, storable_ttl, whole_millis};
pub use self::header_lines::HeaderLines;
use crate::{clock::Timestamp, slot::Fingerprint};

/// A stored response and its TTL.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The status of the response.
    pub status: StatusCode,
    /// The headers of the response, in their order and with repeated names, without hop-by-hop fields. There is an `ETag`,
    /// unless the response has none of its own and follows RFC 9111 in a layer.
    pub headers: HeaderLines,
    /// The whole body.
    pub body: Bytes,
    /// When the response was complete, by the store's clock, less the `Age` that it came with.
    pub born: Timestamp,
    /// How long the entry is fresh after `born`, in whole milliseconds.
    pub fresh: Duration,
    /// How long it is kept after that, to be served stale where that is allowed; in whole milliseconds.
    pub stale: Duration,
    /// How long the handler took, in whole milliseconds.
    pub cost: Duration,
    /// The names of the tags that the response named, with their prefix.
    pub tags: Vec<Arc<str>>,
    /// Identifies the requests that the entry may be served to, if that depends on more than the key: a hash of the fields
    /// that `Vary` names and of their values in the entry's request (RFC 9111 section 4.1).
    pub variant: Option<Fingerprint>,
}

impl Entry {
    /// An entry that has expired: set its [`fresh`](Self::fresh) time.
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

    /// How long the entry is kept after `born`, fresh and stale.
    pub(crate) fn retention(&self) -> Duration {
        self.fresh.saturating_add(self.stale)
    }

    /// When the entry expires: it is not served from then on, not even stale.
    pub(crate) fn expires(&self) -> Timestamp {
        self.born + self.retention()
    }
}
