//! What becomes of a response: how long it may be stored, as which entry, and what is left behind if not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Extensions, StatusCode, header, response::Parts};

use super::fill::Fill;
use crate::{
    clock::Times,
    entry::Entry,
    events,
    rules::{self, Refusal},
    steering::Steering,
    store::{Mark, PASS_TTL},
};

impl Fill {
    /// What a failure leaves behind: while a stale entry serves, the handler is spared.
    pub(super) fn failed(&self) -> Option<Mark> {
        self.has_stale.then_some(Mark::Failed)
    }

    /// What a body leaves behind that could not be stored, broken or too long. An entry that may still serve is kept.
    pub(super) fn unfit(&self) -> Option<Mark> {
        self.failed().or(Some(Mark::Pass))
    }

    /// What an answer of this status leaves behind, being nothing to store.
    pub(super) fn mark(&self, status: StatusCode) -> Option<Mark> {
        if status.is_server_error() {
            return self.failed();
        }
        rules::stays_unstorable(status).then_some(Mark::Pass)
    }

    /// The mark, and how long it stands.
    pub(super) fn standing(&self, mark: Mark) -> (Mark, Duration) {
        match mark {
            Mark::Pass => (mark, PASS_TTL),
            Mark::Failed => (mark, self.engine.settings.retry_after),
        }
    }

    pub(super) fn not_stored(&self, refusal: Refusal) {
        events::not_stored(&self.slot.key, refusal.as_str());
        self.counters().refused(refusal);
    }

    /// How long the response may be stored, if at all.
    pub(super) fn life(&self, parts: &Parts) -> Option<Duration> {
        let default = self.engine.settings.default_expire;
        // The dates in the response are of this machine's clock.
        let now = self.engine.clock.times().local;
        // A `store_if` that panics has not said yes, and its response is none the worse for it.
        let judged = catch_unwind(AssertUnwindSafe(|| {
            rules::storable(parts, &self.policy, default, now)
        }));
        let life = judged.unwrap_or(Err(Refusal::StoreIf));
        life.inspect_err(|refusal| self.not_stored(*refusal)).ok()
    }

    pub(super) fn limit(&self) -> usize {
        self.policy.max_body.unwrap_or(self.engine.settings.max_body)
    }

    /// The entry, and what of the extensions is not ours.
    pub(super) fn entry(
        &self,
        parts: Parts,
        mut extensions: Extensions,
        body: Bytes,
        life: Duration,
        times: Times,
    ) -> (Arc<Entry>, Extensions) {
        let steering = extensions.remove::<Steering>().unwrap_or_default();
        let tags = steering.tags.iter().map(|tag| self.engine.names.user_tag(tag));
        let age = rules::initial_age(&parts.headers, times.local);
        let mut headers = rules::stored_headers(parts.headers);
        if !headers.contains_key(header::ETAG) {
            headers.insert(header::ETAG, rules::etag(&body));
        }
        let life = self.engine.jittered(life);
        let entry = Entry {
            fresh: life + age,
            stale: self.policy.stale_window(),
            cost: times.now.since(self.began),
            tags: tags.collect(),
            ..Entry::new(parts.status, headers, body, times.now - age)
        };
        (Arc::new(entry), extensions)
    }
}
