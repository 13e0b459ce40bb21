//! The settings of a layer, and the policies that result from them.

use std::sync::Arc;

use axum::routing::MethodFilter;
use http::{Extensions, HeaderName};

use super::{
    callback::{RequestCallback, ResponseCallback},
    eviction_target::EvictOn,
    handler_cached_routes::HandlerCachedRoutes,
    namespace::Namespace,
    path_pattern::PathPattern,
    query::QueryNames,
    route::Route,
};
use crate::{
    cache::{self, Cache},
    key::handler::{self, Handler},
    origin::CacheCore,
    policy::{Http, Policy},
};

/// The settings of a layer.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerConfig {
    pub(super) namespace: Namespace,
    /// `None`: the attached cache, or the global one.
    pub(super) cache: Option<Cache>,
    pub(super) rules: Vec<Rule>,
    /// The policy for paths without a rule.
    pub(super) default: Option<Policy>,
    /// Counts the requests without a rule. Set by [`build`](Self::build).
    pub(super) default_handler: Option<Handler>,
    pub(super) only: Option<Vec<PathPattern>>,
    pub(super) exclude: Vec<PathPattern>,
    pub(super) query_names: QueryNames,
    /// Request headers that are credentials, besides the known ones.
    pub(super) credentials: Vec<HeaderName>,
    pub(super) vary: Vec<&'static str>,
    pub(super) methods: Option<MethodFilter>,
    pub(super) max_body: Option<usize>,
    pub(super) http: Option<Http>,
    pub(super) public: bool,
    pub(super) partition: Option<RequestCallback<Option<String>>>,
    pub(super) key: Option<RequestCallback<String>>,
    pub(super) admit: Option<RequestCallback<bool>>,
    pub(super) store_if: Option<ResponseCallback<bool>>,
    pub(super) evictions: Vec<EvictOn>,
    pub(super) handler_cached_routes: HandlerCachedRoutes,
}

/// The policy for the responses of one route.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) route: Route,
    pub(super) policy: Policy,
    pub(super) handler: Handler,
}

impl LayerConfig {
    /// Completes the policies with the settings that apply to all of them.
    pub(super) fn build(mut self) -> Self {
        if self.rules.is_empty() {
            self.default.get_or_insert_default();
        }
        self.default = self.default.map(|policy| self.complete(policy));
        self.default_handler = self.default.map(|_| handler::route("*"));
        let rules = std::mem::take(&mut self.rules);
        self.rules = rules
            .into_iter()
            .map(|rule| Rule {
                policy: self.complete(rule.policy),
                ..rule
            })
            .collect();
        self
    }

    fn complete(&self, mut policy: Policy) -> Policy {
        if !self.vary.is_empty() {
            let own = policy.vary.iter().filter(|name| !self.vary.contains(name));
            let names: Vec<_> = own.chain(&self.vary).copied().collect();
            // Leaked once per layer: a layer is built when the program starts.
            policy = policy.vary(names.leak());
        }
        if self.public {
            policy = policy.public();
        }
        policy.http = self.http;
        policy.methods = match self.http {
            Some(_) => MethodFilter::GET,
            None => self.methods.unwrap_or(policy.methods),
        };
        policy.max_body = policy.max_body.or(self.max_body);
        policy
    }

    /// The layer's cache, else the one that serves the request.
    pub(super) fn core(&self, request: &Extensions) -> Option<Arc<CacheCore>> {
        match &self.cache {
            Some(cache) => Some(Arc::clone(&cache.core)),
            None => cache::core_for(request),
        }
    }

    /// The policy for a path, and the handler that its requests count for.
    pub(super) fn policy_for(&self, path: &str) -> Option<(Policy, Handler)> {
        let rule = self.rules.iter().find(|rule| rule.route.matches(path));
        match rule {
            Some(rule) => Some((rule.policy, rule.handler)),
            None => self.default.zip(self.default_handler),
        }
    }
}
