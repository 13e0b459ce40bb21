//! Runs a fill: the origin, the answers to the leader and the waiters, and the entry.
//!
//! A fill is detached from the request that leads it, so that a client that disconnects cancels nothing.

use std::{any::Any, panic::AssertUnwindSafe, pin::pin, sync::Arc, thread};

use futures_util::{
    FutureExt,
    future::{Either, select},
};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    clock::Times,
    engine::{
        coalesce::Outcome,
        fill::{FillContext, abandoned},
        protocol::{NewEntry, Produced, Protocol, Run},
    },
    entry::Entry,
    outcome::NotStoredReason,
};

/// A fill, and the channel to the request that leads it.
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

impl<P: Protocol> Fill<P> {
    /// Runs the origin, answers the leader and the waiters, and stores the entry.
    ///
    /// Takes `&mut self`, so that the future holds the fill once.
    pub(super) async fn run(&mut self, origin: P::Origin, run: Run) {
        let began = Instant::now();
        self.context.start_renewal(began);
        let Some(ended) = self.run_origin(origin, run).await else {
            self.context.counters().filled(began.elapsed(), false);
            self.context.not_stored(NotStoredReason::Abandoned);
            return self.context.release(None).await;
        };
        let failed = ended.as_ref().map_or(true, P::has_failed);
        self.context.counters().filled(began.elapsed(), failed);
        let received = match ended {
            Ok(received) => received,
            Err(panic) => {
                // Dropping the guard publishes `Aborted`, after the lease was released: the next leader finds none.
                self.reply(Reply::Panicked(panic));
                return self.context.release(self.context.backoff()).await;
            }
        };
        match P::judge(received, &self.context) {
            Produced::Entry(new) => self.share(new).await,
            // Boxed to keep the future of a fill small.
            Produced::Streaming {
                answer,
                is_bounded,
                rest,
            } => Box::pin(self.stream(answer, is_bounded, rest)).await,
            produced => Box::pin(self.finish(produced)).await,
        }
    }

    /// Passes an answer on while it is read; the waiters get it when it has ended.
    async fn stream(&mut self, answer: P::Answer, is_bounded: bool, rest: P::Rest) {
        // Held back until the entry is stored, if the request demands that.
        let held = match self.context.commits_first && is_bounded {
            true => Some(answer),
            false => {
                self.reply_uncached(answer, false, false);
                None
            }
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
    /// A store outside of this process is written after the answers, unless a setting says otherwise. Memory is written
    /// first, so that an answered client finds at least that answer there.
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
                // The commit would delay the response on this thread.
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

    /// What the origin returned, or its panic; `None` when nobody has waited for it for too long.
    async fn run_origin(&mut self, origin: P::Origin, run: Run) -> Option<thread::Result<P::Received>> {
        let Self { context, reply } = self;
        let running = AssertUnwindSafe(P::run(origin, run)).catch_unwind();
        // Pinned here and not passed on: a future is copied wherever it is passed by value.
        let running = pin!(context.nested.within(running));
        let client_left = async {
            if let Some(reply) = reply {
                reply.closed().await;
            }
        };
        let limit = context.engine.settings.abandoned_fill_timeout;
        let abandoned = pin!(abandoned(client_left, context, limit));
        match select(running, abandoned).await {
            Either::Left((ended, _)) => Some(ended),
            Either::Right(((), _)) => None,
        }
    }
}
