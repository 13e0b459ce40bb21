//! What there is to say of one entry: the answer to "why is this not cached?".

use std::{collections::BTreeMap, fmt, time::Duration};

use http::StatusCode;

use crate::clock::Timestamp;

/// What a cache knows of one key now, from [`Cache::explain`](crate::Cache::explain). It displays itself for people.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// The key as the store has it, with the prefix and cut at 240 bytes.
    pub key: String,
    /// Whether a request would be answered from an entry.
    pub standing: Standing,
    /// The entry, unless there is none that may be served.
    pub entry: Option<EntryFacts>,
    /// Who fills it now, or why nobody shall; `None` where nobody does, or the store did not answer.
    pub filler: Option<Filler>,
    /// An eviction of it was not acknowledged yet: this process takes it for evicted.
    pub overdue: bool,
    /// The store does not answer, and requests are served without it.
    pub ailing: bool,
    /// Why responses of this handler, or values, were not stored so far, and how often: of all its arguments together.
    pub not_stored: BTreeMap<&'static str, u64>,
}

/// What an entry is worth to a request now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It is served.
    Fresh,
    /// Past its life, and served where the handler's `stale_…` options allow it.
    Stale,
    /// There is none.
    Absent,
    /// There is a record that is not served: retired by an eviction, past everything, of another handler, or unreadable.
    Unusable,
    /// There is a record that may be served or retired: its tags depend on more than the arguments in the key.
    Unclear,
    /// There is one of a newer release of this library, which is left alone.
    Newer,
    /// The store did not answer.
    Unknown,
}

/// An entry that may be served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryFacts {
    /// Of the response; 200 for a value.
    pub status: StatusCode,
    /// When it was made, in the store's time.
    pub born: Timestamp,
    /// How long it stays fresh from now on; zero when it is stale.
    pub fresh_for: Duration,
    /// How long it is kept from now on, stale time and all.
    pub kept_for: Duration,
    /// Bytes of its body.
    pub bytes: usize,
    /// The tags that [`Cache::evict_tag`](crate::Cache::evict_tag) takes it away with; of one that is longer than 240 bytes
    /// the head.
    pub tags: Vec<String>,
}

/// Who fills a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filler {
    /// A run in this process.
    Here,
    /// A run in another process, or of another cache of this one; or one whose process is gone: then its place is free within
    /// 5 s.
    Elsewhere,
    /// Nobody: the last response could not be stored, so that for 5 s requests run side by side.
    Passed,
    /// Nobody: the handler failed, and is spared while a stale entry serves.
    Spared,
    /// Something unreadable stands there; the next run replaces it.
    Unreadable,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.key)?;
        match self.standing {
            Standing::Unknown if self.ailing => {}
            standing => write!(f, "{standing}")?,
        }
        if let Some(entry) = &self.entry {
            let EntryFacts {
                status,
                fresh_for,
                kept_for,
                bytes,
                tags,
                ..
            } = entry;
            write!(f, "; status {}, {bytes} bytes", status.as_u16())?;
            if !fresh_for.is_zero() {
                write!(f, ", fresh for {fresh_for:?}")?;
            }
            write!(f, ", kept for {kept_for:?}")?;
            if !tags.is_empty() {
                write!(f, ", tags {}", tags.join(", "))?;
            }
        }
        if let Some(filler) = self.filler {
            write!(f, "; {filler}")?;
        }
        if self.overdue {
            f.write_str("; an eviction of it is overdue, so it is not served here")?;
        }
        if self.ailing {
            let joint = if self.standing == Standing::Unknown {
                ""
            } else {
                "; "
            };
            write!(f, "{joint}the store does not answer")?;
        }
        let mut separator = "; not stored so far, whatever the arguments:";
        for (reason, count) in &self.not_stored {
            write!(f, "{separator} {reason} ({count})")?;
            separator = ",";
        }
        Ok(())
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fresh => "fresh",
            Self::Stale => "past its life, and kept for the `stale_…` options",
            Self::Absent => "there is no entry",
            Self::Unusable => {
                "there is a record that is not served: evicted, past everything, another's, or unreadable"
            }
            Self::Unclear => {
                "there is a record, and the key alone does not show the tags that may have retired it"
            }
            Self::Newer => "there is a record of a newer release, which is left alone",
            Self::Unknown => "the store did not say",
        })
    }
}

impl fmt::Display for Filler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Here => "a run of this process fills it",
            Self::Elsewhere => "another process fills it, or left it within the last 5 s",
            Self::Passed => "the last answer could not be stored, so for 5 s requests run for themselves",
            Self::Spared => "the last run failed, and no other is begun while the stale entry serves",
            Self::Unreadable => "what stands for a run there cannot be read; the next run replaces it",
        })
    }
}
