//! A request that memory could not answer, on the course that the store set it: answered, or led to the handler.

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
    time::Duration,
};

use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, future::BoxFuture};
use http::{HeaderMap, StatusCode};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{self, Instant},
};
use tracing::Instrument;

use super::{
    Engine,
    course::{Course, Spare},
    fill::{CachedWithin, Fill, Reply, Validated},
    spawn, variants,
};
use crate::{
    clock::Times,
    entry::Entry,
    events,
    flight::{Failure, Outcome, Seat, Waiter},
    handler::Handler,
    key::KeyError,
    policy::Policy,
    request::RequestHead,
    respond::{self, Forward, Made, Responder, Verdict},
    rules::{Refusal, Wishes},
    stats::HandlerCounters,
    steering::Steering,
    store::{Grant, Slot},
};

/// The tags of one request, as the option `tags` lists them.
#[derive(Debug, Default)]
pub struct TagList(Vec<String>);

impl TagList {
    /// One more.
    pub fn add(&mut self, tag: impl Into<String>) {
        self.0.push(tag.into());
    }
}

impl From<TagList> for Vec<String> {
    fn from(tags: TagList) -> Self {
        tags.0
    }
}

/// Which of the entries that stand in its slot a request is for.
pub(super) enum Accepts {
    All,
    /// Those that this accepts.
    Only(Box<Accept>),
    /// Those that answer requests with these headers.
    Variant(Arc<HeaderMap>),
}

type Accept = dyn Fn(&Entry) -> bool + Send + Sync;

impl Accepts {
    pub(super) fn only(accepts: impl Fn(&Entry) -> bool + Send + Sync + 'static) -> Self {
        Self::Only(Box::new(accepts))
    }

    pub(super) fn accept(&self, entry: &Entry) -> bool {
        match self {
            Self::All => true,
            Self::Only(accepts) => accepts(entry),
            Self::Variant(asked) => variants::answers(entry, asked),
        }
    }
}

impl fmt::Debug for Accepts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Only(_) => "some",
            Self::Variant(_) => "a variant",
        })
    }
}

/// What a run of the handler is for.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "layer"), expect(dead_code, reason = "for the layer"))]
pub(crate) struct Run {
    /// Others may have its answer, too.
    pub(crate) is_shared: bool,
    /// What is stored and cannot be served as it is: perhaps it is still what the handler would answer.
    pub(crate) stored: Option<Arc<Entry>>,
}

/// A run whose type is forgotten, so that what serves it is compiled once for all of them.
pub(crate) type BoxedRun = Box<dyn FnOnce(Run) -> BoxFuture<'static, Response> + Send>;

/// A request on its way through the cache.
#[derive(Debug)]
pub(crate) struct Request {
    pub(super) engine: Arc<Engine>,
    pub(super) handler: Handler,
    pub(super) policy: Policy,
    pub(super) request: RequestHead,
    pub(super) wishes: Wishes,
    pub(super) slot: Slot,
    pub(super) accepts: Accepts,
    /// The key of what it asks for, of which the slot may be one variant's.
    pub(super) resource: Arc<str>,
    pub(super) began: Instant,
}

impl Request {
    /// Tags that the arguments show. Asked for only where memory did not have the entry.
    pub(crate) fn tag(&mut self, tags: &[String]) {
        self.slot = self.engine.names.tagged(self.slot.clone(), tags);
    }

    /// More tags, by their whole names.
    pub(crate) fn bear(&mut self, tags: impl IntoIterator<Item = Arc<str>>) {
        self.slot.tags = self.slot.tags.iter().cloned().chain(tags).collect();
    }

    /// Goes past the cache.
    pub(crate) fn pass(self, reason: &'static str) {
        events::no_key(self.handler.label, &KeyError::new(reason));
        self.counters().bypassed.count();
    }

    /// As [`serve`](Self::serve).
    pub(crate) fn serve_boxed(self: Box<Self>, handler: BoxedRun) -> BoxFuture<'static, Response> {
        Box::pin(self.serve(handler))
    }

    /// The response, by whatever way.
    ///
    /// # Cancel safety
    /// Safe: a run that has begun goes on and is stored.
    pub(crate) async fn serve<F, Fut>(mut self: Box<Self>, handler: F) -> Response
    where
        F: FnOnce(Run) -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let Ok(runtime) = Handle::try_current() else {
            // Without timers neither store nor flights can be waited for.
            return self.run_alone(handler, Refusal::NoLease, Spare::default()).await;
        };
        let lookup = events::lookup(&self.slot.key);
        match self.course().instrument(lookup).await {
            Course::Hit(entry) => self.hit(&entry, Verdict::Hit),
            Course::Stale(entry) => self.hit(&entry, Verdict::Stale),
            Course::Refresh { entry, verdict, seen } => {
                self.refresh(&runtime, &entry, seen, handler);
                self.hit(&entry, verdict)
            }
            Course::NotCached => {
                self.counters().misses.count();
                respond::gateway_timeout(&self.engine.settings.style)
            }
            Course::Failed(failure) => self.failed(&failure),
            // What follows is large, and boxed so that a hit does not have to move it.
            Course::Alone(refusal, spare) => Box::pin(self.run_alone(handler, refusal, spare)).await,
            Course::Lead(seat, grant, spare) => {
                Box::pin(self.lead(&runtime, seat, Some(grant), spare, handler)).await
            }
            Course::Unleased(join, spare) => Box::pin(self.unleased(&runtime, join, spare, handler)).await,
        }
    }

    /// Runs the handler in a task of its own, and answers with what comes of it, or with the entry in reserve.
    pub(super) async fn lead<F, Fut>(
        &self,
        runtime: &Handle,
        seat: Seat,
        grant: Option<Grant>,
        spare: Spare,
        handler: F,
    ) -> Response
    where
        F: FnOnce(Run) -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let why = self.why(&spare);
        let has_lease = grant.is_some();
        let mut fill = Fill {
            grant,
            has_stale: spare.reserve.is_some(),
            has_fresh: spare.is_fresh,
            reply: Some(reply),
            ..self.fill(seat)
        };
        let span = events::fill(&self.slot.key);
        let Spare { reserve, stored, .. } = spare;
        let run = Run {
            is_shared: true,
            stored,
        };
        let running = async move { fill.run(|| handler(run)).await };
        spawn(runtime, Box::pin(running.instrument(span)));
        let answer = match (&reserve, self.policy.stale_if_slow) {
            (Some(entry), Some(slow)) => match time::timeout(slow, answer).await {
                Ok(answer) => answer,
                Err(_) => return self.hit(entry, Verdict::Stale),
            },
            _ => answer.await,
        };
        match (answer, reserve) {
            (Ok(Reply::Entry(entry, times, mut extensions)), _) => {
                let verdict = Verdict::Made(Made {
                    why,
                    validated: extensions.remove::<Validated>().is_some(),
                    stored: has_lease,
                });
                let mut response = self.respond(&entry, verdict, times);
                *response.extensions_mut() = extensions;
                response
            }
            (Ok(Reply::Response(response)), Some(entry)) if response.status().is_server_error() => {
                self.hit(&entry, Verdict::Stale)
            }
            (Ok(Reply::Panicked(_)), Some(entry)) => self.hit(&entry, Verdict::Stale),
            (Ok(Reply::Response(response)), _) => {
                let response = self.uncached(response, why);
                match self.policy.http {
                    // Its run was for others as well, and so without the conditions of its own request.
                    Some(_) => respond::conditional(response, &self.request),
                    None => response,
                }
            }
            (Ok(Reply::Panicked(panic)), None) => {
                self.counters().misses.count();
                resume_unwind(panic)
            }
            // The runtime shuts down and took the run with it.
            (Err(_), _) => {
                self.counters().misses.count();
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }

    /// How long it may still wait for others.
    pub(super) fn left(&self) -> Duration {
        self.engine.settings.wait.saturating_sub(self.began.elapsed())
    }

    /// Of the response nothing is stored, for this reason.
    pub(super) async fn run_alone<F, Fut>(&self, handler: F, refusal: Refusal, spare: Spare) -> Response
    where
        F: FnOnce(Run) -> Fut,
        Fut: Future<Output = Response>,
    {
        let counters = self.counters();
        let why = self.why(&spare);
        let began = Instant::now();
        let run = Run {
            is_shared: false,
            stored: spare.stored.clone(),
        };
        let ended = AssertUnwindSafe(async { handler(run).await })
            .catch_unwind()
            .await;
        let failed = ended
            .as_ref()
            .map_or(true, |response| response.status().is_server_error());
        counters.ran(began.elapsed(), failed);
        if let Some(reserve) = spare.reserve.filter(|_| failed) {
            return self.hit(&reserve, Verdict::Stale);
        }
        let mut response = ended.unwrap_or_else(|panic| {
            counters.misses.count();
            resume_unwind(panic)
        });
        counters.refused(refusal);
        response.extensions_mut().remove::<Steering>();
        self.evict_if_outdated(spare.stored.as_deref(), &response);
        self.uncached(response, why)
    }

    pub(super) fn counters(&self) -> &HandlerCounters {
        self.engine.counters.of(self.handler)
    }

    pub(super) fn hit(&self, entry: &Entry, verdict: Verdict) -> Response {
        events::key_found(&self.slot.key);
        self.respond(entry, verdict, self.engine.clock.times())
    }

    fn respond(&self, entry: &Entry, verdict: Verdict, times: Times) -> Response {
        self.counters().answered(verdict);
        let responder = Responder {
            number: self.handler.number,
            request: &self.request,
            policy: &self.policy,
            style: &self.engine.settings.style,
            times,
        };
        responder.answer(entry, verdict)
    }

    /// Another's failure.
    pub(super) fn failed(&self, failure: &Failure) -> Response {
        let mut response = respond::replay(&failure.entry);
        if let Some(cause) = &failure.cause {
            response.extensions_mut().insert(cause.clone());
        }
        self.uncached(response, Forward::Miss)
    }

    fn why(&self, spare: &Spare) -> Forward {
        let is_there = spare.reserve.is_some() || spare.stored.is_some();
        match (spare.is_fresh || self.wishes.refresh, is_there) {
            (true, _) => Forward::Request,
            (false, true) => Forward::Stale,
            (false, false) => Forward::Miss,
        }
    }

    pub(super) fn uncached(&self, mut response: Response, why: Forward) -> Response {
        if response.extensions_mut().remove::<CachedWithin>().is_some() {
            self.counters().bypassed.count();
            return response;
        }
        self.counters().misses.count();
        let made = Made {
            why,
            validated: response.extensions_mut().remove::<Validated>().is_some(),
            stored: false,
        };
        respond::uncached(response, &self.policy, &self.engine.settings.style, made)
    }
}

/// What the flight came to, unless it takes longer than `limit`.
pub(super) async fn wait(waiter: Waiter, limit: Duration) -> Option<Outcome> {
    time::timeout(limit, waiter.outcome()).await.ok()
}
