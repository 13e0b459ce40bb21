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

/// The counter of a tag, with the generation that it had when it was captured.
#[derive(Clone)]
pub(super) struct CapturedGeneration {
    counter: Arc<AtomicU64>,
    captured: u64,
}

impl CapturedGeneration {
    /// Captures the current generation.
    pub(super) fn of(counter: Arc<AtomicU64>) -> Self {
        let captured = counter.load(Ordering::Acquire);
        Self { counter, captured }
    }

    pub(super) fn generation(&self) -> Generation {
        generation(self.captured)
    }

    /// Whether the tag has not been invalidated since.
    pub(super) fn is_current(&self) -> bool {
        self.counter.load(Ordering::Acquire) == self.captured
    }
}

impl PartialEq for CapturedGeneration {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.counter, &other.counter) && self.captured == other.captured
    }
}

/// The captured generations of several tags.
#[derive(PartialEq)]
pub(super) struct CapturedGenerations(Box<[CapturedGeneration]>);

impl CapturedGenerations {
    /// Whether no tag has been invalidated since.
    pub(super) fn are_current(&self) -> bool {
        self.0.iter().all(CapturedGeneration::is_current)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Generation> + '_ {
        self.0.iter().map(CapturedGeneration::generation)
    }

    fn with(&self, more: &Self) -> Self {
        self.0.iter().chain(&more.0).cloned().collect()
    }
}

impl From<Vec<CapturedGeneration>> for CapturedGenerations {
    fn from(captured: Vec<CapturedGeneration>) -> Self {
        Self(captured.into())
    }
}

impl FromIterator<CapturedGeneration> for CapturedGenerations {
    fn from_iter<I: IntoIterator<Item = CapturedGeneration>>(captured: I) -> Self {
        Self(captured.into_iter().collect())
    }
}

/// A counter's value as a generation.
pub(super) fn generation(counter: u64) -> Generation {
    let mut generation = [0; 16];
    generation[8..].copy_from_slice(&counter.to_be_bytes());
    Generation(generation)
}
