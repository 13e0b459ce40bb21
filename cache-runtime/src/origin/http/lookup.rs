//! Looks a request up in this process's memory, without waiting.

use std::sync::Arc;

use axum::response::Response;
use tokio::time::Instant;

use super::{Http, Request, response_rules::ResponseRules};
use crate::{
    clock::Times,
    engine::{RequestOptions, Target},
    entry::{Entry, Freshness},
    http::{
        Admission, RequestConstraints, admit, freshness,
        request_head::RequestHead,
        response::{CacheHeaders, Responder},
        write_key_variant,
    },
    key::{KeyArgs, KeyError, handler::Handler},
    origin::CacheCore,
    outcome::{CacheStatus, NotStoredReason},
    policy::Policy,
    telemetry::events,
};

/// What a lookup in memory found.
#[derive(Debug)]
pub(crate) enum MemoryLookup {
    /// The cache has no part in the request.
    Bypass,
    /// A response from memory.
    Hit(Response),
    /// The store must be read.
    Miss(Box<Request>),
}

/// The tags of one request, as the option `tags` lists them.
#[derive(Debug, Default)]
pub struct TagList(Vec<String>);

impl TagList {
    /// Adds a tag.
    pub fn add(&mut self, tag: impl Into<String>) {
        self.0.push(tag.into());
    }
}

impl From<TagList> for Vec<String> {
    fn from(tags: TagList) -> Self {
        tags.0
    }
}

impl CacheCore {
    /// Builds the key and looks into memory. `url_decides`: the response depends on nothing of the request but its URL.
    pub(crate) fn look_up(
        self: Arc<Self>,
        policy: &Policy,
        handler: Handler,
        head: RequestHead,
        url_decides: bool,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
    ) -> MemoryLookup {
        let engine = &self.engine;
        let counters = engine.counters.of(handler);
        let constraints = match admit(&head, policy, self.settings.client_control) {
            Admission::Serve(constraints) => constraints,
            Admission::Bypass => {
                counters.bypasses.increment();
                return MemoryLookup::Bypass;
            }
        };
        let cache_headers = CacheHeaders::new(policy, self.settings.client_max_age, url_decides);
        let write_variant = |key: &mut String| write_key_variant(key, policy, &head);
        let names = &engine.names;
        let looked_up = names.with_key(
            handler.name,
            policy.version,
            write,
            write_variant,
            |key, arguments| {
                let hit = self
                    .fresh_in_memory(key, policy, &head, &constraints)
                    .map(|(entry, times)| {
                        events::key_found(key);
                        counters.hits.increment();
                        let responder = Responder {
                            handler_number: handler.number,
                            request: &head,
                            policy,
                            status_headers: &self.settings.status_headers,
                            cache_headers,
                            times,
                        };
                        responder.answer(&entry, CacheStatus::Hit)
                    });
                hit.ok_or_else(|| {
                    let has_variants = policy.has_variants();
                    names.slot(key, handler, arguments, has_variants, handler.fingerprint)
                })
            },
        );
        let slot = match looked_up {
            Ok(Ok(response)) => return MemoryLookup::Hit(response),
            Ok(Err(slot)) => slot,
            // An argument has no text, such as a rejection.
            Err(error) => {
                events::no_key(handler.label, &error);
                counters.bypasses.increment();
                return MemoryLookup::Bypass;
            }
        };
        let options = RequestOptions {
            not_storable: (!constraints.fills).then_some(match head.range {
                true => NotStoredReason::Range,
                false => NotStoredReason::Head,
            }),
            only_if_cached: constraints.only_if_cached,
            refresh: constraints.refresh,
            validates: policy.http.is_some(),
            coalesces: true,
            commits_first: head.forces_refresh,
            stale_if_slow: policy.stale_if_slow,
        };
        let asked = policy.http.map(|_| Arc::new(head.fields().headers.clone()));
        MemoryLookup::Miss(Box::new(Request {
            engine: Arc::clone(&self.engine),
            target: Target {
                handler,
                resource: Arc::clone(&slot.key),
                slot,
            },
            options,
            began: Instant::now(),
            scope: None,
            protocol: Http {
                rules: Arc::new(ResponseRules {
                    core: self,
                    policy: *policy,
                    method: head.method.clone(),
                    asked,
                }),
                head,
                constraints,
                cache_headers,
            },
        }))
    }
}

impl CacheCore {
    /// The entry in memory, if it is fresh for this request and not due for a refresh.
    fn fresh_in_memory(
        &self,
        key: &str,
        policy: &Policy,
        head: &RequestHead,
        constraints: &RequestConstraints,
    ) -> Option<(Arc<Entry>, Times)> {
        let entry = match policy.http {
            None => self.engine.guard.store().peek(key)?,
            Some(_) => self.peek_variant(key, &head.fields().headers)?,
        };
        let times = self.engine.clock.times();
        match freshness(&entry, policy, constraints, times.now) {
            Freshness::Fresh { remaining } if !self.engine.is_early(&entry, remaining) => {
                Some((entry, times))
            }
            _ => None,
        }
    }
}

impl Request {
    /// Bypasses the cache after all.
    pub(crate) fn bypass(self, reason: &'static str) {
        events::no_key(self.target.handler.label, &KeyError::new(reason));
        self.engine.counters.of(self.target.handler).bypasses.increment();
    }
}
