//! Hit-for-miss: where an answer could not be stored, a marker lets the next requests run side by side instead of waiting
//! for one another. Each uncached answer that could not be stored either renews it.

use axum::{body::HttpBody, response::Response};
use futures_util::FutureExt;
use tokio::runtime::Handle;

use super::{Engine, Request, spawn};
use crate::{
    clock::Timestamp,
    rules,
    store::{Mark, PASS_TTL},
};

impl Request {
    /// Renews the marker, behind the response, if this answer to a request that `arrived` then confirms it.
    pub(super) fn confirm_marker(&self, response: Response, arrived: Timestamp) -> Response {
        let (parts, body) = response.into_parts();
        let is_too_long = body.size_hint().lower() > self.engine.limit(&self.policy) as u64;
        let lifetime = self.engine.lifetime(&self.policy, &parts, arrived);
        if rules::stays_unstorable(parts.status) && (is_too_long || lifetime.is_err()) {
            self.renew_marker();
        }
        Response::from_parts(parts, body)
    }

    fn renew_marker(&self) {
        let Engine {
            guard,
            refreshes,
            counters,
            ..
        } = &*self.engine;
        if guard.is_memory() {
            let _ = guard
                .store()
                .keep_mark(&self.slot, Mark::Pass, PASS_TTL)
                .now_or_never();
            return;
        }
        let (Ok(runtime), Some(pass)) = (
            Handle::try_current(),
            refreshes.begin(&self.slot.key, &counters.refreshes),
        ) else {
            return;
        };
        let (engine, slot) = (self.engine.clone(), self.slot.clone());
        let work = async move {
            let guard = &engine.guard;
            // Unanswered, the marker ends with its TTL.
            let _ = guard
                .behind(guard.store().keep_mark(&slot, Mark::Pass, PASS_TTL))
                .await;
            drop(pass);
        };
        spawn(&runtime, Box::pin(work));
    }
}
