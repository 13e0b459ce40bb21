//! HTTP origins: handlers and services.

mod body;
mod endless;
mod lookup;
mod response_rules;
mod judge;
mod judged;
mod streaming;
mod variants;

use std::{fmt, sync::Arc};

use axum::{
    body::HttpBody,
    response::{IntoResponse, Response},
};
use futures_util::future::BoxFuture;
use http::{Extensions, StatusCode};
use http_body::SizeHint;

pub use self::lookup::TagList;
pub(crate) use self::{body::BufferBudget, endless::EndlessKeys, lookup::MemoryLookup};
use self::{response_rules::ResponseRules, streaming::Streaming};
use crate::{
    clock::{Times, Timestamp},
    engine::{self, Failure, FillContext, Produced, Protocol, Run, Target, Uncached, UncachedRun},
    entry::{Entry, Freshness},
    http::{
        RequestConstraints, freshness,
        request_head::RequestHead,
        response::{self as respond, CacheHeaders, Responder},
    },
    outcome::{CacheStatus, Forwarded},
};

/// In a response's extensions: this response answers its own request and no other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unshared;

/// In a response's extensions: a cache nearer to the handler has answered, and this one has no part in the response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CachedWithin;

/// In a response's extensions: the service found that the stored response is still current.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validated;

/// A request to a handler or service.
pub(crate) type Request = engine::Request<Http>;

/// One request, as HTTP has it.
#[derive(Debug)]
pub(crate) struct Http {
    rules: Arc<ResponseRules>,
    head: RequestHead,
    constraints: RequestConstraints,
    cache_headers: CacheHeaders,
}

/// A handler or service, ready to be called once.
pub(crate) struct Origin {
    rules: Arc<ResponseRules>,
    call: Call,
}

pub(crate) enum Call {
    Handler(BoxFuture<'static, Response>),
    #[cfg_attr(not(feature = "layer"), expect(dead_code, reason = "for the layer"))]
    Service(Box<dyn FnOnce(Run) -> BoxFuture<'static, Response> + Send>),
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handler(_) => "Handler(..)",
            Self::Service(_) => "Service(..)",
        })
    }
}

/// A response, as the handler or service returned it.
pub(crate) struct Received {
    rules: Arc<ResponseRules>,
    response: Response,
    /// Read inside `catch_unwind`, since the body may panic.
    size: SizeHint,
}

impl Request {
    /// Adds tags that the arguments show. Called only where memory did not have the entry.
    pub(crate) fn tag(&mut self, tags: &[String]) {
        self.target.slot = self.engine.names.tagged(self.target.slot.clone(), tags);
    }

    /// Adds tags by their whole names.
    #[cfg(any(feature = "layer", test))]
    pub(crate) fn add_tag_names(&mut self, tags: impl IntoIterator<Item = Arc<str>>) {
        let slot = &mut self.target.slot;
        slot.tags = slot.tags.iter().cloned().chain(tags).collect();
    }

    /// Is not coalesced: other requests are likely to get another answer.
    #[cfg_attr(not(feature = "layer"), expect(dead_code, reason = "for the layer"))]
    pub(crate) fn fill_alone(&mut self) {
        self.options.coalesces = false;
    }

    /// As [`serve`](engine::Request::serve).
    pub(crate) fn answer(self: Box<Self>, call: Call) -> BoxFuture<'static, Response> {
        let rules = Arc::clone(&self.protocol.rules);
        Box::pin(self.serve(Origin { rules, call }))
    }
}

impl Http {
    fn responder(&self, target: &Target, times: Times) -> Responder<'_> {
        Responder {
            handler_number: target.handler.number,
            request: &self.head,
            policy: &self.rules.policy,
            status_headers: &self.rules.core.settings.status_headers,
            cache_headers: self.cache_headers,
            times,
        }
    }
}

impl Protocol for Http {
    type Answer = Response;
    type Extra = Extensions;
    type Origin = Origin;
    type Received = Received;
    type Rest = Box<Streaming>;

    fn accepts(&self, entry: &Arc<Entry>) -> bool {
        let asked = self.rules.asked.as_ref();
        asked.is_none_or(|asked| variants::answers(entry, asked))
    }

    fn variant_key(&self, target: &Target, other: &Entry) -> Option<Arc<str>> {
        self.rules.variant_key(target, other)
    }

    fn freshness(&self, entry: &Entry, now: Timestamp) -> Freshness {
        freshness(entry, &self.rules.policy, &self.constraints, now)
    }

    fn is_fresh_for_others(&self, entry: &Entry, now: Timestamp) -> bool {
        let freshness = freshness(entry, &self.rules.policy, &RequestConstraints::none(true), now);
        matches!(freshness, Freshness::Fresh { .. })
    }

    fn answer_entry(
        &self,
        target: &Target,
        entry: &Arc<Entry>,
        status: CacheStatus,
        times: Times,
    ) -> Response {
        self.responder(target, times).answer(entry, status)
    }

    fn answer_own_entry(
        &self,
        target: &Target,
        entry: &Arc<Entry>,
        extensions: Extensions,
        forwarded: Forwarded,
        times: Times,
    ) -> Response {
        let responder = self.responder(target, times);
        let mut response = responder.answer(entry, CacheStatus::Forwarded(forwarded));
        *response.extensions_mut() = extensions;
        response
    }

    fn uncached(&self, mut response: Response, forwarded: Forwarded, is_shared: bool) -> Response {
        let is_cached_within = response.extensions_mut().remove::<CachedWithin>().is_some();
        // A layer's service was called for other requests as well, and so without the conditions of this one.
        let is_unconditional = is_shared && (self.rules.policy.http.is_some() || is_cached_within);
        if !is_cached_within {
            let style = &self.rules.core.settings.status_headers;
            response = respond::uncached(response, &self.rules.policy, style, forwarded);
        }
        match is_unconditional {
            true => respond::apply_conditions(response, &self.head),
            false => response,
        }
    }

    fn accepts_failure(&self, failure: &Failure) -> bool {
        failure.is::<Entry>()
    }

    fn answer_failure(&self, failure: &Failure) -> Option<Response> {
        failure.downcast_ref().map(respond::replay)
    }

    fn not_cached(&self) -> Response {
        respond::gateway_timeout(&self.rules.core.settings.status_headers)
    }

    fn unavailable(&self) -> Response {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }

    fn is_cached_within(response: &Response) -> bool {
        response.extensions().get::<CachedWithin>().is_some()
    }

    async fn run(Origin { rules, call }: Origin, run: Run) -> Received {
        let response = match call {
            Call::Handler(handler) => handler.await,
            Call::Service(service) => service(run).await,
        };
        let size = response.body().size_hint();
        Received {
            rules,
            response,
            size,
        }
    }

    fn has_failed(received: &Received) -> bool {
        received.response.status().is_server_error()
    }

    fn judge(received: Received, fill: &FillContext) -> Produced<Self> {
        judge::judge(received, fill)
    }

    async fn read(rest: Box<Streaming>, fill: &FillContext) -> Produced<Self> {
        rest.read(fill).await
    }

    fn judge_uncached(received: Received, run: &UncachedRun<'_>) -> Uncached<Self> {
        judge::judge_uncached(received, run)
    }
}
