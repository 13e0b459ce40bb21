//! What identifies an entry: its key, the tags that can invalidate it, and the token of the fill that stored it.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
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

/// Identifies one fill: a fencing token, unique over all processes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub [u8; 16]);

impl Token {
    /// A token that no process has made before.
    pub fn new() -> Self {
        Self(unique(*PROCESS))
    }

    /// A token that shows which cache made it.
    pub(crate) fn new_in(cache: CacheId) -> Self {
        Self(unique(cache.0))
    }

    pub(crate) fn is_from(self, cache: CacheId) -> bool {
        self.0.starts_with(&cache.0.to_be_bytes())
    }
}

impl Default for Token {
    fn default() -> Self {
        Self::new()
    }
}

/// Identifies one `Cache` among those of all processes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheId(u64);

impl CacheId {
    /// An identifier at random.
    pub(crate) fn new() -> Self {
        Self(random())
    }
}

/// The generation of a tag: invalidating the tag ends it, and the tag's next generation is another value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(pub [u8; 16]);

impl Generation {
    /// A generation that no process has made before.
    pub fn new() -> Self {
        Self(unique(*PROCESS))
    }
}

impl Default for Generation {
    fn default() -> Self {
        Self::new()
    }
}

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
    fn of(parts: impl IntoIterator<Item = [u8; 16]>) -> Self {
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

/// Identifies the content of a slot, for compare-and-set: the first bytes of the entry's wire form, or the token of its
/// fill in stores without a wire form. Empty for an empty slot.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Zeros from `len` on.
    bytes: [u8; Self::LONGEST],
    len: u8,
}

impl Head {
    /// The length of the longest head, in bytes.
    pub const LONGEST: usize = 21;

    /// The head of a slot whose content begins with these bytes.
    pub fn of(content: &[u8]) -> Self {
        let mut head = Self::default();
        for (byte, content) in head.bytes.iter_mut().zip(content) {
            *byte = *content;
            head.len += 1;
        }
        head
    }

    /// The head as bytes; none for an empty slot.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

macro_rules! debug_as_hex {
    ($($type:ty),*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "("))?;
                for byte in &self.0 {
                    write!(f, "{byte:02x}")?;
                }
                f.write_str(")")
            }
        }
    )*};
}

debug_as_hex!(Token, Generation, Fingerprint, Digest);

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head(\"{}\")", self.as_bytes().escape_ascii())
    }
}

/// Identifies this process among all others.
static PROCESS: LazyLock<u64> = LazyLock::new(random);

fn random() -> u64 {
    getrandom::u64().expect("the operating system provides random bytes")
}

/// 128 bits that no process makes twice: 64 random bits that identify their source, and a counter.
fn unique(source: u64) -> [u8; 16] {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&source.to_be_bytes());
    bytes[8..].copy_from_slice(&count.to_be_bytes());
    bytes
}

/// The first 16 bytes of the BLAKE3 hash.
fn hash(bytes: &[u8]) -> [u8; 16] {
    let hash = blake3::hash(bytes);
    *hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p8_head_of_a_short_content_is_the_whole_content() {
        let long = [7; 64];
        for length in 0..=64 {
            let head = Head::of(&long[..length]);
            assert_eq!(head.as_bytes(), &long[..length.min(Head::LONGEST)]);
        }
        assert_ne!(Head::of(b""), Head::of(b"\0"));
        assert_ne!(Head::of(b"a"), Head::of(b"a\0"));
    }
}
