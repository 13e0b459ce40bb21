//! Leads a fill: starts it, and waits for its answer.

use std::{pin::pin, sync::Arc};

use futures_util::future::{Either, select};
use tokio::{
    runtime::Handle,
    sync::oneshot::{self, error::RecvError},
};
use tracing::Instrument;

use super::{
    Request,
    ending::Ending,
    fill::{Fill, Reply},
    joined_fill::JoinedFill,
    stored::Stored,
};
use crate::{
    engine::{
        coalesce::LeaderGuard,
        fill::{FillContext, NestedFills},
        protocol::{Protocol, Run},
        spawn,
    },
    store::Grant,
    telemetry::events,
};

impl<P: Protocol> Request<P> {
    /// Fills, and waits for the answer of that fill, or for the entry of a fill in `joined` that ends first.
    ///
    /// Without a permit for a task the fill runs in the request's own, and a client that leaves cancels it.
    pub(super) async fn fill(
        &self,
        runtime: &Handle,
        leader: LeaderGuard,
        grant: Option<Grant>,
        stored: &Stored,
        joined: Vec<JoinedFill>,
        origin: P::Origin,
    ) -> Ending<P> {
        let is_detached = leader.may_detach();
        if !is_detached {
            self.engine.counters.rejected.fills.increment();
            if stored.fallback.is_some() {
                return Ending::AtLimit;
            }
        }
        let (reply, answer) = oneshot::channel();
        let has_lease = grant.is_some();
        let mut fill = Fill {
            context: FillContext {
                grant,
                has_fallback: stored.fallback.is_some(),
                has_fresh: stored.is_fresh,
                ..self.fill_context(leader)
            },
            reply: Some(reply),
        };
        let run = Run {
            is_shared: true,
            stored: stored.to_validate.clone(),
        };
        let span = events::fill(&self.target.slot.key);
        let filling = Box::pin(async move { fill.run(origin, run).await }.instrument(span));
        match is_detached {
            true => spawn(runtime, filling),
            false => filling.await,
        }
        if joined.is_empty() {
            return Ending::of_fill(self.wait_for_own(answer, stored).await, has_lease);
        }
        Box::pin(self.first_ending(answer, joined, stored, has_lease)).await
    }

    async fn first_ending(
        &self,
        answer: oneshot::Receiver<Reply<P>>,
        joined: Vec<JoinedFill>,
        stored: &Stored,
        has_lease: bool,
    ) -> Ending<P> {
        let own = self.wait_for_own(answer, stored);
        match select(pin!(own), pin!(self.first_entry(joined))).await {
            Either::Left((answer, _)) => Ending::of_fill(answer, has_lease),
            Either::Right((entry, _)) => Ending::Joined(entry),
        }
    }

    /// The context of a fill without a lease.
    pub(super) fn fill_context(&self, leader: LeaderGuard) -> FillContext {
        FillContext {
            engine: Arc::clone(&self.engine),
            target: self.target.clone(),
            began: self.engine.clock.now(),
            has_fallback: false,
            has_fresh: false,
            commits_first: self.options.commits_first,
            grant: None,
            leader,
            renewal: None,
            nested: NestedFills::begin(&self.engine, &self.target.resource),
        }
    }
}

impl<P: Protocol> Ending<P> {
    /// The ending for the reply of the request's own fill; without one, the fill is gone or too slow.
    fn of_fill(answer: Option<Result<Reply<P>, RecvError>>, has_lease: bool) -> Self {
        let reply = match answer {
            Some(Ok(reply)) => reply,
            // The fill panicked outside of the origin, or the runtime that shuts down dropped it.
            Some(Err(_)) => return Ending::Gone,
            None => return Ending::Slow,
        };
        match reply {
            Reply::Entry {
                entry,
                extra,
                revalidated,
                times,
            } => Ending::Own {
                entry,
                extra,
                revalidated,
                stored: has_lease,
                times,
            },
            Reply::Uncached {
                answer,
                failed,
                revalidated,
            } => Ending::Uncached {
                answer,
                failed,
                revalidated,
                is_shared: true,
            },
            Reply::Panicked(panic) => Ending::Panicked(panic),
        }
    }
}
