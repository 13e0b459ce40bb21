//! The leader's run: detached from the request that started it, so that a client who leaves takes nothing with it.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody},
    response::Response,
};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Extensions, HeaderMap, response::Parts};
use http_body::SizeHint;
use tokio::{sync::oneshot, task, time::Instant};
use tracing::Instrument;

use super::{
    Engine,
    capture::{self, Collected},
    renewal::Renewal,
};
use crate::{
    clock::{Times, Timestamp},
    entry::Entry,
    events,
    flight::{Failure, Outcome, Seat},
    handler::Handler,
    policy::Policy,
    rules::{self, Lifetime, Refusal},
    stats::HandlerCounters,
    steering::Steering,
    store::{Committed, Grant, Mark, Slot},
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
    pub(super) seat: Seat,
    /// While there is a lease.
    pub(super) renewal: Option<Renewal>,
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
        let ended = handler.catch_unwind().await;
        let failed = ended
            .as_ref()
            .map_or(true, |(response, _)| response.status().is_server_error());
        self.counters().ran(began.elapsed(), failed);
        match ended {
            Ok((response, size)) => self.finish(response, size).await,
            Err(panic) => {
                let mark = self.failed();
                self.end(None, Reply::Panicked(panic), mark).await;
            }
        }
    }

    /// What is rarer than a whole body is boxed, so that a run does not take its room.
    async fn finish(&mut self, response: Response, size: SizeHint) {
        let (mut parts, body) = response.into_parts();
        if self.policy.http.is_some() {
            self.date(&mut parts);
        }
        if parts.extensions.get::<Unshared>().is_some() {
            self.not_stored(Refusal::Unshared);
            return self.alone(Response::from_parts(parts, body), None).await;
        }
        let Some(lifetime) = self.lifetime(&parts) else {
            return Box::pin(self.refuse(parts, body, &size)).await;
        };
        let limit = self.limit();
        match size.exact() {
            Some(exact) if exact <= limit as u64 && rules::has_length(&parts.headers, exact) => {
                // A service far away may take its time: what it has sent so far is not held back. Without a lease nothing is
                // stored, and those that wait get what there is by the end.
                let collected = match self.policy.http.and(self.grant) {
                    Some(_) => capture::collect_ready(body, exact, limit),
                    None => capture::collect(body, exact, limit).await,
                };
                match collected {
                    Collected::Whole(body) => self.share(parts, body, lifetime).await,
                    Collected::Pending(body) => {
                        Box::pin(self.stream(parts, body, lifetime, Some(exact))).await
                    }
                    Collected::Unstorable(body) => {
                        self.not_stored(Refusal::BrokenBody);
                        let mark = self.unfit();
                        self.alone(Response::from_parts(parts, body), mark).await
                    }
                }
            }
            None if size.lower() <= limit as u64 => Box::pin(self.stream(parts, body, lifetime, None)).await,
            _ => {
                self.not_stored(Refusal::BodyLength);
                let mark = self.unfit();
                self.alone(Response::from_parts(parts, body), mark).await
            }
        }
    }

    /// Passes the body on as it comes; whoever waits gets it when it has ended.
    async fn stream(&mut self, parts: Parts, body: Body, lifetime: Lifetime, exact: Option<u64>) {
        let Some(renewal) = &self.renewal else {
            // Nothing will be stored, so nothing is read that the client does not ask for.
            self.not_stored(Refusal::NoLease);
            return self.alone(Response::from_parts(parts, body), None).await;
        };
        let (body, copying) = capture::tee(body, self.limit(), renewal.ended(), exact);
        self.answer(Reply::Response(Response::from_parts(parts.clone(), body)));
        match copying.await {
            Some(body)
                if rules::has_length(&parts.headers, body.len() as u64)
                    && exact.is_none_or(|exact| exact == body.len() as u64) =>
            {
                self.share(parts, body, lifetime).await;
            }
            _ => {
                self.not_stored(Refusal::BrokenStream);
                self.seat.tell(Outcome::Alone);
                self.release(self.unfit()).await;
            }
        }
    }

    /// Answers with a response that must not be stored. A failure that holds nothing private answers those that wait.
    async fn refuse(&mut self, parts: Parts, body: Body, size: &SizeHint) {
        if self.has_stale && parts.status.is_server_error() {
            // Nobody is answered with it.
            let mark = self.failed();
            return self.alone(Response::from_parts(parts, body), mark).await;
        }
        let limit = self.limit();
        let size = size
            .exact()
            .filter(|size| *size <= limit as u64 && rules::has_length(&parts.headers, *size));
        let Some(size) = size.filter(|_| rules::failed(&parts)) else {
            let mark = self.mark(parts.status);
            return self.alone(Response::from_parts(parts, body), mark).await;
        };
        match capture::collect(body, size, limit).await {
            Collected::Whole(body) => {
                let headers = rules::stored_headers(parts.headers.clone(), true);
                let entry = Entry::new(parts.status, headers, body.clone(), self.engine.clock.now());
                let cause = parts.extensions.get().cloned();
                let failure = Arc::new(Failure { entry, cause });
                let mark = self.failed();
                let response = Response::from_parts(parts, Body::from(body));
                self.end(
                    Some(Outcome::Failed(Some(failure))),
                    Reply::Response(response),
                    mark,
                )
                .await;
            }
            Collected::Unstorable(body) | Collected::Pending(body) => {
                let mark = self.failed();
                self.alone(Response::from_parts(parts, body), mark).await;
            }
        }
    }

    /// Stores the response and answers everyone with it.
    ///
    /// A store that must be waited for is written to behind the responses. Memory comes first, so that whoever was
    /// answered finds at least that answer there.
    async fn share(&mut self, mut parts: Parts, body: Bytes, lifetime: Lifetime) {
        let times = self.engine.clock.times();
        let extensions = std::mem::take(&mut parts.extensions);
        let (whole, extensions) = self.entry(parts, extensions, body, lifetime, times);
        let entry = self.shown(&whole);
        let reply = Reply::Entry(whole, times, extensions);
        let first = self.stores_first || self.engine.guard.is_memory();
        if first {
            self.commit(&entry).await;
        }
        self.seat.tell(match lifetime.left() {
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
            self.commit(&entry).await;
        }
    }

    pub(super) fn counters(&self) -> &HandlerCounters {
        self.engine.counters.of(self.handler)
    }

    async fn commit(&self, entry: &Arc<Entry>) {
        let Some(grant) = self.grant else {
            return self.not_stored(Refusal::NoLease);
        };
        let guard = &self.engine.guard;
        let commit = guard.behind(guard.store().commit(&self.slot, grant, entry));
        match commit.instrument(events::commit(&self.slot.key)).await {
            Ok(Committed::Stored) => {
                events::key_added(&self.slot.key);
                let counters = self.counters();
                counters.stored.count();
                counters.stored_bytes.add(entry.body.len() as u64);
                self.evict_older_variant(entry).await;
            }
            // Evicted meanwhile: that is what the lease is for. By a tag that only the answer named, it may still stand.
            Ok(Committed::Fenced) => {
                self.not_stored(Refusal::Evicted);
                self.release(None).await;
            }
            Err(error) => {
                events::failed_to_cache(&self.slot.key, &error);
                let refused = !error.is_unavailable();
                let counters = self.counters();
                if refused {
                    self.engine.counters.entries.count();
                    counters.refused(Refusal::StoreRefused);
                } else {
                    counters.refused(Refusal::StoreAway);
                }
                // A store that refuses this one will refuse the next: too large, or no room.
                self.release(refused.then_some(Mark::Pass)).await;
            }
        }
    }

    /// Answers the request that led, and nobody else.
    async fn alone(&mut self, response: Response, mark: Option<Mark>) {
        let outcome = match response.status().is_server_error() {
            true => Outcome::Failed(None),
            false => Outcome::Alone,
        };
        self.end(Some(outcome), Reply::Response(response), mark).await;
    }

    /// Ends without an entry. The seat goes with the run, after the lease: who is elected after a panic finds none in the
    /// way.
    async fn end(&mut self, outcome: Option<Outcome>, reply: Reply, mark: Option<Mark>) {
        if let Some(outcome) = outcome {
            self.seat.tell(outcome);
        }
        self.answer(reply);
        self.release(mark).await;
    }

    /// The request that led may be gone; what the run is worth to others does not depend on it.
    fn answer(&mut self, mut reply: Reply) {
        if let Reply::Response(response) = &mut reply {
            response.extensions_mut().remove::<Steering>();
        }
        if let Some(leader) = self.reply.take() {
            let _ = leader.send(reply);
        }
    }

    /// Ends the lease. Unanswered, it ends by its time.
    async fn release(&self, mark: Option<Mark>) {
        if let Some(grant) = self.grant {
            let guard = &self.engine.guard;
            let _ = guard
                .behind(
                    guard
                        .store()
                        .release(&self.slot, grant.token, mark.map(|mark| self.standing(mark))),
                )
                .await;
        }
    }
}
