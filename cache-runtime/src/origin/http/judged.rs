//! A response that was judged: the entry that it becomes once its body is whole, or the marker if it never is.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::response::Parts;

use super::{Http, body::GivenUp, endless::ENDLESS_TTL, response_rules::ResponseRules};
use crate::{
    engine::{Failure, FillContext, Marker, NewEntry, Produced},
    entry::{Entry, HeaderLines},
    http::{Ttl, response_parts::StoreOptions, shared_cache, stored_headers},
    outcome::NotStoredReason,
    store::HIT_FOR_MISS_TTL,
};

/// The largest body that shares an allocation with its headers, in bytes.
const SMALL_BODY: usize = 4096;

/// What a body is read for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// To be stored, and shared with waiters.
    Store(Ttl),
    /// To be shared with waiters: it is a failure that holds nothing private.
    Failure,
}

/// The head of a response, and what was decided about it.
pub(super) struct Judged {
    pub(super) rules: Arc<ResponseRules>,
    pub(super) parts: Parts,
    pub(super) purpose: Purpose,
    pub(super) revalidated: bool,
}

impl Judged {
    /// Answers everybody with a whole body.
    pub(super) fn deliver(self, body: Bytes, fill: &FillContext) -> Produced<Http> {
        match self.purpose {
            Purpose::Store(ttl) => Produced::Entry(self.entry(body, ttl, fill)),
            Purpose::Failure => {
                let headers = stored_headers(self.parts.headers.clone(), true);
                let now = fill.engine.clock.now();
                let failure: Failure = Arc::new(Entry::new(self.parts.status, headers, body.clone(), now));
                let mut response = Response::from_parts(self.parts, Body::from(body));
                response.extensions_mut().remove::<StoreOptions>();
                Produced::Failed {
                    answer: response,
                    failure: Some(failure),
                }
            }
        }
    }

    fn entry(self, body: Bytes, ttl: Ttl, fill: &FillContext) -> NewEntry<Http> {
        let Self {
            rules,
            mut parts,
            revalidated,
            ..
        } = self;
        let engine = &fill.engine;
        let times = engine.clock.times();
        let mut extensions = std::mem::take(&mut parts.extensions);
        let options = extensions.remove::<StoreOptions>().unwrap_or_default();
        let headers = rules.stored_headers(parts.headers, &body);
        let variant = rules
            .asked
            .as_ref()
            .and_then(|asked| shared_cache::variant(&headers, asked));
        let mut jittered = ttl;
        if !ttl.remaining().is_zero() {
            jittered.fresh = ttl.age + engine.jittered(ttl.remaining());
        }
        let (born, Ttl { fresh, stale, .. }) = jittered.since_generated(times.now);
        let (headers, body) = match body.len() {
            ..=SMALL_BODY => HeaderLines::with_body(&headers, &body),
            // An exact copy: a slice of the handler's buffer would keep all of that in memory.
            _ => (headers.into(), Bytes::copy_from_slice(&body)),
        };
        let whole = Arc::new(Entry {
            fresh,
            stale,
            cost: times.now.since(fill.began),
            tags: options
                .tags
                .iter()
                .map(|tag| engine.names.user_tag(tag))
                .collect(),
            variant,
            ..Entry::new(parts.status, headers, body, born)
        });
        NewEntry {
            shared: rules.without_qualified_fields(&whole),
            replaces: rules.replaced_key(&fill.target, &whole),
            whole,
            extra: extensions,
            times,
            revalidated,
            is_validated_each_time: ttl.remaining().is_zero(),
        }
    }

    /// Counts a body that is not stored, and returns its marker.
    pub(super) fn given_up(&self, why: GivenUp, fill: &FillContext) -> Option<Marker> {
        if let Purpose::Store(_) = self.purpose {
            fill.not_stored(match why {
                GivenUp::TooLong => NotStoredReason::BodyLength,
                GivenUp::Broken | GivenUp::Trailers => NotStoredReason::BrokenBody,
                GivenUp::TooSlow | GivenUp::Endless => NotStoredReason::EndlessBody,
                GivenUp::BudgetSpent => NotStoredReason::BufferLimit,
                GivenUp::NoTask => NotStoredReason::Limit,
                GivenUp::Abandoned => NotStoredReason::Abandoned,
            });
        }
        // A backoff keeps the fallback.
        let unfit = |ttl| fill.backoff().or(fill.hit_for_miss(ttl));
        match why {
            GivenUp::TooLong | GivenUp::Trailers | GivenUp::TooSlow => unfit(HIT_FOR_MISS_TTL),
            GivenUp::Endless => {
                self.rules.core.endless.insert(&fill.target.slot.key);
                unfit(ENDLESS_TTL)
            }
            // The next body may be complete.
            GivenUp::Broken => fill.backoff(),
            GivenUp::BudgetSpent | GivenUp::NoTask | GivenUp::Abandoned => None,
        }
    }
}
