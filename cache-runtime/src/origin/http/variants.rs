//! The variants of a resource, which differ by fields of the request: each has a slot of its own (RFC 9111 section 4.1).
//!
//! The resource's own slot holds the variant that was stored there last. Its `Vary` shows which fields matter, and so
//! the slots of the others.

use std::sync::Arc;

use http::{HeaderMap, header};

use super::response_rules::ResponseRules;
use crate::{
    engine::{MAX_VARIANT_STEPS, Target},
    entry::Entry,
    http::shared_cache,
    origin::CacheCore,
    store::Fingerprint,
};

/// Whether the entry answers requests with these headers.
pub(super) fn answers(entry: &Entry, asked: &HeaderMap) -> bool {
    variant(entry, asked) == entry.variant
}

/// The variant that answers requests with these headers, as the `Vary` of another one shows it.
fn variant(entry: &Entry, asked: &HeaderMap) -> Option<Fingerprint> {
    shared_cache::variant(&entry.headers.only(&[header::VARY]), asked)
}

impl CacheCore {
    /// The entry in memory for requests with these headers to the resource with this key.
    pub(super) fn peek_variant(&self, key: &str, asked: &HeaderMap) -> Option<Arc<Entry>> {
        let store = self.engine.guard.store();
        let mut entry = store.peek(key)?;
        for _ in 0..MAX_VARIANT_STEPS {
            let own = variant(&entry, asked);
            if own == entry.variant {
                return Some(entry);
            }
            entry = store.peek(&self.engine.names.variant_key(key, own?))?;
        }
        answers(&entry, asked).then_some(entry)
    }
}

impl ResponseRules {
    /// The key of the request's variant, unless that is this slot.
    pub(super) fn variant_key(&self, target: &Target, other: &Entry) -> Option<Arc<str>> {
        let own = variant(other, self.asked.as_ref()?)?;
        let key = self.core.engine.names.variant_key(&target.resource, own);
        (*key != *target.slot.key).then(|| key.into())
    }

    /// The key of the variant's own slot, which may hold an older response. This entry is stored in the resource's slot.
    pub(super) fn replaced_key(&self, target: &Target, entry: &Entry) -> Option<Arc<str>> {
        let key = self
            .core
            .engine
            .names
            .variant_key(&target.resource, entry.variant?);
        (*key != *target.slot.key).then(|| key.into())
    }
}
