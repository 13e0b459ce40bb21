//! Judges a response: whether it is stored, shared with waiters, or private, and which marker takes its place.

use axum::{body::Body, response::Response};
use http::response::Parts;

use super::{
    Http, Received, Unshared, Validated,
    body::{self, GivenUp, Partial, ReadNow},
    endless::ENDLESS_TTL,
    judged::{Judged, Purpose},
    streaming::Streaming,
};
use crate::{
    engine::{FillContext, Marker, Outcome, Produced, Uncached, UncachedRun},
    http::{
        implies_hit_for_miss, is_shareable_failure, matches_content_length, response_parts::StoreOptions,
    },
    outcome::NotStoredReason,
    store::HIT_FOR_MISS_TTL,
};

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
    let purpose = match rules.ttl_of_fill(&parts, fill) {
        Ok(ttl) => Purpose::Store(ttl),
        Err(reason) => {
            fill.not_stored(reason);
            // Where a stale entry serves instead, the failure answers nobody.
            if fill.has_fallback || !is_shareable_failure(&parts) {
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
    let is_announced = exact.is_none_or(|exact| matches_content_length(&judged.parts.headers, exact));
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
        let is_unstorable = implies_hit_for_miss(parts.status, &parts.extensions)
            && (is_too_long || rules.ttl(&parts, run.began).is_err());
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
    } else if implies_hit_for_miss(parts.status, &parts.extensions) {
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
    let stays = implies_hit_for_miss(parts.status, &parts.extensions);
    fill.hit_for_miss(HIT_FOR_MISS_TTL).filter(|_| stays)
}
