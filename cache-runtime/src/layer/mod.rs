//! Whole routers cached, by what requests ask for: a tower layer.
//!
//! The attribute knows a handler's arguments; the layer sees requests alone. It ends in the same engine: same stores,
//! flights, evictions and stale rules.

mod namespace;
mod pattern;
mod resource;
mod reference;
mod config;
mod evictions;
mod future;
mod service;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::routing::MethodFilter;
use http::{HeaderName, Method, request, response};
use tower_layer::Layer;

use self::{
    config::{Callback, EvictOn, LayerConfig, Rule, Target},
    namespace::Namespace,
    pattern::Route,
    resource::{Glob, Names},
};
pub use self::{future::ResponseFuture, pattern::PathPattern, service::CacheService};
use crate::{
    cache::Cache,
    key::handler,
    policy::{Http, Policy},
};

/// Caches the responses of a router, of one route, or of any tower service that speaks HTTP.
///
/// Entries are told apart by method, host, path and query; a query's order and escapes do not count. Requests with
/// [credentials](Self::credentials), such as `Authorization`, `Cookie` or `x-api-key`, have no part in what others share, unless
/// [`partition`](Self::partition) or [`public`](Self::public) says otherwise, or the response does (RFC 9111 section 3.5).
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use handler_cache::{Policy, layer::CacheLayer};
///
/// let layer = CacheLayer::new()
///     .rule("/products/{id}", Policy::new().expire(Duration::from_secs(30)))
///     .expire(Duration::from_secs(300))
///     .exclude(["/account"])
///     .ignore_query(["utm_*"]);
/// let app: Router = Router::new().route("/products/{id}", get(async || "a product")).layer(layer);
/// ```
///
/// The service may be any of tower's that speaks HTTP, of any errors and response bodies. Its request body needs a default
/// that stands for none, as `axum::body::Body` has.
///
/// The cache is the one [attached](Cache::attach) further out, else the global one; [`with_cache`](Self::with_cache) names another.
///
/// A layer is one namespace: its clones share entries, and so do all services that it is put around. Two layers, each with
/// its own `CacheLayer::new()`, never share one, so give each service its own, or give each a [`name`](Self::name).
/// Evictions by path reach all layers of a cache.
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is around a service"]
pub struct CacheLayer {
    /// Shared, because axum may clone the layer for each request.
    config: Arc<LayerConfig>,
    /// The same, ready to be used: made once, for axum may put a layer around its handler for each request.
    built: Arc<OnceLock<Arc<LayerConfig>>>,
}

impl Default for CacheLayer {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl CacheLayer {
    /// All paths, for the cache's `default_expire`.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            config: Arc::new(LayerConfig {
                namespace: Namespace::here(),
                ..LayerConfig::default()
            }),
            built: Arc::default(),
        }
    }

    /// With this cache, whatever else is attached.
    #[track_caller]
    pub fn with_cache(cache: &Cache) -> Self {
        Self::new().with(|config| config.cache = Some(cache.clone()))
    }

    fn with(mut self, tell: impl FnOnce(&mut LayerConfig)) -> Self {
        tell(Arc::make_mut(&mut self.config));
        // What was made of it before is for those that have it.
        self.built = Arc::default();
        self
    }

    /// Names the namespace of the entries: layers with the same name share entries, all others do not.
    ///
    /// Without a name, the namespace is the place in the source that made the layer, `src/main.rs:20:9`, and the ordinal of
    /// the layer among those that were made there. Give a name
    ///
    /// - to keep the entries over releases, since any change of the file may move the place;
    /// - where two programs share a prefix, or where it depends on the configuration which layers a process makes at one
    ///   place, since ordinals of two processes then mean different layers;
    /// - where layers are made for each request.
    ///
    /// ```
    /// use handler_cache::layer::CacheLayer;
    ///
    /// let public = CacheLayer::new().name("public");
    /// let admin = CacheLayer::new().name("admin");
    /// ```
    pub fn name(self, name: &str) -> Self {
        self.with(|config| config.namespace = Namespace::named(name))
    }

    /// How long entries live where no [`rule`](Self::rule) says otherwise. Below a millisecond nothing is stored.
    pub fn expire(self, life: Duration) -> Self {
        self.policy(Policy::with_ttl(life))
    }

    /// How the responses are cached for which no [`rule`](Self::rule) stands.
    ///
    /// Once there are rules, paths without one are cached only if this, or [`expire`](Self::expire), is said.
    pub fn policy(self, policy: Policy) -> Self {
        self.with(|config| config.default = Some(policy))
    }

    /// How the responses for these paths are cached, `"/products/{id}"` or `"/files/{*path}"` as in axum's routes. Of several
    /// that match, the first counts.
    ///
    /// # Panics
    /// When the text is no route.
    #[track_caller]
    pub fn rule(self, route: &str, policy: Policy) -> Self {
        self.with(|config| {
            config.rules.push(Rule {
                route: Route::new(route),
                policy,
                handler: handler::route(route),
            });
        })
    }

    /// Caches these paths only, as clients send them.
    ///
    /// # Panics
    /// When a text is no path.
    #[track_caller]
    pub fn only<P: Into<PathPattern>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        self.with(|config| {
            let paths = paths.into_iter().map(Into::into);
            config.only.get_or_insert_default().extend(paths);
        })
    }

    /// Does not cache these paths, whatever else is said, nor any path that a server may take for one of them: without escapes,
    /// without parameters (`/account;x.css`), with dot segments resolved (`/static/..;/account`). Where the URI was rewritten
    /// further out, neither of the two paths may be one.
    ///
    /// # Panics
    /// As [`only`](Self::only).
    #[track_caller]
    pub fn exclude<P: Into<PathPattern>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        self.with(|config| config.exclude.extend(paths.into_iter().map(Into::into)))
    }

    /// Names of the query that do not count, each as it is or with a `*` at its end.
    pub fn ignore_query<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(|config| config.names = Names::AllBut(names.into_iter().map(Glob::from).collect()))
    }

    /// The only names of the query that count.
    pub fn only_query<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(|config| config.names = Names::Only(names.into_iter().map(Glob::from).collect()))
    }

    /// Request headers, in lower case, that join the key and are named in `Vary`; for rules as well, beside their own.
    ///
    /// # Panics
    /// When a name is empty, not in lower case or not a header name.
    pub fn vary(self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.with(|config| config.vary.extend(names))
    }

    /// A cache for each answer of this function: each user, each tenant, those who signed in and all others. It must know
    /// whom the response is for, for then requests with credentials are cached as others are.
    ///
    /// What it returns stands in keys as a hash.
    pub fn partition(self, of: impl Fn(&request::Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.with(|config| config.partition = Some(Callback(Arc::new(of))))
    }

    /// Responses are for everybody: requests with credentials share them.
    pub fn public(self) -> Self {
        self.with(|config| config.public = true)
    }

    /// More request headers that say who is asking, in any case of letters.
    ///
    /// `Authorization`, `Cookie`, API keys, tokens, and what proxies say of a user (`x-forwarded-user`, `x-auth-…`,
    /// `x-amzn-oidc-…`) are known already.
    ///
    /// # Panics
    /// When a name is not a header name.
    #[track_caller]
    pub fn credentials<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(|config| {
            let names = names.into_iter().map(|name| match HeaderName::try_from(name) {
                Ok(name) => name,
                Err(_) => panic!("{name:?} is not a header name"),
            });
            config.credentials.extend(names);
        })
    }

    /// Something more of the request that tells entries apart.
    pub fn key(self, of: impl Fn(&request::Parts) -> String + Send + Sync + 'static) -> Self {
        self.with(|config| config.key = Some(Callback(Arc::new(of))))
    }

    /// Caches only requests that this accepts, and never more than the rules allow.
    pub fn admit(self, accepts: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.admit = Some(Callback(Arc::new(accepts))))
    }

    /// Stores only responses that this accepts, and never more than the rules allow.
    pub fn store_if(self, accepts: impl Fn(&response::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.store_if = Some(Callback(Arc::new(accepts))))
    }

    /// As a shared cache in front of an HTTP service does it: the responses themselves say how they are cached, as RFC 9111
    /// and RFC 5861 have it.
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
    pub fn http(self) -> Self {
        self.with(|config| config.http = config.http.or(Some(Http::default())))
    }

    /// As [`http`](Self::http), and a response that says nothing of its life, but when it was last modified, lives a tenth
    /// of the time since then, a day at most (RFC 9111 section 4.2.2).
    pub fn heuristics(self) -> Self {
        self.with(|config| config.http = Some(Http { guesses: true }))
    }

    /// The methods that are cached where no rule says otherwise; others than GET join the key with their name. Requests
    /// with a body never are.
    pub fn methods(self, methods: MethodFilter) -> Self {
        self.with(|config| config.methods = Some(methods))
    }

    /// Larger bodies pass through whole, unstored; bytes.
    pub fn max_body(self, bytes: usize) -> Self {
        self.with(|config| config.max_body = Some(bytes))
    }

    /// Once such a request succeeded, evicts these paths before the response is sent, however the request's path or theirs
    /// are spelled.
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
    #[track_caller]
    pub fn evict_on<'a>(
        self,
        method: Method,
        route: &str,
        targets: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        self.with(|config| {
            let route = Route::new(route);
            let targets = targets.into_iter().map(|target| Target::new(target, &route));
            config.evictions.push(EvictOn {
                method,
                targets: targets.collect(),
                route,
            });
        })
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = CacheService<S>;

    fn layer(&self, inner: S) -> CacheService<S> {
        let built = self
            .built
            .get_or_init(|| Arc::new(LayerConfig::clone(&self.config).build()));
        CacheService::new(inner, Arc::clone(built))
    }
}
