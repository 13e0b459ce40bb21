//! The leader's run: detached from the request that started it, so that a client who leaves takes nothing with it.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{body::HttpBody, response::Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Extensions, HeaderMap, response::Parts};
use tokio::{sync::oneshot, task, time::Instant};
use tracing::Instrument;

use super::{
    Engine,
    abandoned::{abandoned, race},
    body::ClientSide,
    nesting::Filling,
    renewal::{self, Renewal},
};
use crate::{
    clock::{Times, Timestamp},
    engine::flight::{Outcome, Seat},
    entry::Entry,
    http::{self as rules, Ttl, response_parts::StoreOptions},
    key::handler::Handler,
    outcome::NotStoredReason,
    policy::Policy,
    stats::HandlerCounters,
    store::{Budget, CommitOutcome, Grant, Mark, Slot},
    telemetry::events,
};

/// In a response's extensions: this response answers its own request and no other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unshared;

/// In a response's extensions: a cache nearer to the handler has done what there is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CachedWithin;

/// In a response's extensions: it is the stored one, which the handler says is still true.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validated;

/// What the request that led gets.
pub(super) enum Reply {
    /// A response that anybody may have, made at this time; and what the handler told the layers around it.
    Entry(Arc<Entry>, Times, Extensions),
    /// One that is its own.
    Response(Response),
    /// The handler's panic.
    Panicked(Box<dyn Any + Send>),
}

/// One run of a handler for one slot.
pub(super) struct Fill {
    pub(super) engine: Arc<Engine>,
    pub(super) handler: Handler,
    pub(super) policy: Policy,
    pub(super) slot: Slot,
    /// What its request had in all fields, where the response says which of them count.
    pub(super) asked: Option<Arc<HeaderMap>>,
    /// Absent: nothing is stored.
    pub(super) grant: Option<Grant>,
    /// There is a stale entry to serve should this run fail.
    pub(super) has_stale: bool,
    /// There is a fresh one that only the request which led did not want: nothing less good takes its place.
    pub(super) has_fresh: bool,
    /// The key of the resource, of which the slot may be one variant's.
    pub(super) resource: Arc<str>,
    pub(super) began: Timestamp,
    /// Nobody is answered before the entry is stored.
    pub(super) stores_first: bool,
    /// How long a hit-for-miss marker of this fill stands.
    pub(super) pass_ttl: Duration,
    pub(super) seat: Seat,
    /// While there is a lease.
    pub(super) renewal: Option<Renewal>,
    /// For requests that its handler makes.
    pub(super) filling: Arc<Filling>,
    /// Until the request that led is answered.
    pub(super) reply: Option<oneshot::Sender<Reply>>,
}

impl Fill {
    /// Runs the handler, answers everyone, stores.
    ///
    /// It borrows itself, as does all that follows, so that the future of a run holds it once.
    pub(super) async fn run<Fut: Future<Output = Response> + Send>(
        &mut self,
        handler: impl FnOnce() -> Fut + Send,
    ) {
        let began = Instant::now();
        self.renewal = self
            .grant
            .map(|grant| Renewal::start(&self.engine, &self.slot, grant.token, began));
        // Called in there, too: what a handler does before its first await may panic as well.
        // So may a body that is asked for its size.
        let handler = AssertUnwindSafe(async {
            let response = handler().await;
            let size = response.body().size_hint();
            (response, size)
        });
        let handler = self.filling.within(handler.catch_unwind());
        let Some(ended) = self.unless_abandoned(handler).await else {
            self.counters().filled(began.elapsed(), false);
            self.not_stored(NotStoredReason::Abandoned);
            return self.release(None).await;
        };
        let failed = ended
            .as_ref()
            .map_or(true, |(response, _)| response.status().is_server_error());
        self.counters().filled(began.elapsed(), failed);
        match ended {
            Ok((response, size)) => self.finish(response, size).await,
            Err(panic) => {
                let mark = self.failed();
                self.end(None, Reply::Panicked(panic), mark).await;
            }
        }
    }

    /// The output of `running`, unless nobody waits for it for too long.
    async fn unless_abandoned<T>(&mut self, running: impl Future<Output = T>) -> Option<T> {
        let Self {
            engine, seat, reply, ..
        } = self;
        let client_left = async {
            if let Some(reply) = reply {
                reply.closed().await;
            }
        };
        let limit = engine.settings.abandoned_fill_timeout;
        let abandoned = abandoned(client_left, seat, limit).map(|()| None);
        race(running.map(Some), abandoned).await
    }

    /// Stores the response and answers everyone with it.
    ///
    /// A store that must be waited for is written to behind the responses. Memory comes first, so that whoever was
    /// answered finds at least that answer there.
    pub(super) async fn share(
        &mut self,
        mut parts: Parts,
        body: Bytes,
        lifetime: Ttl,
        client: Option<&ClientSide>,
    ) {
        let times = self.engine.clock.times();
        let extensions = std::mem::take(&mut parts.extensions);
        let (whole, extensions) = self.entry(parts, extensions, body, lifetime, times);
        if let Some(client) = client {
            client.finish(&whole.body);
        }
        let entry = self.shown(&whole);
        let reply = Reply::Entry(whole, times, extensions);
        let engine = &self.engine;
        let first = self.stores_first || engine.settings.commit_before_response || engine.guard.is_memory();
        let mut left = None;
        if first {
            left = self.commit(&entry).await;
        }
        self.seat.tell(match lifetime.remaining() {
            // It is to be validated for each of them (RFC 9111 section 4).
            Duration::ZERO => Outcome::Alone,
            _ => Outcome::Shared(Arc::clone(&entry)),
        });
        self.answer(reply);
        if !first {
            if self.grant.is_some() {
                // Writing it begins with work that would keep this thread from who was answered.
                task::yield_now().await;
            }
            left = self.commit(&entry).await;
        }
        if let Some(mark) = left {
            self.release(mark).await;
        }
    }

    pub(super) fn counters(&self) -> &HandlerCounters {
        self.engine.counters.of(self.handler)
    }

    /// Returns the mark to release the lease with, where it may still be there.
    async fn commit(&self, entry: &Arc<Entry>) -> Option<Option<Mark>> {
        let Some(grant) = self.grant else {
            self.not_stored(NotStoredReason::NoLease);
            return None;
        };
        let guard = &self.engine.guard;
        let commit = guard.store().commit(&self.slot, grant, entry);
        let commit = async {
            match self.engine.settings.commit_before_response {
                true => guard.call(&mut Budget::default(), commit).await,
                false => guard.call_in_background(commit).await,
            }
        };
        match commit.instrument(events::commit(&self.slot.key)).await {
            Ok(CommitOutcome::Stored) => {
                events::key_added(&self.slot.key);
                let counters = self.counters();
                counters.stored.increment();
                counters.stored_bytes.add(entry.body.len() as u64);
                self.evict_older_variant(entry).await;
                None
            }
            // Evicted meanwhile: that is what the lease is for. By a tag that only the answer named, it may still stand.
            Ok(CommitOutcome::Fenced) => {
                let may_have_lapsed = self.renewal.as_ref().is_some_and(Renewal::may_have_lapsed);
                self.not_stored(match may_have_lapsed {
                    true => NotStoredReason::LeaseLost,
                    false => NotStoredReason::Evicted,
                });
                Some(None)
            }
            Err(error) => {
                events::failed_to_cache(&self.slot.key, &error);
                let refused = !error.is_unavailable();
                let counters = self.counters();
                if refused {
                    self.engine.counters.rejected.entries.increment();
                    counters.refused(NotStoredReason::StoreRefused);
                } else {
                    counters.refused(NotStoredReason::StoreAway);
                }
                // A store that refuses this one will refuse the next: too large, or no room.
                Some(refused.then_some(Mark::HitForMiss))
            }
        }
    }

    /// Answers the request that led, and nobody else.
    pub(super) async fn alone(&mut self, response: Response, mark: Option<Mark>) {
        let status = response.status();
        let outcome = if status.is_server_error() {
            Outcome::Failed(None)
        } else if rules::implies_hit_for_miss(status, response.extensions()) {
            Outcome::Alone
        } else {
            // One of those that wait may get what all others can have.
            Outcome::Vanished
        };
        self.end(Some(outcome), Reply::Response(response), mark).await;
    }

    /// Ends without an entry. The seat goes with the run, after the lease: who is elected after a panic finds none in the
    /// way.
    pub(super) async fn end(&mut self, outcome: Option<Outcome>, reply: Reply, mark: Option<Mark>) {
        if let Some(outcome) = outcome {
            self.seat.tell(outcome);
        }
        self.answer(reply);
        self.release(mark).await;
    }

    /// The request that led may be gone; what the run is worth to others does not depend on it.
    pub(super) fn answer(&mut self, mut reply: Reply) {
        if let Reply::Response(response) = &mut reply {
            response.extensions_mut().remove::<StoreOptions>();
        }
        if let Some(leader) = self.reply.take() {
            let _ = leader.send(reply);
        }
    }

    /// Ends the lease; in the background, if the store does not acknowledge it.
    pub(super) async fn release(&self, mark: Option<Mark>) {
        let Some(Grant { token, .. }) = self.grant else {
            return;
        };
        let guard = &self.engine.guard;
        let mark = mark.and_then(|mark| self.standing(mark));
        let released = guard.call_in_background(guard.store().release(&self.slot, token, mark));
        if released.await.is_err() {
            renewal::release_later(&self.engine, &self.slot, token, mark);
        }
    }
}
