//! Hit-for-miss: where an answer could not be stored, a marker lets the next requests run side by side instead of waiting
//! for one another. Each uncached answer that could not be stored either renews it.

use std::time::Duration;

use axum::{body::HttpBody, response::Response};
use futures_util::FutureExt;
use tokio::runtime::Handle;

use super::{Engine, Request, endless::ENDLESS_TTL, spawn};
use crate::{
    clock::Timestamp,
    http as rules,
    store::{HIT_FOR_MISS_TTL, Mark},
};

impl Request {
    /// Renews the marker, behind the response, if this answer to a request that `arrived` then confirms it.
    pub(super) fn confirm_marker(&self, response: Response, arrived: Timestamp) -> Response {
        let (parts, body) = response.into_parts();
        let size = body.size_hint();
        if size.exact().is_none() && self.engine.endless.contains(&self.slot.key) {
            self.renew_marker(ENDLESS_TTL);
            return Response::from_parts(parts, body);
        }
        let is_too_long = size.lower() > self.engine.limit(&self.policy) as u64;
        let lifetime = self.engine.lifetime(&self.policy, &parts, arrived);
        if rules::implies_hit_for_miss(parts.status, &parts.extensions) && (is_too_long || lifetime.is_err())
        {
            self.renew_marker(HIT_FOR_MISS_TTL);
        }
        Response::from_parts(parts, body)
    }

    fn renew_marker(&self, ttl: Duration) {
        let Engine {
            guard,
            refreshes,
            counters,
            ..
        } = &*self.engine;
        if guard.is_memory() {
            let _ = guard
                .store()
                .extend_mark(&self.slot, Mark::HitForMiss, ttl)
                .now_or_never();
            return;
        }
        let (Ok(runtime), Some(pass)) = (
            Handle::try_current(),
            refreshes.begin(&self.slot.key, &counters.rejected.refreshes),
        ) else {
            return;
        };
        let (engine, slot) = (self.engine.clone(), self.slot.clone());
        let work = async move {
            let guard = &engine.guard;
            // Unanswered, the marker ends with its TTL.
            let _ = guard
                .call_in_background(guard.store().extend_mark(&slot, Mark::HitForMiss, ttl))
                .await;
            drop(pass);
        };
        spawn(&runtime, Box::pin(work));
    }
}
