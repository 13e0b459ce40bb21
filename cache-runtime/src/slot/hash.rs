//! Identifiers that are hashes: equal for equal contents.

use std::fmt;

use super::{debug, unique::Generation};

/// A hash that identifies a handler, a value's type, a variant or a credential.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The first half of the BLAKE3 hash of `bytes`.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self(hash(bytes))
    }

    /// The first 8 hexadecimal digits: enough to tell a few apart in a log.
    pub(crate) fn short(self) -> String {
        self.hex()[..8].to_owned()
    }

    /// All 32 hexadecimal digits.
    pub(crate) fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A hash of the owner of a slot and the generations of its tags: an entry is served only while the digest it was stored
/// with is the current one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    pub(super) fn of(parts: impl IntoIterator<Item = [u8; 16]>) -> Self {
        // Hashed in one piece: for so few bytes, feeding the hasher piece by piece costs as much again as the hash.
        let mut whole = Vec::with_capacity(128);
        for part in parts {
            whole.extend_from_slice(&part);
        }
        Self(hash(&whole))
    }

    /// This digest extended by the generations of the tags that the response named; unchanged if there are none.
    pub fn with(self, response_tags: &[Generation]) -> Self {
        if response_tags.is_empty() {
            return self;
        }
        let generations = response_tags.iter().map(|generation| generation.0);
        Self::of([self.0].into_iter().chain(generations))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug::hex(f, "Fingerprint", &self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug::hex(f, "Digest", &self.0)
    }
}

/// The first 16 bytes of the BLAKE3 hash.
fn hash(bytes: &[u8]) -> [u8; 16] {
    let hash = blake3::hash(bytes);
    *hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes")
}
