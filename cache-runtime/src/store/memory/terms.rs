//! The generations that an entry or a fill depends on.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    slot::{Digest, Fingerprint, Generation},
    sync::AtomicU64,
};

/// The value of the counter of a tag that was invalidated. No other counter has it, and the tag's next generation has another
/// counter.
pub(super) const INVALIDATED: u64 = 0;

/// What a lease was granted under. The entries of a handler share it.
pub(super) struct Terms {
    pub(super) owner: Fingerprint,
    pub(super) generations: CapturedGenerations,
    /// The digest of the tags that the slot names.
    pub(super) digest: Digest,
}

impl Terms {
    /// These terms extended by the tags that the response named.
    pub(super) fn with(&self, response_tags: &CapturedGenerations) -> Self {
        Self {
            generations: self.generations.with(response_tags),
            ..*self
        }
    }
}

/// Counters of tags, each with the generation that it had when it was captured.
#[derive(Clone)]
pub(super) struct CapturedGenerations(Arc<[(Arc<AtomicU64>, u64)]>);

impl CapturedGenerations {
    /// Whether no tag has been invalidated since.
    pub(super) fn are_current(&self) -> bool {
        self.0
            .iter()
            .all(|(counter, captured)| counter.load(Ordering::Acquire) == *captured)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Generation> + '_ {
        self.0.iter().map(|(_, captured)| generation(*captured))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn with(&self, more: &Self) -> Self {
        self.0.iter().chain(&*more.0).cloned().collect()
    }
}

impl FromIterator<(Arc<AtomicU64>, u64)> for CapturedGenerations {
    fn from_iter<I: IntoIterator<Item = (Arc<AtomicU64>, u64)>>(captured: I) -> Self {
        Self(captured.into_iter().collect())
    }
}

impl PartialEq for CapturedGenerations {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&*other.0);
        self.0.len() == other.0.len()
            && pairs.all(|((counter, captured), (other, at))| Arc::ptr_eq(counter, other) && captured == at)
    }
}

/// A counter's value as a generation.
pub(super) fn generation(counter: u64) -> Generation {
    let mut generation = [0; 16];
    generation[8..].copy_from_slice(&counter.to_be_bytes());
    Generation(generation)
}
