//! What identifies an entry: its key, the tags that can invalidate it, and the token of the fill that stored it.

mod debug;
mod head;
mod unique;
mod hash;

use std::sync::Arc;

pub(crate) use self::unique::CacheId;
pub use self::{
    hash::{Digest, Fingerprint},
    head::Head,
    unique::{Generation, Token},
};

/// The place of one entry in a store: its key and its tags.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The whole key with its prefix: at most 240 bytes of printable ASCII.
    pub key: Arc<str>,
    /// Identifies the handler or value type that the entry belongs to. An entry under the same key with another owner is a miss.
    pub owner: Fingerprint,
    /// The names of the tags that are known before the handler runs, with their prefix, in a fixed order.
    pub tags: Arc<[Arc<str>]>,
    /// The name of the tag epoch, with its prefix: the record that is removed whenever a tag of the application is
    /// invalidated. It fences fills whose handler names its tags only in the response.
    pub tag_epoch: Arc<str>,
}

impl Slot {
    /// The digest of the owner and of the generations of the slot's tags, which are passed in the order of
    /// [`tags`](Self::tags).
    pub fn digest(&self, generations: impl IntoIterator<Item = Generation>) -> Digest {
        let generations = generations.into_iter().map(|generation| generation.0);
        Digest::of([self.owner.0].into_iter().chain(generations))
    }
}

/// A granted lease: the right to commit one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The token of the fill.
    pub token: Token,
    /// The digest of the slot's owner and tag generations when the lease was granted.
    pub digest: Digest,
    /// The generation of the slot's tag epoch when the lease was granted.
    pub tag_epoch: Generation,
}
