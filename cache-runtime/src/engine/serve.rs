//! A request that memory could not answer, on the course that the store set it: answered, or led to the handler.

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    pin::pin,
    sync::Arc,
};

use axum::response::{IntoResponse, Response};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Either, select},
};
use http::{HeaderMap, StatusCode};
use tokio::{runtime::Handle, sync::oneshot, time::Instant};
use tracing::Instrument;

use super::{
    Engine,
    course::{Course, Spare},
    deadlines::Deadlines,
    fill::{CachedWithin, Fill, Reply, Validated},
    local::Joined,
    scope::RequestScope,
    spawn, variants,
};
use crate::{
    clock::Times,
    engine::flight::{Failure, Seat},
    entry::Entry,
    http::{
        RequestConstraints,
        request_head::RequestHead,
        response::{self as respond, CacheHeaders, Responder},
        response_parts::StoreOptions,
    },
    key::{KeyError, handler::Handler},
    outcome::{CacheStatus, ForwardReason, Forwarded, NotStoredReason},
    policy::Policy,
    stats::HandlerCounters,
    store::{Budget, Grant, Slot},
    telemetry::events,
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
    pub(super) constraints: RequestConstraints,
    pub(super) cache_headers: CacheHeaders,
    pub(super) slot: Slot,
    pub(super) accepts: Accepts,
    /// The key of what it asks for, of which the slot may be one variant's.
    pub(super) resource: Arc<str>,
    /// Requests for the slot are likely to get the same answer: they wait for one another's fills.
    pub(super) coalesces: bool,
    pub(super) began: Instant,
    /// What it shares with all other work of the same request, unless there is none.
    pub(crate) scope: Option<Arc<RequestScope>>,
}

/// What a request that fills is answered with.
enum First {
    Own(Reply),
    /// The entry of another fill, which ended first.
    Joined(Arc<Entry>),
    /// The stale fallback.
    Slow,
    /// Nothing: the fill is gone.
    Gone,
}

impl Request {
    /// Its share of the request's store time.
    pub(super) fn budget(&self) -> Budget {
        self.scope
            .as_ref()
            .map_or_else(Budget::default, |scope| scope.budget())
    }

    /// Tags that the arguments show. Asked for only where memory did not have the entry.
    pub(crate) fn tag(&mut self, tags: &[String]) {
        self.slot = self.engine.names.tagged(self.slot.clone(), tags);
    }

    /// More tags, by their whole names.
    pub(crate) fn bear(&mut self, tags: impl IntoIterator<Item = Arc<str>>) {
        self.slot.tags = self.slot.tags.iter().cloned().chain(tags).collect();
    }

    /// Takes no part in coalescing: others are likely to get an answer of their own.
    #[cfg_attr(not(feature = "layer"), expect(dead_code, reason = "for the layer"))]
    pub(crate) fn fill_alone(&mut self) {
        self.coalesces = false;
    }

    /// Goes past the cache.
    pub(crate) fn pass(self, reason: &'static str) {
        events::no_key(self.handler.label, &KeyError::new(reason));
        self.counters().bypasses.increment();
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
            return self
                .run_alone(handler, NotStoredReason::NoLease, Spare::default())
                .await;
        };
        if !self.constraints.only_if_cached && self.engine.is_filled_by_this_task(&self.resource) {
            return Box::pin(self.run_alone(handler, NotStoredReason::NoLease, Spare::default())).await;
        }
        let lookup = events::lookup(&self.slot.key);
        match self.course().instrument(lookup).await {
            Course::Hit(entry) => self.hit(&entry, CacheStatus::Hit),
            Course::Stale(entry) => self.hit(&entry, CacheStatus::Stale),
            Course::Refresh {
                entry,
                verdict,
                snapshot,
            } => {
                self.refresh(&runtime, &entry, snapshot, handler);
                self.hit(&entry, verdict)
            }
            Course::NotCached => {
                self.counters().misses.increment();
                respond::gateway_timeout(&self.engine.settings.status_headers)
            }
            Course::Failed(failure) => self.failed(&failure),
            // What follows is large, and boxed so that a hit does not have to move it.
            Course::Alone(refusal, spare) => Box::pin(self.run_alone(handler, refusal, spare)).await,
            Course::Lead(seat, grant, spare) => {
                Box::pin(self.lead(&runtime, seat, Some(grant), spare, Vec::new(), handler)).await
            }
            Course::Local(late, spare) => Box::pin(self.fill_locally(&runtime, late, spare, handler)).await,
        }
    }

    /// Fills in a task of its own, and answers with what comes of it, with the stale fallback, or with the entry of a fill
    /// in `joined` that ends first. Without a permit for a task it fills in the request's own, and the client that leaves
    /// ends it.
    pub(super) async fn lead<F, Fut>(
        &self,
        runtime: &Handle,
        seat: Seat,
        grant: Option<Grant>,
        spare: Spare,
        joined: Vec<Joined>,
        handler: F,
    ) -> Response
    where
        F: FnOnce(Run) -> Fut + Send + 'static,
        Fut: Future<Output = Response> + Send + 'static,
    {
        let is_detached = seat.may_detach();
        if !is_detached {
            self.engine.counters.rejected.fills.increment();
            if let Some(reserve) = &spare.reserve {
                return self.hit(reserve, CacheStatus::Stale);
            }
        }
        let deadlines = self.deadlines(&spare);
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
        let filling = async move { fill.run(|| handler(run)).await };
        let filling = Box::pin(filling.instrument(span));
        match is_detached {
            true => spawn(runtime, filling),
            false => filling.await,
        }
        match (self.first(answer, joined, &deadlines).await, reserve) {
            (First::Joined(entry), _) => self.hit(&entry, CacheStatus::Hit),
            (First::Own(Reply::Entry(entry, times, mut extensions)), _) => {
                let verdict = CacheStatus::Forwarded(Forwarded {
                    reason: why,
                    revalidated: extensions.remove::<Validated>().is_some(),
                    stored: has_lease,
                });
                let mut response = self.respond(&entry, verdict, times);
                *response.extensions_mut() = extensions;
                response
            }
            (First::Own(Reply::Response(response)), Some(entry)) if response.status().is_server_error() => {
                self.hit(&entry, CacheStatus::Stale)
            }
            // Without a reply, the fill panicked outside the handler, or the runtime that shuts down dropped it.
            (First::Own(Reply::Panicked(_)) | First::Slow | First::Gone, Some(entry)) => {
                self.hit(&entry, CacheStatus::Stale)
            }
            (First::Own(Reply::Response(response)), _) => {
                // A layer's service was called for others as well, and so without the conditions of this request.
                let is_unconditional =
                    self.policy.http.is_some() || response.extensions().get::<CachedWithin>().is_some();
                let response = self.uncached(response, why);
                match is_unconditional {
                    true => respond::apply_conditions(response, &self.request),
                    false => response,
                }
            }
            (First::Own(Reply::Panicked(panic)), None) => {
                self.counters().misses.increment();
                resume_unwind(panic)
            }
            (First::Gone | First::Slow, None) => {
                self.counters().misses.increment();
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }

    /// What answers a request that fills: its own fill, unless another that it has joined ends first.
    async fn first(
        &self,
        own: oneshot::Receiver<Reply>,
        joined: Vec<Joined>,
        deadlines: &Deadlines,
    ) -> First {
        let own = async {
            match deadlines.wait_for_own(own).await {
                Some(Ok(reply)) => First::Own(reply),
                Some(Err(_)) => First::Gone,
                None => First::Slow,
            }
        };
        if joined.is_empty() {
            return own.await;
        }
        match select(pin!(own), pin!(self.first_of(joined))).await {
            Either::Left((own, _)) => own,
            Either::Right((entry, _)) => First::Joined(entry),
        }
    }

    /// Of the response nothing is stored, for this reason.
    pub(super) async fn run_alone<F, Fut>(
        &self,
        handler: F,
        refusal: NotStoredReason,
        spare: Spare,
    ) -> Response
    where
        F: FnOnce(Run) -> Fut,
        Fut: Future<Output = Response>,
    {
        let counters = self.counters();
        let why = self.why(&spare);
        let began = Instant::now();
        let arrived = self.engine.clock.now();
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
        counters.filled(began.elapsed(), failed);
        if let Some(reserve) = spare.reserve.filter(|_| failed) {
            return self.hit(&reserve, CacheStatus::Stale);
        }
        let mut response = ended.unwrap_or_else(|panic| {
            counters.misses.increment();
            resume_unwind(panic)
        });
        counters.refused(refusal);
        if refusal == NotStoredReason::HitForMiss {
            response = self.confirm_marker(response, arrived);
        }
        response.extensions_mut().remove::<StoreOptions>();
        self.evict_if_outdated(spare.stored.as_deref(), &response);
        self.uncached(response, why)
    }

    pub(super) fn counters(&self) -> &HandlerCounters {
        self.engine.counters.of(self.handler)
    }

    pub(super) fn hit(&self, entry: &Entry, verdict: CacheStatus) -> Response {
        events::key_found(&self.slot.key);
        self.respond(entry, verdict, self.engine.clock.times())
    }

    fn respond(&self, entry: &Entry, verdict: CacheStatus, times: Times) -> Response {
        self.counters().answered(verdict);
        let responder = Responder {
            handler_number: self.handler.number,
            request: &self.request,
            policy: &self.policy,
            status_headers: &self.engine.settings.status_headers,
            cache_headers: self.cache_headers,
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
        self.uncached(response, ForwardReason::Miss)
    }

    fn why(&self, spare: &Spare) -> ForwardReason {
        let is_there = spare.reserve.is_some() || spare.stored.is_some();
        match (spare.is_fresh || self.constraints.refresh, is_there) {
            (true, _) => ForwardReason::Request,
            (false, true) => ForwardReason::Stale,
            (false, false) => ForwardReason::Miss,
        }
    }

    pub(super) fn uncached(&self, mut response: Response, why: ForwardReason) -> Response {
        if response.extensions_mut().remove::<CachedWithin>().is_some() {
            self.counters().bypasses.increment();
            return response;
        }
        self.counters().misses.increment();
        let made = Forwarded {
            reason: why,
            revalidated: response.extensions_mut().remove::<Validated>().is_some(),
            stored: false,
        };
        respond::uncached(response, &self.policy, &self.engine.settings.status_headers, made)
    }
}
