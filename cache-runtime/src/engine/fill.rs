//! The leader's run: detached from the request that started it, so that a client who leaves takes nothing with it.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    response::Response,
};
use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{Either, select},
};
use http::{header, response::Parts};
use tokio::{sync::oneshot, time};

use super::{
    Engine,
    capture::{self, Collected},
};
use crate::{
    clock::Timestamp,
    entry::Entry,
    events,
    flight::{Outcome, Seat},
    policy::Policy,
    rules::{self, Refusal},
    steering::Steering,
    store::{Committed, Grant, LEASE_TTL, Mark, PASS_TTL, Slot},
};

/// How long a run may hold its lease.
const LONGEST_FILL: Duration = Duration::from_secs(60);

/// In a response's extensions: this response answers its own request and no other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unshared;

/// What the request that led gets.
pub(super) enum Reply {
    /// A response that anybody may have.
    Entry(Arc<Entry>),
    /// One that is its own.
    Response(Response),
    /// The handler's panic.
    Panicked(Box<dyn Any + Send>),
}

/// One run of a handler for one slot.
pub(super) struct Fill {
    pub(super) engine: Arc<Engine>,
    pub(super) policy: Policy,
    pub(super) slot: Slot,
    /// Absent: nothing is stored.
    pub(super) grant: Option<Grant>,
    /// There is a stale entry to serve should this run fail.
    pub(super) has_stale: bool,
    pub(super) began: Timestamp,
    pub(super) seat: Seat,
    /// Until the request that led is answered.
    pub(super) reply: Option<oneshot::Sender<Reply>>,
}

impl Fill {
    /// Runs the handler, answers everyone, stores.
    pub(super) async fn run<Fut: Future<Output = Response> + Send>(
        self,
        handler: impl FnOnce() -> Fut + Send,
    ) {
        // Called in there, too: what a handler does before its first await may panic as well.
        let handler = AssertUnwindSafe(async { handler().await }).catch_unwind();
        match self.while_leased(handler).await {
            Ok(response) => self.finish(response).await,
            Err(panic) => {
                let mark = self.failed();
                self.end(None, Reply::Panicked(panic), mark).await;
            }
        }
    }

    async fn finish(self, response: Response) {
        let (parts, body) = response.into_parts();
        if parts.extensions.get::<Unshared>().is_some() {
            return self.alone(Response::from_parts(parts, body), None).await;
        }
        let Some(life) = self.life(&parts) else {
            return self.refuse(parts, body).await;
        };
        let limit = self.limit();
        let size = body.size_hint();
        match size.exact() {
            Some(exact) if exact <= limit as u64 && rules::has_length(&parts.headers, exact) => {
                match capture::collect(body, exact, limit).await {
                    Collected::Whole(body) => {
                        let entry = self.entry(parts, body, life);
                        self.share(entry).await;
                    }
                    Collected::Unstorable(body) => {
                        events::not_stored(&self.slot.key, "the body failed, was cut short or has trailers");
                        self.alone(Response::from_parts(parts, body), Some(Mark::Pass))
                            .await
                    }
                }
            }
            None if size.lower() <= limit as u64 => self.stream(parts, body, life).await,
            _ => {
                events::not_stored(
                    &self.slot.key,
                    "the body is longer than `max_body`, or not as long as announced",
                );
                self.alone(Response::from_parts(parts, body), Some(Mark::Pass))
                    .await
            }
        }
    }

    /// Passes the body on as it comes; whoever waits gets it when it has ended.
    async fn stream(mut self, parts: Parts, body: Body, life: Duration) {
        let (body, copying) = capture::tee(body, self.limit());
        self.answer(Reply::Response(Response::from_parts(parts.clone(), body)));
        match self.while_leased(copying).await {
            Some(body) if rules::has_length(&parts.headers, body.len() as u64) => {
                let entry = self.entry(parts, body, life);
                self.share(entry).await;
            }
            _ => {
                events::not_stored(&self.slot.key, "the stream failed, or is longer than `max_body`");
                self.seat.tell(Outcome::Alone);
                self.release(Some(Mark::Pass)).await;
            }
        }
    }

    /// Answers with a response that must not be stored. A failure that holds nothing private answers those that wait.
    async fn refuse(self, parts: Parts, body: Body) {
        let limit = self.limit();
        let size = body
            .size_hint()
            .exact()
            .filter(|size| *size <= limit as u64 && rules::has_length(&parts.headers, *size));
        let Some(size) = size.filter(|_| rules::failed(&parts)) else {
            let mark = if parts.status.is_server_error() {
                self.failed()
            } else {
                Some(Mark::Pass)
            };
            return self.alone(Response::from_parts(parts, body), mark).await;
        };
        match capture::collect(body, size, limit).await {
            Collected::Whole(body) => {
                let failure = Arc::new(Entry {
                    status: parts.status,
                    headers: parts.headers.clone(),
                    body: body.clone(),
                    born: self.engine.clock.now(),
                    fresh: Duration::ZERO,
                    stale: Duration::ZERO,
                    cost: Duration::ZERO,
                    tags: Vec::new(),
                });
                let mark = if parts.status.is_server_error() {
                    self.failed()
                } else {
                    None
                };
                let response = Response::from_parts(parts, Body::from(body));
                self.end(Some(Outcome::Failed(failure)), Reply::Response(response), mark)
                    .await;
            }
            Collected::Unstorable(body) => {
                let mark = self.failed();
                self.alone(Response::from_parts(parts, body), mark).await;
            }
        }
    }

    /// Stores the entry and answers everyone with it.
    ///
    /// A store that must be waited for is written to behind the responses. Memory comes first, so that whoever was
    /// answered finds at least that answer there.
    async fn share(mut self, entry: Arc<Entry>) {
        if self.engine.guard.is_memory() {
            self.commit(&entry).await;
            self.tell(entry);
        } else {
            self.tell(Arc::clone(&entry));
            self.commit(&entry).await;
        }
    }

    fn tell(&mut self, entry: Arc<Entry>) {
        self.seat.tell(Outcome::Shared(Arc::clone(&entry)));
        self.answer(Reply::Entry(entry));
    }

    async fn commit(&self, entry: &Arc<Entry>) {
        let Some(grant) = self.grant else { return };
        let guard = &self.engine.guard;
        match guard.behind(guard.store().commit(&self.slot, grant, entry)).await {
            Ok(Committed::Stored) => events::key_added(&self.slot.key),
            // Evicted meanwhile: that is what the lease is for.
            Ok(Committed::Fenced) => {}
            Err(error) => {
                events::failed_to_cache(&self.slot.key, &error);
                self.release(None).await;
            }
        }
    }

    async fn alone(self, response: Response, mark: Option<Mark>) {
        self.end(Some(Outcome::Alone), Reply::Response(response), mark)
            .await;
    }

    /// Ends without an entry. The seat is given up last: who is elected after a panic finds no lease in the way.
    async fn end(mut self, outcome: Option<Outcome>, reply: Reply, mark: Option<Mark>) {
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

    /// What a failure leaves behind: while a stale entry serves, the handler is spared.
    fn failed(&self) -> Option<Mark> {
        self.has_stale.then_some(Mark::Failed)
    }

    /// The mark, and how long it stands.
    fn standing(&self, mark: Mark) -> (Mark, Duration) {
        match mark {
            Mark::Pass => (mark, PASS_TTL),
            Mark::Failed => (mark, self.engine.settings.retry_after),
        }
    }

    /// Does `work`, and meanwhile renews the lease.
    async fn while_leased<T>(&self, work: impl Future<Output = T>) -> T {
        let Some(grant) = self.grant else {
            return work.await;
        };
        match select(pin!(work), pin!(self.renew(grant))).await {
            Either::Left((done, _)) => done,
            Either::Right(((), work)) => work.await,
        }
    }

    /// Returns when the lease stands no more, or has been held long enough.
    async fn renew(&self, grant: Grant) {
        let guard = &self.engine.guard;
        let started = time::Instant::now();
        while started.elapsed() < LONGEST_FILL {
            time::sleep(LEASE_TTL / 3).await;
            // No answer: the next try may still be in time.
            if let Ok(false) = guard.behind(guard.store().renew(&self.slot, grant.token)).await {
                return;
            }
        }
    }

    /// How long the response may be stored, if at all.
    fn life(&self, parts: &Parts) -> Option<Duration> {
        let default = self.engine.settings.default_expire;
        let now = self.engine.clock.now();
        // A `store_if` that panics has not said yes, and its response is none the worse for it.
        let judged = catch_unwind(AssertUnwindSafe(|| {
            rules::storable(parts, &self.policy, default, now)
        }));
        let life = judged.unwrap_or(Err(Refusal::StoreIf));
        life.inspect_err(|refusal| events::not_stored(&self.slot.key, refusal.as_str()))
            .ok()
    }

    fn limit(&self) -> usize {
        self.policy.max_body.unwrap_or(self.engine.settings.max_body)
    }

    fn entry(&self, mut parts: Parts, body: Bytes, life: Duration) -> Arc<Entry> {
        let steering = parts.extensions.remove::<Steering>().unwrap_or_default();
        let tags = steering.tags.iter().map(|tag| self.engine.names.user_tag(tag));
        let mut headers = rules::stored_headers(parts.headers);
        if !headers.contains_key(header::ETAG) {
            headers.insert(header::ETAG, rules::etag(&body));
        }
        let born = self.engine.clock.now();
        // Off the life itself, so that what clients are told is true.
        let jitter = self.engine.settings.jitter;
        let fresh = if jitter > 0.0 {
            life.mul_f64(1.0 - jitter * super::random())
        } else {
            life
        };
        Arc::new(Entry {
            status: parts.status,
            headers,
            body,
            born,
            fresh: fresh.max(Duration::from_millis(1)),
            stale: self.policy.stale_window(),
            cost: born.since(self.began),
            tags: tags.collect(),
        })
    }
}
