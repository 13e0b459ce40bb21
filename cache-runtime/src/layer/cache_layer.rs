//! [`CacheLayer`] and its settings.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::routing::MethodFilter;
use http::{HeaderName, Method, request, response};
use tower_layer::Layer;

use super::{
    callback::Callback,
    config::{LayerConfig, Rule},
    eviction_target::{EvictOn, TargetTemplate},
    namespace::Namespace,
    path_pattern::PathPattern,
    query::{Glob, QueryNames},
    route::Route,
    service::CacheService,
};
use crate::{
    cache::Cache,
    key::handler,
    policy::{Http, Policy},
};

/// Caches the responses of a router, of a route, or of any tower service for HTTP.
///
/// The key of an entry consists of the method, host, path and query; the order of the query's parameters and escapes in it make
/// no difference. Requests with [credentials](Self::credentials), such as `Authorization`, `Cookie` or `x-api-key`, neither
/// receive nor fill shared entries, unless [`partition`](Self::partition) or [`public`](Self::public) is set, or the response
/// allows sharing (RFC 9111 section 3.5).
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
/// The service may have any error and response body. Its request body needs a default that is empty, as `axum::body::Body` has.
///
/// The cache is the one [attached](Cache::attach) further out, else the global one; [`with_cache`](Self::with_cache) sets
/// another.
///
/// # Namespaces
/// A layer is one namespace: its clones share entries, and so do all services that it is put around. Two calls of
/// `CacheLayer::new()` never share entries, so create a layer for each service, or give each a [`name`](Self::name). Evictions by
/// path reach all layers of a cache.
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is around a service"]
pub struct CacheLayer {
    /// Shared, because axum may clone the layer for each request.
    config: Arc<LayerConfig>,
    /// The built config. Built once, because axum may call `layer` for each request.
    built: Arc<OnceLock<Arc<LayerConfig>>>,
}

impl Default for CacheLayer {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl CacheLayer {
    /// Caches all paths, with the cache's [`default_expire`](crate::CacheBuilder::default_expire) as TTL.
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

    /// As [`new`](Self::new), with this cache, whichever is attached.
    ///
    /// ```
    /// use handler_cache::{Cache, layer::CacheLayer};
    ///
    /// # async fn build() -> Result<(), handler_cache::Error> {
    /// let cache = Cache::builder().build().await?;
    /// let layer = CacheLayer::with_cache(&cache);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn with_cache(cache: &Cache) -> Self {
        Self::new().set(|config| config.cache = Some(cache.clone()))
    }

    fn set(mut self, set: impl FnOnce(&mut LayerConfig)) -> Self {
        set(Arc::make_mut(&mut self.config));
        // Services of the layer before this change keep the config that was built for them.
        self.built = Arc::default();
        self
    }

    /// Sets the name of the namespace: layers with the same name share entries, all others do not.
    ///
    /// Without a name, the namespace is the source location that created the layer, `src/main.rs:20:9`, and the ordinal of the
    /// layer among those created there. Set a name
    ///
    /// - to keep the entries over releases, since a change of the file may move the location;
    /// - if two programs share a prefix, or if the configuration determines which layers a process creates at one location: the
    ///   ordinals of two processes then mean different layers;
    /// - if layers are created for each request.
    ///
    /// ```
    /// use handler_cache::layer::CacheLayer;
    ///
    /// let public = CacheLayer::new().name("public");
    /// let admin = CacheLayer::new().name("admin");
    /// ```
    pub fn name(self, name: &str) -> Self {
        self.set(|config| config.namespace = Namespace::named(name))
    }

    /// The TTL of entries for paths without a [`rule`](Self::rule). Below one millisecond nothing is stored.
    ///
    /// Replaces [`policy`](Self::policy).
    pub fn expire(self, ttl: Duration) -> Self {
        self.policy(Policy::with_ttl(ttl))
    }

    /// The policy for paths without a [`rule`](Self::rule).
    ///
    /// A layer with rules caches other paths only if this or [`expire`](Self::expire) is set.
    pub fn policy(self, policy: Policy) -> Self {
        self.set(|config| config.default = Some(policy))
    }

    /// The policy for the paths of a route, `"/products/{id}"` or `"/files/{*path}"`, in the syntax of axum. The first rule that
    /// matches counts.
    ///
    /// # Panics
    /// If the text is not a route.
    #[track_caller]
    pub fn rule(self, route: &str, policy: Policy) -> Self {
        self.set(|config| {
            config.rules.push(Rule {
                route: Route::new(route),
                policy,
                handler: handler::route(route),
            });
        })
    }

    /// Caches only these paths, as clients send them.
    ///
    /// # Panics
    /// If a text is not a path, see [`PathPattern`].
    #[track_caller]
    pub fn only<P: Into<PathPattern>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        self.set(|config| {
            let paths = paths.into_iter().map(Into::into);
            config.only.get_or_insert_default().extend(paths);
        })
    }

    /// Does not cache these paths, whatever other settings say.
    ///
    /// Nor any path that a server may read as one of them: unescaped, without parameters (`/account;x.css`), or with dot segments
    /// resolved (`/static/..;/account`). Of a URI that was rewritten further out, both paths are compared.
    ///
    /// # Panics
    /// If a text is not a path, see [`PathPattern`].
    #[track_caller]
    pub fn exclude<P: Into<PathPattern>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        self.set(|config| config.exclude.extend(paths.into_iter().map(Into::into)))
    }

    /// Query parameters that are not part of the key, by name, or with a `*` at the end by prefix.
    pub fn ignore_query<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.set(|config| {
            config.query_names = QueryNames::AllBut(names.into_iter().map(Glob::from).collect())
        })
    }

    /// The only query parameters that are part of the key, by name, or with a `*` at the end by prefix.
    pub fn only_query<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.set(|config| config.query_names = QueryNames::Only(names.into_iter().map(Glob::from).collect()))
    }

    /// Request headers, in lower case, that become part of the key and are named in the response's `Vary`; also for rules, besides
    /// their own.
    ///
    /// # Panics
    /// If a name is empty, not in lower case or not a header name, once the layer is put around a service.
    pub fn vary(self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.set(|config| config.vary.extend(names))
    }

    /// Partitions the cache by the result of this function, for example by user, by tenant, or by whether a user is signed in.
    ///
    /// The function must take everything into account that the response depends on: with it, requests with credentials are cached
    /// as all others. Its result is hashed before it becomes part of a key.
    ///
    /// ```
    /// use handler_cache::layer::CacheLayer;
    ///
    /// let by_tenant = CacheLayer::new().partition(|request| {
    ///     let tenant = request.headers.get("x-tenant")?.to_str().ok()?;
    ///     Some(tenant.to_owned())
    /// });
    /// ```
    pub fn partition(self, of: impl Fn(&request::Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.set(|config| config.partition = Some(Callback(Arc::new(of))))
    }

    /// Responses are the same for everybody: requests with credentials share them.
    pub fn public(self) -> Self {
        self.set(|config| config.public = true)
    }

    /// More request headers that identify the user, in any case.
    ///
    /// Known are `Authorization`, `Cookie`, API keys, tokens, and the headers by which proxies pass on the user
    /// (`x-forwarded-user`, `x-auth-…`, `x-amzn-oidc-…`).
    ///
    /// # Panics
    /// If a name is not a header name.
    #[track_caller]
    pub fn credentials<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.set(|config| {
            let names = names.into_iter().map(|name| match HeaderName::try_from(name) {
                Ok(name) => name,
                Err(_) => panic!("{name:?} is not a header name"),
            });
            config.credentials.extend(names);
        })
    }

    /// Adds the result of this function to the key.
    pub fn key(self, of: impl Fn(&request::Parts) -> String + Send + Sync + 'static) -> Self {
        self.set(|config| config.key = Some(Callback(Arc::new(of))))
    }

    /// Caches only requests that this function accepts, in addition to all other rules.
    pub fn admit(self, accepts: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.set(|config| config.admit = Some(Callback(Arc::new(accepts))))
    }

    /// Stores only responses that this function accepts, in addition to all other rules. It receives the status and the headers.
    ///
    /// ```
    /// use handler_cache::layer::CacheLayer;
    ///
    /// let layer = CacheLayer::new().store_if(|response| !response.headers.contains_key("x-incomplete"));
    /// ```
    pub fn store_if(self, accepts: impl Fn(&response::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.set(|config| config.store_if = Some(Callback(Arc::new(accepts))))
    }

    /// RFC 9111 mode: a shared cache in front of an HTTP service. The responses themselves declare how they are cached, as in RFC
    /// 9111 and RFC 5861.
    ///
    /// For gateways, and for handlers that set their own caching headers:
    ///
    /// - The headers reach the client unchanged; a hit adds `Age`.
    /// - A stale response with validators is revalidated with the service.
    /// - Variants are kept side by side, by `Vary`.
    /// - `Range` is answered from a stored response.
    /// - While the service fails, a stale response is served unless a directive forbids it: for a day after its TTL, or for a
    ///   policy's `stale_if_error`.
    ///
    /// A response that declares no TTL gets the one of [`expire`](Self::expire) or of its rule, and else none. Methods other than
    /// GET and HEAD bypass the cache, and a client's `no-cache` revalidates the response.
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
        self.set(|config| config.http = config.http.or(Some(Http::default())))
    }

    /// As [`http`](Self::http), with heuristic freshness: the TTL of a response that declares none is a tenth of the time since its
    /// `Last-Modified`, a day at most (RFC 9111 section 4.2.2).
    pub fn heuristics(self) -> Self {
        self.set(|config| config.http = Some(Http { guesses: true }))
    }

    /// The methods that are cached, also for rules. Default: those of the policy, `GET` and `HEAD` unless it sets others. Other
    /// methods become part of the key. Requests with a body are never cached.
    pub fn methods(self, methods: MethodFilter) -> Self {
        self.set(|config| config.methods = Some(methods))
    }

    /// The largest body that is stored, in bytes. Larger ones are passed on unstored. Default: the cache's
    /// [`max_body`](crate::CacheBuilder::max_body).
    pub fn max_body(self, bytes: usize) -> Self {
        self.set(|config| config.max_body = Some(bytes))
    }

    /// Evicts these paths, in all spellings, when a request of this method and route succeeded, before its response is sent.
    ///
    /// A target is a path. `{id}` in it is replaced by the value in the request's path; with `/*` at its end, it means the path and
    /// all paths below it.
    ///
    /// ```
    /// use axum::http::Method;
    /// use handler_cache::layer::CacheLayer;
    ///
    /// let layer = CacheLayer::new().evict_on(Method::PUT, "/users/{id}", ["/users/{id}/*", "/users"]);
    /// ```
    ///
    /// # Panics
    /// If a text is not a path, or if a target has a parameter that the route does not have.
    #[track_caller]
    pub fn evict_on<'a>(
        self,
        method: Method,
        route: &str,
        targets: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        self.set(|config| {
            let route = Route::new(route);
            let targets = targets
                .into_iter()
                .map(|target| TargetTemplate::new(target, &route));
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
        let config = self
            .built
            .get_or_init(|| Arc::new(LayerConfig::clone(&self.config).build()));
        CacheService::new(inner, Arc::clone(config))
    }
}
