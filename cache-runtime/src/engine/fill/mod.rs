//! Fills: one run of an origin for the store and for all requests that wait.
//!
//! A fill is detached from the request that leads it, so that a client that disconnects cancels nothing.

mod abandoned;
mod commit;
mod lead;
mod lease;
mod nesting;

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{sync::oneshot, time::Instant};

pub(crate) use self::{
    abandoned::{abandoned, race},
    lease::Leases,
    nesting::Nesting,
};
use self::{lease::LeaseRenewal, nesting::NestedFills};
use super::{
    Engine,
    coalesce::{LeaderGuard, Outcome},
    protocol::{Marker, NewEntry, Produced, Protocol, Run, Target},
};
use crate::{
    clock::{Times, Timestamp},
    entry::Entry,
    outcome::NotStoredReason,
    stats::HandlerCounters,
    store::Grant,
    telemetry::events,
};

/// One run of an origin, and the answer that its leader waits for.
pub(super) struct Fill<P: Protocol> {
    pub(super) context: FillContext,
    /// Until the leader's request is answered.
    pub(super) reply: Option<oneshot::Sender<Reply<P>>>,
}

/// What the leader's request gets.
pub(super) enum Reply<P: Protocol> {
    Entry {
        entry: Arc<Entry>,
        extra: P::Extra,
        revalidated: bool,
        times: Times,
    },
    Uncached {
        answer: P::Answer,
        failed: bool,
        revalidated: bool,
    },
    /// The origin's panic.
    Panicked(Box<dyn Any + Send>),
}

/// What origins and the engine know of a fill.
#[derive(Debug)]
pub(crate) struct FillContext {
    pub(crate) engine: Arc<Engine>,
    pub(crate) target: Target,
    pub(crate) began: Timestamp,
    /// A stale entry answers should the fill fail.
    pub(crate) has_fallback: bool,
    /// Only the leader's request refuses the stored entry: nothing worse replaces it.
    pub(crate) has_fresh: bool,
    /// Nobody is answered before the entry is stored.
    pub(super) commits_first: bool,
    /// Absent: nothing is stored.
    pub(super) grant: Option<Grant>,
    pub(super) leader: LeaderGuard,
    /// While there is a lease.
    pub(super) renewal: Option<LeaseRenewal>,
    /// For requests that the origin makes.
    pub(super) nested: Arc<NestedFills>,
}

impl<P: Protocol> Fill<P> {
    /// Runs the origin, answers the leader and the waiters, and stores the entry.
    ///
    /// Borrows itself, as does all that follows, so that the future of a fill holds it once.
    pub(super) async fn run(&mut self, origin: P::Origin, run: Run) {
        let began = Instant::now();
        self.context.start_renewal(began);
        let running = AssertUnwindSafe(P::run(origin, run)).catch_unwind();
        let running = self.context.nested.within(running);
        let Some(ended) = self.unless_abandoned(running).await else {
            self.context.counters().filled(began.elapsed(), false);
            self.context.not_stored(NotStoredReason::Abandoned);
            return self.context.release(None).await;
        };
        let failed = ended.as_ref().map_or(true, P::has_failed);
        self.context.counters().filled(began.elapsed(), failed);
        match ended {
            Ok(made) => match P::judge(made, &self.context) {
                Produced::Streaming {
                    answer,
                    is_bounded,
                    rest,
                } => Box::pin(self.stream(answer, is_bounded, rest)).await,
                produced => self.finish(produced).await,
            },
            Err(panic) => {
                // The waiters learn of it when the guard is dropped, after the lease: the next leader finds none.
                self.reply(Reply::Panicked(panic));
                self.context.release(self.context.backoff()).await;
            }
        }
    }

    /// Passes an answer on while it is read; the waiters get it when it has ended.
    async fn stream(&mut self, answer: P::Answer, is_bounded: bool, rest: P::Rest) {
        // A request that wants the entry stored is answered after that.
        let held = self.context.commits_first && is_bounded;
        let held = if held {
            Some(answer)
        } else {
            self.reply_uncached(answer, false, false);
            None
        };
        let mut produced = P::read(rest, &self.context).await;
        if let Produced::Private { answer, .. } = &mut produced {
            *answer = answer.take().or(held);
        }
        self.finish(produced).await;
    }

    async fn finish(&mut self, produced: Produced<P>) {
        match produced {
            Produced::Entry(new) => self.share(new).await,
            Produced::Failed { answer, failure } => {
                self.context.leader.publish(Outcome::Failed(failure));
                self.reply_uncached(answer, true, false);
                self.context.release(self.context.backoff()).await;
            }
            Produced::Private {
                answer,
                revalidated,
                marker,
                outcome,
            } => {
                let failed = matches!(outcome, Outcome::Failed(_));
                // Without an outcome of its own, the fill is aborted once its lease is released.
                if !matches!(outcome, Outcome::Aborted) {
                    self.context.leader.publish(outcome);
                }
                if let Some(answer) = answer {
                    self.reply_uncached(answer, failed, revalidated);
                }
                self.context.release(marker).await;
            }
            Produced::Streaming { .. } => unreachable!("an answer that was read does not stream"),
        }
    }

    /// Stores the entry, and answers everybody with it.
    ///
    /// A store outside of this process is written to behind the answers, unless a setting says otherwise. Memory comes
    /// first, so that whoever was answered finds at least that answer there.
    async fn share(&mut self, new: NewEntry<P>) {
        let NewEntry {
            whole,
            shared,
            extra,
            times,
            revalidated,
            is_validated_each_time,
            replaces,
        } = new;
        let reply = Reply::Entry {
            entry: whole,
            extra,
            revalidated,
            times,
        };
        let context = &self.context;
        let first = context.commits_first
            || context.engine.settings.commit_before_response
            || context.engine.guard.is_memory();
        if first {
            context.commit(&shared, replaces.as_ref()).await;
        }
        context.leader.publish(match is_validated_each_time {
            true => Outcome::Unshared,
            false => Outcome::Shared(Arc::clone(&shared)),
        });
        self.reply(reply);
        let context = &self.context;
        if !first {
            if context.grant.is_some() {
                // Writing begins with work that would keep this thread from the request that was just answered.
                tokio::task::yield_now().await;
            }
            context.commit(&shared, replaces.as_ref()).await;
        }
    }

    fn reply_uncached(&mut self, answer: P::Answer, failed: bool, revalidated: bool) {
        self.reply(Reply::Uncached {
            answer,
            failed,
            revalidated,
        });
    }

    /// Answers the leader's request, which may be gone.
    fn reply(&mut self, reply: Reply<P>) {
        if let Some(leader) = self.reply.take() {
            let _ = leader.send(reply);
        }
    }

    /// The output of `running`, unless nobody waits for it for too long.
    async fn unless_abandoned<T>(&mut self, running: impl Future<Output = T>) -> Option<T> {
        let Self { context, reply } = self;
        let client_left = async {
            if let Some(reply) = reply {
                reply.closed().await;
            }
        };
        let limit = context.engine.settings.abandoned_fill_timeout;
        let abandoned = abandoned(client_left, context, limit).map(|()| None);
        race(running.map(Some), abandoned).await
    }
}

impl FillContext {
    pub(crate) fn counters(&self) -> &HandlerCounters {
        self.engine.counters.of(self.target.handler)
    }

    /// Logs and counts an answer that is not stored.
    pub(crate) fn not_stored(&self, reason: NotStoredReason) {
        events::not_stored(&self.target.slot.key, reason.as_str());
        self.counters().refused(reason);
    }

    /// Whether the fill runs in a task of its own. If not, the leader gets its answer only after the fill has ended.
    pub(crate) fn is_detached(&self) -> bool {
        self.leader.may_detach()
    }

    /// Whether the entry may be stored.
    pub(crate) fn has_lease(&self) -> bool {
        self.grant.is_some()
    }

    /// Whether anybody but the leader waits for the fill.
    pub(crate) fn has_waiters(&self) -> bool {
        self.leader.has_waiters()
    }

    /// Lets the waiters fill side by side: this fill takes too long for them.
    pub(crate) fn release_waiters(&self) {
        self.leader.publish(Outcome::Unshared);
    }

    /// The marker of a failure: while a stale entry serves, the origin is left alone.
    pub(crate) fn backoff(&self) -> Option<Marker> {
        self.has_fallback.then_some(Marker::Backoff)
    }

    /// The marker of an answer that is not stored, which also removes the stored entry: not a fresh one.
    pub(crate) fn hit_for_miss(&self, ttl: Duration) -> Option<Marker> {
        (!self.has_fresh).then_some(Marker::HitForMiss(ttl))
    }
}
