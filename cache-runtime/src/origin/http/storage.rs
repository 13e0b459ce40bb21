//! Decides whether a response is stored, for how long, and which marker replaces it if not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, Method, header, response::Parts};

use super::{
    Http, Received, Rules, Unshared, Validated,
    body::{self, GivenUp, Partial, ReadNow},
    endless::ENDLESS_TTL,
    streaming::Streaming,
};
use crate::{
    clock::Timestamp,
    engine::{Failure, FillContext, IsOutdated, Marker, NewEntry, Outcome, Produced, Uncached, UncachedRun},
    entry::{Entry, HeaderLines},
    http::{self as rules, Arrival, HandlerError, Ttl, response_parts::StoreOptions, shared_cache},
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
    pub(super) rules: Rules,
    pub(super) parts: Parts,
    pub(super) purpose: Purpose,
    pub(super) revalidated: bool,
}

/// Decides about the response of a fill.
pub(super) fn judge(received: Received, fill: &FillContext) -> Produced<Http> {
    let Received {
        rules,
        response,
        size,
    } = received;
    let (mut parts, body) = response.into_parts();
    let revalidated = parts.extensions.remove::<Validated>().is_some();
    if rules.policy.http.is_some() {
        rules.add_date(&mut parts);
    }
    if parts.extensions.get::<Unshared>().is_some() {
        fill.not_stored(NotStoredReason::Unshared);
        let marker = fill.backoff().filter(|_| parts.status.is_server_error());
        return private(parts, body, revalidated, marker);
    }
    let purpose = match rules.lifetime_of_fill(&parts, fill) {
        Ok(lifetime) => Purpose::Store(lifetime),
        Err(reason) => {
            fill.not_stored(reason);
            // Where a stale entry serves instead, the failure answers nobody.
            if fill.has_fallback || !rules::is_shareable_failure(&parts) {
                let marker = marker_of(&parts, fill);
                return private(parts, body, revalidated, marker);
            }
            Purpose::Failure
        }
    };
    let judged = Judged {
        rules,
        parts,
        purpose,
        revalidated,
    };
    let (limit, exact) = (judged.rules.max_body(), size.exact());
    let is_announced = exact.is_none_or(|exact| rules::matches_content_length(&judged.parts.headers, exact));
    let unreadable = match exact {
        _ if size.lower() > limit as u64 => Some(GivenUp::TooLong),
        Some(_) if !is_announced => Some(GivenUp::Broken),
        None if judged.rules.core.endless.contains(&fill.target.slot.key) => Some(GivenUp::Endless),
        _ => None,
    };
    if let Some(why) = unreadable {
        let marker = judged.given_up(why, fill);
        return private(judged.parts, body, revalidated, marker);
    }
    let mut partial = match exact {
        Some(exact) => match body::read_now(body, exact, limit) {
            ReadNow::Whole(body) => return judged.deliver(body, fill),
            ReadNow::Part(partial) => partial,
        },
        None => Partial::unread(body),
    };
    if !fill.is_detached() {
        // The client gets no response before this fill ends, and would wait for the whole body.
        partial.hand_over(GivenUp::NoTask);
    }
    Streaming::begin(judged, partial, exact)
}

/// Decides what the response to one request alone says about the resource.
pub(super) fn judge_uncached(received: Received, run: &UncachedRun<'_>) -> Uncached<Http> {
    let Received {
        rules,
        response,
        size,
    } = received;
    let (mut parts, body) = response.into_parts();
    let revalidated = parts.extensions.remove::<Validated>().is_some();
    let key = &run.target.slot.key;
    let confirms_marker = if !run.is_hit_for_miss {
        None
    } else if size.exact().is_none() && rules.core.endless.contains(key) {
        Some(ENDLESS_TTL)
    } else {
        let is_too_long = size.lower() > rules.max_body() as u64;
        let is_unstorable = rules::implies_hit_for_miss(parts.status, &parts.extensions)
            && (is_too_long || rules.lifetime(&parts, run.began).is_err());
        is_unstorable.then_some(HIT_FOR_MISS_TTL)
    };
    let outdates = rules.outdates(&parts, run.stored);
    parts.extensions.remove::<StoreOptions>();
    Uncached {
        answer: Response::from_parts(parts, body),
        revalidated,
        confirms_marker,
        outdates,
    }
}

/// Answers the leader's request and nobody else.
fn private(mut parts: Parts, body: Body, revalidated: bool, marker: Option<Marker>) -> Produced<Http> {
    let outcome = if parts.status.is_server_error() {
        Outcome::Failed(None)
    } else if rules::implies_hit_for_miss(parts.status, &parts.extensions) {
        Outcome::Unshared
    } else {
        // One of the waiters may get an answer for all.
        Outcome::Aborted
    };
    parts.extensions.remove::<StoreOptions>();
    Produced::Private {
        answer: Some(Response::from_parts(parts, body)),
        revalidated,
        marker,
        outcome,
    }
}

/// The marker of a response that is not stored.
fn marker_of(parts: &Parts, fill: &FillContext) -> Option<Marker> {
    if parts.status.is_server_error() {
        return fill.backoff();
    }
    let stays = rules::implies_hit_for_miss(parts.status, &parts.extensions);
    fill.hit_for_miss(HIT_FOR_MISS_TTL).filter(|_| stays)
}

impl Judged {
    /// Answers everybody with a whole body.
    pub(super) fn deliver(self, body: Bytes, fill: &FillContext) -> Produced<Http> {
        match self.purpose {
            Purpose::Store(lifetime) => Produced::Entry(self.entry(body, lifetime, fill)),
            Purpose::Failure => {
                let headers = rules::stored_headers(self.parts.headers.clone(), true);
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

    fn entry(self, body: Bytes, lifetime: Ttl, fill: &FillContext) -> NewEntry<Http> {
        let Self {
            rules,
            mut parts,
            revalidated,
            ..
        } = self;
        let engine = &fill.engine;
        let times = engine.clock.times();
        let mut extensions = std::mem::take(&mut parts.extensions);
        let steering = extensions.remove::<StoreOptions>().unwrap_or_default();
        let headers = rules.stored_headers(parts.headers, &body);
        let variant = rules
            .asked
            .as_ref()
            .and_then(|asked| shared_cache::variant(&headers, asked));
        let mut jittered = lifetime;
        if !lifetime.remaining().is_zero() {
            jittered.fresh = lifetime.age + engine.jittered(lifetime.remaining());
        }
        let (born, Ttl { fresh, stale, .. }) = jittered.since_generated(times.now);
        let (headers, body) = match body.len() {
            ..=SMALL_BODY => HeaderLines::beside(&headers, &body),
            // An exact copy: a slice of the handler's buffer would keep all of that in memory.
            _ => (headers.into(), Bytes::copy_from_slice(&body)),
        };
        let whole = Arc::new(Entry {
            fresh,
            stale,
            cost: times.now.since(fill.began),
            tags: steering
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
            is_validated_each_time: lifetime.remaining().is_zero(),
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
        // An entry that may still serve is kept.
        let unfit = |ttl| fill.backoff().or(fill.hit_for_miss(ttl));
        match why {
            GivenUp::TooLong | GivenUp::Trailers | GivenUp::TooSlow => unfit(HIT_FOR_MISS_TTL),
            GivenUp::Endless => {
                self.rules.core.endless.insert(&fill.target.slot.key);
                unfit(ENDLESS_TTL)
            }
            // It says nothing of the next one.
            GivenUp::Broken => fill.backoff(),
            GivenUp::BudgetSpent | GivenUp::NoTask | GivenUp::Abandoned => None,
        }
    }
}

impl Rules {
    /// The largest body that is stored, in bytes.
    pub(super) fn max_body(&self) -> usize {
        self.core.max_body(&self.policy)
    }

    fn lifetime_of_fill(&self, parts: &Parts, fill: &FillContext) -> Result<Ttl, NotStoredReason> {
        if (fill.has_fallback || fill.has_fresh) && parts.status.is_server_error() {
            // The stored entry serves better (RFC 9111 section 4.3.3).
            return Err(match parts.extensions.get::<HandlerError>() {
                Some(_) => NotStoredReason::Error,
                None => NotStoredReason::Status,
            });
        }
        self.lifetime(parts, fill.began)
    }

    /// How long a response to a request that began then may be stored, or why it may not.
    fn lifetime(&self, parts: &Parts, began: Timestamp) -> Result<Ttl, NotStoredReason> {
        let clock = &self.core.engine.clock;
        // The dates in the response are of this machine's clock, as it is now.
        let arrival = Arrival {
            response_time: clock.wall(),
            response_delay: clock.now().since(began),
        };
        let default = self.core.settings.default_expire;
        // A `store_if` that panics has not accepted the response; the client gets it all the same.
        let judged = catch_unwind(AssertUnwindSafe(|| {
            rules::storability(parts, &self.policy, default, arrival)
        }));
        judged.unwrap_or(Err(NotStoredReason::StoreIf))
    }

    /// The recipient of a response without a date adds one (RFC 9110 section 6.6.1).
    fn add_date(&self, parts: &mut Parts) {
        if !rules::has_too_many_header_names(&parts.headers)
            && let Some(now) = rules::date::http_date(self.core.engine.clock.wall())
        {
            parts.headers.entry(header::DATE).or_insert(now);
        }
    }

    fn stored_headers(&self, headers: HeaderMap, body: &Bytes) -> HeaderMap {
        let keeps_dates = self.policy.http.is_some() || headers.contains_key(header::CACHE_CONTROL);
        let mut headers = rules::stored_headers(headers, keeps_dates);
        // A service behind the RFC 9111 layer names its own validators.
        if self.policy.http.is_none() && !headers.contains_key(header::ETAG) {
            headers.insert(header::ETAG, rules::etag(body));
        }
        headers
    }

    /// What others get of the leader's entry: without the fields that `Cache-Control` keeps from them.
    fn without_qualified_fields(&self, entry: &Arc<Entry>) -> Arc<Entry> {
        let shown = self.asked.as_ref();
        match shown.and_then(|_| shared_cache::without_withheld_fields(&entry.headers.to_map(0))) {
            Some(headers) => Arc::new(Entry {
                headers: headers.into(),
                ..Entry::clone(entry)
            }),
            None => Arc::clone(entry),
        }
    }

    /// Tells the entries that an answer to HEAD shows to be outdated (RFC 9111 section 4.3.5), if `stored` is one.
    fn outdates(&self, parts: &Parts, stored: Option<&Entry>) -> Option<IsOutdated> {
        let (status, head) = (parts.status, &parts.headers);
        let is_outdated = stored.is_some_and(|stored| shared_cache::is_outdated(stored, status, head));
        if self.method != Method::HEAD || !is_outdated {
            return None;
        }
        let head = head.clone();
        Some(Box::new(move |entry: &Entry| {
            shared_cache::is_outdated(entry, status, &head)
        }))
    }
}
