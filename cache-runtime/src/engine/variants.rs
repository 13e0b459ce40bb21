//! Responses that say themselves how they are cached: those of one resource that differ by fields of the request, each in a
//! slot of its own (RFC 9111 section 4.1).
//!
//! The resource's own slot holds whichever was stored there last. Its `Vary` shows which fields count, and so where the
//! others stand.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, Method, header};
use tokio::runtime::Handle;

use super::{Engine, Request, course::Way, fill::Fill, serve::Accepts, spawn};
use crate::{
    entry::Entry,
    http::shared_cache,
    store::{Fingerprint, Lookup, ReadOutcome},
};

/// Whether the entry answers requests with these headers.
pub(super) fn answers(entry: &Entry, asked: &HeaderMap) -> bool {
    variant(entry, asked) == entry.variant
}

/// Which variant requests with these headers get, where the entry is another.
fn variant(entry: &Entry, asked: &HeaderMap) -> Option<Fingerprint> {
    shared_cache::variant(&entry.headers.only(&[header::VARY]), asked)
}

/// So many slots a request looks into for its variant: a service may name more fields from one response to the next.
const MOST_TURNS: u32 = 3;

impl Engine {
    /// What memory holds for requests with these headers under a resource's key.
    pub(super) fn peek_variant(&self, key: &str, asked: &HeaderMap) -> Option<Arc<Entry>> {
        let store = self.guard.store();
        let mut entry = store.peek(key)?;
        for _ in 0..MOST_TURNS {
            let own = variant(&entry, asked);
            if own == entry.variant {
                return Some(entry);
            }
            entry = store.peek(&self.names.variant_key(key, own?))?;
        }
        answers(&entry, asked).then_some(entry)
    }
}

impl Request {
    /// Goes on in the slot of its own variant, where this one holds another. `false`: it is there already.
    pub(super) fn turn_to_variant(&mut self, way: &mut Way, other: &Entry) -> bool {
        let Accepts::Variant(asked) = &self.accepts else {
            return false;
        };
        let own = variant(other, asked);
        let key = own.map(|own| self.engine.names.variant_key(&self.resource, own));
        let Some(key) = key.filter(|key| way.turns < MOST_TURNS && **key != *self.slot.key) else {
            return false;
        };
        way.turns += 1;
        self.slot.key = key.into();
        true
    }

    /// Takes away what was read, where an answer to HEAD shows it to be outdated (RFC 9111 section 4.3.5), behind that answer.
    pub(super) fn evict_if_outdated(&self, read: Option<&Entry>, response: &Response) {
        let (status, head) = (response.status(), response.headers());
        let is_outdated = read.is_some_and(|read| shared_cache::is_outdated(read, status, head));
        if self.request.method != Method::HEAD || !is_outdated {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let Engine {
            refreshes, counters, ..
        } = &*self.engine;
        let Some(pass) = refreshes.begin(&self.slot.key, &counters.rejected.refreshes) else {
            return;
        };
        let head = head.clone();
        let (engine, slot) = (Arc::clone(&self.engine), self.slot.clone());
        let work = async move {
            let (guard, store) = (&engine.guard, engine.guard.store());
            // What stands there now, which need not be what was read.
            let read = guard.call_in_background(store.read(&slot)).await;
            if let Ok(ReadOutcome {
                lookup: Lookup::Entry(entry),
                ..
            }) = read
                && shared_cache::is_outdated(&entry, status, &head)
            {
                // Unacknowledged, the entry stays as stale as it was.
                let _ = guard.call_in_background(store.evict(&[slot.key])).await;
            }
            drop(pass);
        };
        spawn(&runtime, Box::pin(work));
    }
}

impl Fill {
    /// Takes away an older response for the same requests from the variant's own slot, once this one stands in that of the
    /// resource.
    pub(super) async fn evict_older_variant(&self, entry: &Entry) {
        let Some(variant) = entry.variant else { return };
        let key: Arc<str> = self.engine.names.variant_key(&self.resource, variant).into();
        if key != self.slot.key {
            let guard = &self.engine.guard;
            // Unacknowledged, it stays for as long as it lives.
            let _ = guard.call_in_background(guard.store().evict(&[key])).await;
        }
    }
}
