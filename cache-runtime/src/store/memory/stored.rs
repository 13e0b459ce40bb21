//! An entry as the memory store holds it.

use std::sync::Arc;

use quick_cache::Weighter;

use super::terms::Terms;
use crate::{
    entry::Entry,
    slot::{Head, Token},
};

#[derive(Clone)]
pub(super) struct Stored {
    pub(super) entry: Arc<Entry>,
    pub(super) token: Token,
    pub(super) terms: Arc<Terms>,
    /// In bytes.
    pub(super) size: u64,
}

impl Stored {
    /// Whether none of the entry's tags has been invalidated.
    pub(super) fn is_valid(&self) -> bool {
        self.terms.generations.are_current()
    }
}

/// Weighs entries by their size.
#[derive(Clone)]
pub(super) struct BySize;

impl Weighter<Arc<str>, Stored> for BySize {
    fn weight(&self, _key: &Arc<str>, stored: &Stored) -> u64 {
        stored.size
    }
}

/// Identifies the content of a slot, whether or not it may be served.
pub(super) fn head(stored: Option<&Stored>) -> Head {
    stored.map_or_else(Head::default, |stored| Head::of(&stored.token.0))
}
