//! What becomes of a response: how long it may be stored, as which entry, and what is left behind if not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Extensions, header, response::Parts};

use super::{Engine, fill::Fill};
use crate::{
    clock::{Times, Timestamp},
    entry::{Entry, HeaderLines},
    http::{self as rules, Arrival, HandlerError, Ttl, response_parts::StoreOptions},
    outcome::NotStoredReason,
    policy::Policy,
    store::Mark,
    telemetry::events,
};

/// The longest body that shares a piece of memory with its headers, in bytes.
const SMALL: usize = 4096;

impl Engine {
    /// How long a response to a request that `arrived` then may be stored, or why not at all.
    pub(super) fn lifetime(
        &self,
        policy: &Policy,
        parts: &Parts,
        arrived: Timestamp,
    ) -> Result<Ttl, NotStoredReason> {
        // The dates in the response are of this machine's clock, as it is now.
        let arrival = Arrival {
            response_time: self.clock.wall(),
            response_delay: self.clock.now().since(arrived),
        };
        // A `store_if` that panics has not said yes, and its response is none the worse for it.
        let judged = catch_unwind(AssertUnwindSafe(|| {
            rules::storability(parts, policy, self.settings.default_expire, arrival)
        }));
        judged.unwrap_or(Err(NotStoredReason::StoreIf))
    }

    /// The largest body that is stored, in bytes.
    pub(super) fn limit(&self, policy: &Policy) -> usize {
        policy.max_body.unwrap_or(self.settings.max_body)
    }
}

impl Fill {
    /// What a failure leaves behind: while a stale entry serves, the handler is spared.
    pub(super) fn failed(&self) -> Option<Mark> {
        self.has_stale.then_some(Mark::FailureBackoff)
    }

    /// What a body leaves behind that could not be stored, broken or too long. An entry that may still serve is kept.
    pub(super) fn unfit(&self) -> Option<Mark> {
        self.failed().or(self.passed())
    }

    /// The mark of an answer that is not stored.
    pub(super) fn mark(&self, parts: &Parts) -> Option<Mark> {
        if parts.status.is_server_error() {
            return self.failed();
        }
        self.passed()
            .filter(|_| rules::implies_hit_for_miss(parts.status, &parts.extensions))
    }

    /// For a while requests run for themselves, and what is there goes: not what is fresh.
    fn passed(&self) -> Option<Mark> {
        (!self.has_fresh).then_some(Mark::HitForMiss)
    }

    /// The mark with its TTL, which stores take only if it is neither nothing nor beyond all clocks.
    pub(super) fn standing(&self, mark: Mark) -> Option<(Mark, Duration)> {
        let ttl = match mark {
            Mark::HitForMiss => self.pass_ttl,
            Mark::FailureBackoff => self.engine.settings.failure_backoff,
        };
        rules::storable_ttl(ttl).map(|ttl| (mark, ttl))
    }

    pub(super) fn not_stored(&self, refusal: NotStoredReason) {
        events::not_stored(&self.slot.key, refusal.as_str());
        self.counters().refused(refusal);
    }

    /// How long the response may be stored, if at all.
    pub(super) fn lifetime(&self, parts: &Parts) -> Option<Ttl> {
        if (self.has_stale || self.has_fresh) && parts.status.is_server_error() {
            // What there is serves better (RFC 9111 section 4.3.3).
            self.not_stored(match parts.extensions.get::<HandlerError>() {
                Some(_) => NotStoredReason::Error,
                None => NotStoredReason::Status,
            });
            return None;
        }
        let lifetime = self.engine.lifetime(&self.policy, parts, self.began);
        lifetime.inspect_err(|refusal| self.not_stored(*refusal)).ok()
    }

    pub(super) fn limit(&self) -> usize {
        self.engine.limit(&self.policy)
    }

    /// Who receives a response without a date gives it one (RFC 9110 section 6.6.1).
    pub(super) fn date(&self, parts: &mut Parts) {
        if !rules::has_too_many_header_names(&parts.headers)
            && let Some(now) = rules::date::http_date(self.engine.clock.wall())
        {
            parts.headers.entry(header::DATE).or_insert(now);
        }
    }

    /// What others get of the leader's entry.
    pub(super) fn shown(&self, entry: &Arc<Entry>) -> Arc<Entry> {
        let shown = self
            .asked
            .as_ref()
            .and_then(|_| rules::shared_cache::without_withheld_fields(&entry.headers.to_map(0)));
        match shown {
            Some(headers) => Arc::new(Entry {
                headers: headers.into(),
                ..Entry::clone(entry)
            }),
            None => Arc::clone(entry),
        }
    }

    /// The entry, and what of the extensions is not ours.
    pub(super) fn entry(
        &self,
        parts: Parts,
        mut extensions: Extensions,
        body: Bytes,
        lifetime: Ttl,
        times: Times,
    ) -> (Arc<Entry>, Extensions) {
        let steering = extensions.remove::<StoreOptions>().unwrap_or_default();
        let tags = steering.tags.iter().map(|tag| self.engine.names.user_tag(tag));
        let keeps_dates = self.policy.http.is_some() || parts.headers.contains_key(header::CACHE_CONTROL);
        let mut headers = rules::stored_headers(parts.headers, keeps_dates);
        // Behind a layer that leaves this to the service, the tag is the service's to give.
        if self.policy.http.is_none() && !headers.contains_key(header::ETAG) {
            headers.insert(header::ETAG, rules::etag(&body));
        }
        let variant = self
            .asked
            .as_ref()
            .and_then(|asked| rules::shared_cache::variant(&headers, asked));
        let mut lifetime = lifetime;
        if !lifetime.remaining().is_zero() {
            lifetime.fresh = lifetime.age + self.engine.jittered(lifetime.remaining());
        }
        let (born, Ttl { fresh, stale, .. }) = lifetime.since_generated(times.now);
        let (headers, body) = match body.len() {
            ..=SMALL => HeaderLines::beside(&headers, &body),
            // An exact copy: in the handler's buffer it would keep all of that in memory, however little it uses.
            _ => (headers.into(), Bytes::copy_from_slice(&body)),
        };
        let entry = Entry {
            fresh,
            stale,
            cost: times.now.since(self.began),
            tags: tags.collect(),
            variant,
            ..Entry::new(parts.status, headers, body, born)
        };
        (Arc::new(entry), extensions)
    }
}
