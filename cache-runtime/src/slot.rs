//! The names of an entry, of everything that can retire it, and of who fills it.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Where an entry stands.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The whole key, prefix and all: at most 240 bytes of printable ASCII.
    pub key: Arc<str>,
    /// Whose entry it is, by more than the key: another's is not found.
    pub owner: Generation,
    /// The names of the tags that are known beforehand, prefix and all, in a fixed order.
    pub tags: Arc<[Arc<str>]>,
    /// The name of the record that every retirement of a tag removes, too: it fences tags that a handler only names
    /// while it answers.
    pub any: Arc<str>,
}

/// Names one fill among all that ever were.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub [u8; 16]);

impl Token {
    /// A new token, unlike any other in any process.
    pub fn new() -> Self {
        Self(unique(*PROCESS))
    }

    /// A new token that shows where it was made.
    pub(crate) fn of(origin: Origin) -> Self {
        Self(unique(origin.0))
    }

    pub(crate) fn is_of(self, origin: Origin) -> bool {
        self.0.starts_with(&origin.0.to_be_bytes())
    }
}

/// Where tokens are made: one of the caches of all processes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin(u64);

impl Origin {
    /// Unlike any other.
    pub(crate) fn new() -> Self {
        Self(random())
    }
}

impl Default for Token {
    fn default() -> Self {
        Self::new()
    }
}

/// One life of a tag: retiring the tag ends it, and the next one differs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(pub [u8; 16]);

impl Slot {
    /// Of the generations of the slot's tags, in order.
    pub fn digest(&self, generations: impl IntoIterator<Item = Generation>) -> Digest {
        Digest::of([self.owner].into_iter().chain(generations))
    }
}

impl Generation {
    /// Always the same for the same bytes.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self(Digest::hash([bytes]).0)
    }

    /// As text, enough of it to tell a few apart.
    pub(crate) fn short(self) -> String {
        self.hex()[..8].to_owned()
    }

    /// As text.
    pub(crate) fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A new generation, unlike any other in any process.
    pub fn new() -> Self {
        Self(unique(*PROCESS))
    }
}

impl Default for Generation {
    fn default() -> Self {
        Self::new()
    }
}

/// The generations of a slot's tags in one value: equal exactly when they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    fn of(generations: impl IntoIterator<Item = Generation>) -> Self {
        Self::hash(generations.into_iter().map(|generation| generation.0))
    }

    fn hash(parts: impl IntoIterator<Item: AsRef<[u8]>>) -> Self {
        // In one piece: a hasher that takes what it is fed piece by piece costs as much again as a hash of so little.
        let mut whole = Vec::with_capacity(128);
        for part in parts {
            whole.extend_from_slice(part.as_ref());
        }
        let hash = blake3::hash(&whole);
        let (digest, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        Self(*digest)
    }

    /// With the generations of the tags that an entry names itself; as it is, if there are none.
    pub fn with(self, own: &[Generation]) -> Self {
        if own.is_empty() {
            return self;
        }
        Self::of([Generation(self.0)].into_iter().chain(own.iter().copied()))
    }
}

/// The right to commit one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Names the fill.
    pub token: Token,
    /// The generations it was granted under.
    pub digest: Digest,
    /// The generation of the slot's `any` then.
    pub any: Generation,
}

/// What tells one content of a slot from the next: the first bytes of the wire form, or the fill's token where there is no
/// wire; nothing where the slot is empty.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Zeros from `len` on.
    bytes: [u8; Self::LONGEST],
    len: u8,
}

impl Head {
    /// So many bytes of a content, at the most, tell it from every other.
    pub const LONGEST: usize = 21;

    /// That of a slot with this content, or with one that begins like this.
    pub fn of(content: &[u8]) -> Self {
        let mut head = Self::default();
        for (byte, content) in head.bytes.iter_mut().zip(content) {
            *byte = *content;
            head.len += 1;
        }
        head
    }

    /// None where the slot is empty.
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

debug_as_hex!(Token, Generation, Digest);

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head(\"{}\")", self.as_bytes().escape_ascii())
    }
}

/// Tells this process from every other.
static PROCESS: LazyLock<u64> = LazyLock::new(random);

fn random() -> u64 {
    getrandom::u64().expect("the system gives random bytes")
}

/// 128 bits that no process draws twice: a random half, and a counter for the rest.
fn unique(origin: u64) -> [u8; 16] {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&origin.to_be_bytes());
    bytes[8..].copy_from_slice(&count.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p8_the_head_of_what_is_short_is_all_of_it_and_no_more() {
        let long = [7; 64];
        for length in 0..=64 {
            let head = Head::of(&long[..length]);
            assert_eq!(head.as_bytes(), &long[..length.min(Head::LONGEST)]);
        }
        assert_ne!(Head::of(b""), Head::of(b"\0"));
        assert_ne!(Head::of(b"a"), Head::of(b"a\0"));
    }
}
