//! Responses that say themselves how they are cached: those of one resource that differ by fields of the request, each in a
//! slot of its own (RFC 9111 section 4.1), and what is stored of them to be validated.
//!
//! The resource's own slot holds whichever was stored there last. Its `Vary` shows which fields count, and so where the
//! others stand.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, Method};
use tokio::runtime::Handle;

use super::{Engine, Request, serve::Accepts, spawn};
use crate::{entry::Entry, rules::rfc9111, store::Slot};

/// Whether the entry answers requests with these headers.
pub(super) fn answers(entry: &Entry, asked: &HeaderMap) -> bool {
    rfc9111::variant(&entry.headers, asked) == entry.variant
}

impl Engine {
    /// What memory holds for requests with these headers under a resource's key.
    pub(super) fn peek_variant(&self, key: &str, asked: &HeaderMap) -> Option<Arc<Entry>> {
        let store = self.guard.store();
        let entry = store.peek(key)?;
        let own = rfc9111::variant(&entry.headers, asked);
        if own == entry.variant {
            return Some(entry);
        }
        let other = store.peek(&self.names.variant_key(key, own?))?;
        answers(&other, asked).then_some(other)
    }
}

impl Request {
    /// Goes on in the slot of its own variant, where the resource's holds another. `false`: it is there already.
    pub(super) fn turn_to_variant(&mut self, other: &Entry) -> bool {
        let Accepts::Variant(asked) = &self.accepts else {
            return false;
        };
        let Some(variant) = rfc9111::variant(&other.headers, asked).filter(|_| !self.turned) else {
            return false;
        };
        self.turned = true;
        self.slot = Slot {
            key: self.engine.names.variant_key(&self.slot.key, variant).into(),
            ..self.slot.clone()
        };
        true
    }

    /// Keeps what was read for the handler to say whether it is still true.
    pub(super) fn keep_for_validation(&mut self, entry: &Arc<Entry>) {
        self.stored = self.policy.http.map(|_| Arc::clone(entry));
    }

    /// Takes away what an answer to HEAD shows to be outdated (RFC 9111 section 4.3.5), behind that answer.
    pub(super) fn look_for_changes(&self, response: &Response) {
        let Some(stored) = self
            .stored
            .as_ref()
            .filter(|_| self.request.method == Method::HEAD)
        else {
            return;
        };
        if !rfc9111::is_outdated(stored, response) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (engine, key) = (Arc::clone(&self.engine), Arc::clone(&self.slot.key));
        spawn(&runtime, async move {
            let store = engine.guard.store();
            // Unacknowledged, the entry stays as stale as it was.
            let _ = engine.guard.behind(store.evict(&[key])).await;
        });
    }
}
