//! Diagnostics of one key: why is a response cached, or why not?

use std::{collections::BTreeMap, fmt, time::Duration};

use http::StatusCode;

use crate::clock::Timestamp;

/// The state of one key in the cache, from [`Cache::explain`](crate::Cache::explain).
///
/// Its `Display` is one line for logs and people.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// The key as in the store: with the prefix, and shortened to 240 bytes by a hash.
    pub key: String,
    /// Whether there is an entry, and whether it may be served.
    pub state: EntryState,
    /// The entry, if it is fresh or stale.
    pub entry: Option<EntryInfo>,
    /// Who fills the entry, or what prevents a fill; `None` if nobody does, or if the store did not answer.
    pub fill: Option<FillState>,
    /// The store has not acknowledged an eviction of this entry yet, so this process treats it as evicted.
    pub eviction_retrying: bool,
    /// The store does not answer, and requests are served without it.
    pub store_unavailable: bool,
    /// Responses of this handler, or values, that were not stored, by reason. Counted for all arguments together, as in
    /// [`Stats`](crate::stats::Stats).
    pub not_stored: BTreeMap<&'static str, u64>,
}

/// Whether there is an entry, and whether it may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryState {
    /// A fresh entry, which is served.
    Fresh,
    /// A stale entry, which is served where a `stale_…` option of the handler allows it.
    Stale,
    /// No record in the store.
    Absent,
    /// A record that is not served: evicted, expired, of another handler, or unreadable.
    Unusable,
    /// A record that may be served or evicted: its tags depend on more than the arguments in the key.
    Uncertain,
    /// A record in the format of a newer release of this library. It is left alone.
    NewerFormat,
    /// The store did not answer.
    Unknown,
}

/// A fresh or stale entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryInfo {
    /// The status of the response; 200 for a value.
    pub status: StatusCode,
    /// When the response was generated, by the store's clock.
    pub created_at: Timestamp,
    /// The remaining TTL; zero for a stale entry.
    pub fresh_for: Duration,
    /// The remaining time until the entry expires, including the stale windows.
    pub kept_for: Duration,
    /// The size of the body.
    pub bytes: usize,
    /// The tags by which [`Cache::evict_tag`](crate::Cache::evict_tag) evicts the entry. A tag longer than 240 bytes is
    /// cut.
    pub tags: Vec<String>,
}

/// Who fills an entry, or what prevents a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FillState {
    /// A fill in this process.
    Local,
    /// A fill in another process, or of another cache in this process. If that process has crashed, its lease expires
    /// within 5 s.
    Remote,
    /// Hit-for-miss: the last response could not be stored, so requests are not coalesced for 5 s.
    HitForMiss,
    /// Failure backoff: the last fill failed, and none is started while a stale entry is served
    /// ([`CacheBuilder::failure_backoff`](crate::CacheBuilder::failure_backoff)).
    Backoff,
    /// An unreadable lease. The next fill replaces it.
    Unreadable,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.key)?;
        match self.state {
            EntryState::Unknown if self.store_unavailable => f.write_str("the store does not answer")?,
            state => write!(f, "{state}")?,
        }
        if let Some(entry) = &self.entry {
            write!(f, "; {entry}")?;
        }
        if let Some(fill) = self.fill {
            write!(f, "; {fill}")?;
        }
        if self.eviction_retrying {
            f.write_str("; its eviction is being retried, so this process does not serve it")?;
        }
        if self.store_unavailable && self.state != EntryState::Unknown {
            f.write_str("; the store does not answer")?;
        }
        let mut separator = "; not stored so far, for any arguments:";
        for (reason, count) in &self.not_stored {
            write!(f, "{separator} {reason} ({count})")?;
            separator = ",";
        }
        Ok(())
    }
}

impl fmt::Display for EntryInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}, {} bytes", self.status.as_u16(), self.bytes)?;
        if !self.fresh_for.is_zero() {
            write!(f, ", fresh for {:?}", self.fresh_for)?;
        }
        write!(f, ", kept for {:?}", self.kept_for)?;
        if !self.tags.is_empty() {
            write!(f, ", tags {}", self.tags.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for EntryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Absent => "no entry",
            Self::Unusable => {
                "a record that is not served: evicted, expired, of another handler, or unreadable"
            }
            Self::Uncertain => {
                "a record that may have been evicted: the key alone does not show all of its tags"
            }
            Self::NewerFormat => "a record in the format of a newer release",
            Self::Unknown => "unknown, the store did not answer in time",
        })
    }
}

impl fmt::Display for FillState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "being filled by this process",
            Self::Remote => "being filled by another process",
            Self::HitForMiss => {
                "hit-for-miss: the last response could not be stored, so requests are not coalesced for 5 s"
            }
            Self::Backoff => {
                "failure backoff: the last fill failed, and none is started while the stale entry is served"
            }
            Self::Unreadable => "its lease is unreadable, and the next fill replaces it",
        })
    }
}
