//! The wire format: an entry as bytes, for stores outside this process.
//!
//! ```text
//! magic 4 | wire version 1 | token 16 | digest 16 | born 8 | fresh 8 | stale 8 | cost 8 | meta length 4 | meta | body
//! \________ the head, 21 ___________/
//! ```
//!
//! Times are in milliseconds, numbers big endian. `meta` consists of the [`Preamble`], the [`HeaderLines`], and the names of
//! the tags that the response named, each after its length. The body is the rest. Body and header values stay slices of the
//! buffer that was read.
//!
//! The head is the same in all wire versions. Readers leave entries of a newer version alone.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use super::{
    Entry, HeaderLines,
    length_prefixed::{self as text, LENGTH, length},
};
use crate::{
    clock::{Timestamp, millis},
    slot::{Digest, Fingerprint, Head, Token},
};

/// The length of the head, in bytes.
pub(crate) const HEAD: usize = MAGIC.len() + 1 + 16;

const _: () = assert!(HEAD == Head::LONGEST, "the head identifies the content of a slot");

/// Begins with a byte that occurs in no text, so that no text is taken for an entry.
pub(crate) const MAGIC: [u8; 4] = *b"\xf5hce";

/// Raise this when anything after the head changes.
pub(crate) const VERSION: u8 = 3;

/// The length of everything before `meta`, in bytes. The length of `meta` comes last.
pub(crate) const FIXED: usize = HEAD + 16 + 4 * 8 + LENGTH;

const MAX_PREAMBLE: usize = 2 + 2 * LENGTH + 8 + 1 + 16;

/// A decoded entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) entry: Entry,
    /// The digest that it was stored with.
    pub(crate) digest: Digest,
}

/// `status 2 | size of the headers 4 | number of tags 4 | size of the body 8 | 0`, or at the end `1 | variant 16`.
struct Preamble {
    status: u16,
    headers: u32,
    tags: u32,
    /// Redundant, to detect a body that was truncated or extended.
    body: u64,
    variant: Option<Fingerprint>,
}

impl Preamble {
    fn write(&self, wire: &mut Vec<u8>) {
        wire.extend_from_slice(&self.status.to_be_bytes());
        wire.extend_from_slice(&self.headers.to_be_bytes());
        wire.extend_from_slice(&self.tags.to_be_bytes());
        wire.extend_from_slice(&self.body.to_be_bytes());
        wire.push(self.variant.is_some().into());
        wire.extend_from_slice(self.variant.as_ref().map_or(&[], |variant| &variant.0));
    }

    fn read(meta: &mut &[u8]) -> Option<Self> {
        Some(Self {
            status: u16::from_be_bytes(text::take(meta)?),
            headers: u32::from_be_bytes(text::take(meta)?),
            tags: u32::from_be_bytes(text::take(meta)?),
            body: u64::from_be_bytes(text::take(meta)?),
            variant: match text::take(meta)? {
                [0] => None,
                [1] => Some(Fingerprint(text::take(meta)?)),
                _ => return None,
            },
        })
    }
}

/// The entry as bytes, with the token of its fill and the digest of the generations that it depends on.
pub(crate) fn encode(entry: &Entry, token: Token, digest: Digest) -> Vec<u8> {
    let size = FIXED + MAX_PREAMBLE + entry.headers.size() + entry.body.len();
    let mut wire = Vec::with_capacity(size);
    wire.extend_from_slice(&MAGIC);
    wire.push(VERSION);
    wire.extend_from_slice(&token.0);
    wire.extend_from_slice(&digest.0);
    wire.extend_from_slice(&entry.born.as_millis().to_be_bytes());
    for time in [entry.fresh, entry.stale, entry.cost] {
        wire.extend_from_slice(&millis(time).to_be_bytes());
    }
    wire.extend_from_slice(&[0; 4]);
    let preamble = Preamble {
        status: entry.status.as_u16(),
        headers: length(entry.headers.size()),
        tags: length(entry.tags.len()),
        body: entry.body.len() as u64,
        variant: entry.variant,
    };
    preamble.write(&mut wire);
    wire.extend_from_slice(entry.headers.as_wire());
    for tag in &entry.tags {
        text::write(tag.as_bytes(), &mut wire);
    }
    let meta = length(wire.len() - FIXED);
    wire[FIXED - LENGTH..FIXED].copy_from_slice(&meta.to_be_bytes());
    wire.extend_from_slice(&entry.body);
    wire
}

/// The entry in `wire`. `None` if any part of it is not as this version encodes it.
pub(crate) fn decode(wire: Bytes) -> Option<Decoded> {
    let mut rest = wire.strip_prefix(&MAGIC)?.strip_prefix(&[VERSION])?;
    let _token = text::take::<16>(&mut rest)?;
    let digest = Digest(text::take(&mut rest)?);
    let mut time = || text::take(&mut rest).map(u64::from_be_bytes);
    let born = Timestamp::from_millis(time()?);
    let [fresh, stale, cost] = [time()?, time()?, time()?].map(Duration::from_millis);
    let mut meta = text::read(&mut rest)?;
    let body = rest;

    let preamble = Preamble::read(&mut meta)?;
    if preamble.body != body.len() as u64 {
        return None;
    }
    let (headers, mut meta) = meta.split_at_checked(usize::try_from(preamble.headers).ok()?)?;
    let headers = HeaderLines::from_wire(wire.slice_ref(headers))?;
    let tags = tags(&mut meta, preamble.tags)?;
    if !meta.is_empty() {
        return None;
    }
    Some(Decoded {
        entry: Entry {
            fresh,
            stale,
            cost,
            tags,
            variant: preamble.variant,
            ..Entry::new(
                StatusCode::from_u16(preamble.status).ok()?,
                headers,
                wire.slice_ref(body),
                born,
            )
        },
        digest,
    })
}

/// Whether `wire` begins like an entry of a newer version.
pub(crate) fn is_newer(wire: &[u8]) -> bool {
    wire.strip_prefix(&MAGIC)
        .and_then(|rest| rest.first())
        .is_some_and(|version| *version > VERSION)
}

fn tags(meta: &mut &[u8], count: u32) -> Option<Vec<Arc<str>>> {
    // Each tag has a length, so a forged count does not allocate more memory than there are bytes.
    if count as usize > meta.len() / LENGTH {
        return None;
    }
    let mut tags = Vec::with_capacity(count as usize);
    for _ in 0..count {
        tags.push(Arc::from(str::from_utf8(text::read(meta)?).ok()?));
    }
    Some(tags)
}

#[cfg(test)]
mod tests;
