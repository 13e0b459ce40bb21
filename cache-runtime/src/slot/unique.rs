//! Identifiers that no two processes make twice.

use std::{
    fmt,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::debug;

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

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug::hex(f, "Token", &self.0)
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug::hex(f, "Generation", &self.0)
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
