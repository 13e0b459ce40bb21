//! Whole routers cached, by what requests ask for: a tower layer.
//!
//! The attribute knows a handler's arguments; the layer sees requests alone. It ends in the same engine: same stores,
//! flights, evictions and stale rules.

mod pattern;
mod resource;
mod plan;
mod future;
mod service;

use std::{sync::Arc, time::Duration};

use axum::routing::MethodFilter;
use http::{Method, request, response};
use tower_layer::Layer;

pub use self::{future::ResponseFuture, pattern::PathPattern, service::CacheService};
use self::{
    pattern::Route,
    plan::{EvictOn, Given, Plan, Rule, Target},
    resource::{Glob, Names},
};
use crate::{
    cache::Cache,
    handler,
    policy::{Http, Policy},
};

/// Caches the responses of a router, of one route, or of any tower service that speaks HTTP.
///
/// Entries are told apart by method, host, path and query; a query's order and escapes do not count. Requests with
/// `Authorization` or `Cookie` have no part in what others share, unless [`partition`](Self::partition) or
/// [`public`](Self::public) says otherwise, or the response does (RFC 9111 section 3.5).
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use handler_cache::{Policy, layer::CacheLayer};
///
/// let layer = CacheLayer::new()
///     .rule("/products/{id}", Policy::expire(Duration::from_secs(30)))
///     .expire(Duration::from_secs(300))
///     .exclude(["/account"])
///     .ignore_query(["utm_*"]);
/// let app: Router = Router::new().route("/products/{id}", get(async || "a product")).layer(layer);
/// ```
///
/// The cache is the one [attached](Cache::attach) further out, else the global one; [`of`](Self::of) names another.
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is around a service"]
pub struct CacheLayer {
    plan: Plan,
}

impl Default for CacheLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl CacheLayer {
    /// All paths, for the cache's `default_expire`.
    pub fn new() -> Self {
        Self {
            plan: Plan::default(),
        }
    }

    /// With this cache, whatever else is attached.
    pub fn of(cache: &Cache) -> Self {
        let mut layer = Self::new();
        layer.plan.cache = Some(cache.clone());
        layer
    }

    /// How long entries live where no [`rule`](Self::rule) says otherwise. Below a millisecond nothing is stored.
    pub fn expire(self, life: Duration) -> Self {
        self.policy(Policy::lasting(life))
    }

    /// How the responses are cached for which no [`rule`](Self::rule) stands.
    ///
    /// Once there are rules, paths without one are cached only if this, or [`expire`](Self::expire), is said.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.plan.default = Some(policy);
        self
    }

    /// How the responses for these paths are cached, `"/products/{id}"` or `"/files/{*path}"` as in axum's routes. Of several
    /// that match, the first counts.
    ///
    /// # Panics
    /// When the text is no route.
    pub fn rule(mut self, route: &str, policy: Policy) -> Self {
        self.plan.rules.push(Rule {
            route: Route::new(route),
            policy,
            handler: handler::route(route),
        });
        self
    }

    /// Caches these paths only.
    ///
    /// # Panics
    /// When a text is no path.
    pub fn only<P: Into<PathPattern>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let paths = paths.into_iter().map(Into::into);
        self.plan.only.get_or_insert_default().extend(paths);
        self
    }

    /// Does not cache these paths, whatever else is said.
    ///
    /// # Panics
    /// As [`only`](Self::only).
    pub fn exclude<P: Into<PathPattern>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.plan.exclude.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Names of the query that do not count, each as it is or with a `*` at its end.
    pub fn ignore_query<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.plan.names = Names::AllBut(names.into_iter().map(Glob::from).collect());
        self
    }

    /// The only names of the query that count.
    pub fn only_query<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.plan.names = Names::Only(names.into_iter().map(Glob::from).collect());
        self
    }

    /// Request headers, in lower case, that join the key and are named in `Vary`; for rules as well, beside their own.
    ///
    /// # Panics
    /// When a name is empty, not in lower case or not a header name.
    pub fn vary(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.plan.vary.extend(names);
        self
    }

    /// A cache for each answer of this function: each user, each tenant, those who signed in and all others. It must know
    /// whom the response is for, for then requests with `Authorization` or `Cookie` are cached as others are.
    ///
    /// What it returns stands in keys as a hash.
    pub fn partition(
        mut self,
        of: impl Fn(&request::Parts) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.plan.partition = Some(Given(Arc::new(of)));
        self
    }

    /// Responses are for everybody: requests with `Authorization` or `Cookie` share them.
    pub fn public(mut self) -> Self {
        self.plan.public = true;
        self
    }

    /// Something more of the request that tells entries apart.
    pub fn key(mut self, of: impl Fn(&request::Parts) -> String + Send + Sync + 'static) -> Self {
        self.plan.key = Some(Given(Arc::new(of)));
        self
    }

    /// Caches only requests that this accepts, and never more than the rules allow.
    pub fn admit(mut self, accepts: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.plan.admit = Some(Given(Arc::new(accepts)));
        self
    }

    /// Stores only responses that this accepts, and never more than the rules allow.
    pub fn store_if(mut self, accepts: impl Fn(&response::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.plan.store_if = Some(Given(Arc::new(accepts)));
        self
    }

    /// As a shared cache in front of an HTTP service does it: the responses themselves say how they are cached, and
    /// everything in RFC 9111 and RFC 5861 holds that such a cache must or should do.
    ///
    /// For gateways, and for handlers that set their own caching headers: those reach the client as they are, with `Age`
    /// beside them on a hit. What has validators is validated with the service when its life is over; `Vary` keeps variants
    /// side by side; a part of a stored response is cut out for `Range`; while the service fails, what is stored answers
    /// where no directive forbids it, for a day after its life or as long as a policy's `stale_if_error` says.
    ///
    /// A response that says nothing of its life lives as long as [`expire`](Self::expire) or its rule's policy say, which
    /// is no time if they are silent, too. Methods other than GET and HEAD go past the cache, and a client's `no-cache` has
    /// the response validated.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use handler_cache::layer::CacheLayer;
    ///
    /// let gateway = CacheLayer::new().http();
    /// let with_a_default = CacheLayer::new().http().expire(Duration::from_secs(10));
    /// ```
    pub fn http(mut self) -> Self {
        self.plan.http.get_or_insert_default();
        self
    }

    /// As [`http`](Self::http), and a response that says nothing of its life, but when it was last modified, lives a tenth
    /// of the time since then, a day at most (RFC 9111 section 4.2.2).
    pub fn heuristics(mut self) -> Self {
        self.plan.http = Some(Http { guesses: true });
        self
    }

    /// The methods that are cached where no rule says otherwise; others than GET join the key with their name. Requests
    /// with a body never are.
    pub fn methods(mut self, methods: MethodFilter) -> Self {
        self.plan.methods = Some(methods);
        self
    }

    /// Larger bodies pass through whole, unstored; bytes.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.plan.max_body = Some(bytes);
        self
    }

    /// Once such a request succeeded, evicts these paths before the response is sent.
    ///
    /// A target is a path, `"/users/{id}"` with what the request's path has in the place of the name; or `"/users/*"`: the
    /// path and all below it.
    ///
    /// ```
    /// use axum::http::Method;
    /// use handler_cache::layer::CacheLayer;
    ///
    /// let layer = CacheLayer::new().evict_on(Method::PUT, "/users/{id}", ["/users/{id}/*", "/users"]);
    /// ```
    ///
    /// # Panics
    /// When a text is no path, or a target names what the route does not.
    pub fn evict_on<'a>(
        mut self,
        method: Method,
        route: &str,
        targets: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let route = Route::new(route);
        let targets = targets.into_iter().map(|target| Target::new(target, &route));
        self.plan.evictions.push(EvictOn {
            method,
            targets: targets.collect(),
            route,
        });
        self
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = CacheService<S>;

    fn layer(&self, inner: S) -> CacheService<S> {
        CacheService::new(inner, Arc::new(self.plan.clone().settled()))
    }
}
