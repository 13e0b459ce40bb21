//! What a layer was told, and what that means for one request.

use std::{
    collections::HashSet,
    fmt,
    ops::Deref,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{extract::MatchedPath, routing::MethodFilter};
use http::{HeaderMap, HeaderName, Method, request, response};

use super::{
    namespace::Namespace,
    pattern::{PathPattern, Route, readings},
    resource::{Names, Resource, original_uri, resources},
};
use crate::{
    cache::Cache,
    http as rules,
    http::credentials::is_credential,
    key::{
        KeyArgs, KeyError,
        handler::{self, Handler},
    },
    policy::{Http, Policy},
};

/// A path of more segments is not cached: each has a tag, so that all below it can be evicted at once.
const DEEPEST: usize = 16;

/// What the user makes of a request.
type OfRequest<T> = Callback<dyn Fn(&request::Parts) -> T + Send + Sync>;

/// What the user makes of a response.
type OfResponse<T> = Callback<dyn Fn(&response::Parts) -> T + Send + Sync>;

/// What the builder was told.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerConfig {
    pub(super) namespace: Namespace,
    pub(super) cache: Option<Cache>,
    pub(super) rules: Vec<Rule>,
    pub(super) default: Option<Policy>,
    /// Counts what no rule is for.
    pub(super) others: Option<Handler>,
    pub(super) only: Option<Vec<PathPattern>>,
    pub(super) exclude: Vec<PathPattern>,
    pub(super) names: Names,
    /// Request headers that are credentials, beside the well-known ones.
    pub(super) credentials: Vec<HeaderName>,
    pub(super) vary: Vec<&'static str>,
    pub(super) methods: Option<MethodFilter>,
    pub(super) max_body: Option<usize>,
    pub(super) http: Option<Http>,
    pub(super) public: bool,
    pub(super) partition: Option<OfRequest<Option<String>>>,
    pub(super) key: Option<OfRequest<String>>,
    pub(super) admit: Option<OfRequest<bool>>,
    pub(super) store_if: Option<OfResponse<bool>>,
    pub(super) evictions: Vec<EvictOn>,
    /// Routes whose handlers turned out to be cached themselves.
    pub(super) cached_within: Arc<RwLock<HashSet<Arc<str>>>>,
}

/// How the responses of one route are cached.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) route: Route,
    pub(super) policy: Policy,
    pub(super) handler: Handler,
}

/// What goes when a request for this has succeeded.
#[derive(Debug, Clone)]
pub(super) struct EvictOn {
    pub(super) method: Method,
    pub(super) route: Route,
    pub(super) targets: Vec<Target>,
}

/// A request that the cache has a part in.
#[derive(Debug)]
pub(super) struct Admitted<'a> {
    pub(super) resource: Resource<'a>,
    pub(super) policy: Policy,
    pub(super) handler: Handler,
    /// Whose part of the cache it is for, where that is partitioned.
    pub(super) partition: Option<Option<String>>,
    /// Its credentials are in no partition, so only what the response calls shared may be stored.
    pub(super) must_be_public: bool,
}

impl LayerConfig {
    /// Ready to be used: what holds for all rules is in each of them.
    pub(super) fn build(mut self) -> Self {
        if self.rules.is_empty() {
            self.default.get_or_insert_default();
        }
        self.others = self.default.map(|_| handler::route("*"));
        let (vary, methods, max_body, http, public) =
            (&self.vary, self.methods, self.max_body, self.http, self.public);
        for policy in self
            .rules
            .iter_mut()
            .map(|rule| &mut rule.policy)
            .chain(&mut self.default)
        {
            if !vary.is_empty() {
                let own = policy.vary.iter().filter(|name| !vary.contains(name));
                let all: Vec<_> = own.chain(vary).copied().collect();
                // As long as the program: a layer is made when it starts.
                *policy = policy.vary(all.leak());
            }
            policy.methods = methods.unwrap_or(policy.methods);
            if public {
                *policy = policy.public();
            }
            policy.http = http;
            if http.is_some() {
                policy.methods = MethodFilter::GET;
            }
            policy.max_body = policy.max_body.or(max_body);
        }
        self
    }

    /// Whether the cache has a part in this request, and which.
    pub(super) fn admit<'a>(&self, request: &'a request::Parts) -> Option<Admitted<'a>> {
        let resource = Resource::of(request)?;
        let path = resource.path();
        let is_meant = |only: &[PathPattern]| only.iter().any(|pattern| pattern.matches(path));
        let is_excluded = |path| {
            self.exclude
                .iter()
                .any(|pattern| pattern.matches_any_reading(path))
        };
        if !self.only.as_deref().is_none_or(is_meant) || resource.paths().any(is_excluded) {
            return None;
        }
        let (mut policy, handler) = self.policy_of(path)?;
        let is_too_deep = |path: &str| path.bytes().filter(|byte| *byte == b'/').count() >= DEEPEST;
        if resource.paths().any(is_too_deep) || self.admit.as_ref().is_some_and(|admit| !admit(request)) {
            return None;
        }
        let must_be_public =
            !self.public && self.partition.is_none() && self.has_credentials(&request.headers);
        let partition = self.partition.as_ref().map(|partition| partition(request));
        if partition.is_some() {
            // Caches further out must not share what is somebody's own; and who signs in gets another page at the same URL.
            policy = policy.private().client_max_age(Duration::ZERO);
        }
        Some(Admitted {
            resource,
            policy,
            handler,
            partition,
            must_be_public,
        })
    }

    /// Whether a header says who is asking.
    fn has_credentials(&self, headers: &HeaderMap) -> bool {
        headers
            .keys()
            .any(|name| is_credential(name.as_str()) || self.credentials.contains(name))
    }

    fn policy_of(&self, path: &str) -> Option<(Policy, Handler)> {
        let rule = self.rules.iter().find(|rule| rule.route.matches(path));
        match rule {
            Some(rule) => Some((rule.policy, rule.handler)),
            None => self.default.zip(self.others),
        }
    }

    /// Whether responses to this method are cached here: then it is taken for one that reads.
    pub(super) fn is_cached(&self, request: &request::Parts) -> bool {
        let policy = self.policy_of(original_uri(request).path());
        policy.is_some_and(|(policy, _)| rules::accepts_method(policy.methods, &request.method))
    }

    pub(super) fn write_key(
        &self,
        request: &request::Parts,
        admitted: &Admitted<'_>,
        key: &mut KeyArgs<'_>,
    ) -> Result<(), KeyError> {
        self.namespace.write_key(key);
        admitted.resource.write_key(&self.names, key)?;
        if let Some(also) = &self.key {
            key.arg("key").str(&also(request))?;
        }
        if let Some(partition) = &admitted.partition {
            let hash = |partition: &String| blake3::hash(partition.as_bytes()).to_hex().to_string();
            key.arg("partition").serialize(&partition.as_ref().map(hash))?;
        }
        if admitted.must_be_public {
            // Entries of their own: what may not be stored for these must not keep others from filling theirs.
            key.arg("credentials").serialize(&true)?;
        }
        Ok(())
    }

    pub(super) fn is_cached_within(&self, route: &MatchedPath) -> bool {
        let routes = self.cached_within.read().unwrap_or_else(PoisonError::into_inner);
        routes.contains(route.as_str())
    }

    /// From here on the layer leaves this route to its handler.
    pub(super) fn leave(&self, route: &MatchedPath) {
        let mut routes = self.cached_within.write().unwrap_or_else(PoisonError::into_inner);
        routes.insert(route.as_str().into());
    }

    /// The targets of a request, by any way to read its path. HEAD runs what GET runs.
    pub(super) fn evictions(&self, request: &request::Parts) -> Vec<Evicted> {
        let is_meant = |method: &Method| {
            *method == request.method || (*method == Method::GET && request.method == Method::HEAD)
        };
        let meant = self.evictions.iter().filter(|evict| is_meant(&evict.method));
        let mut all = Vec::new();
        for evict in meant {
            for path in resources(request).flat_map(readings) {
                let Some(captures) = evict.route.captures(&path) else {
                    continue;
                };
                let fill = |target: &Target| target.filled(|name| captures.get(name).unwrap_or_default());
                all.extend(evict.targets.iter().map(fill));
            }
        }
        all
    }
}

/// What is evicted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Evicted {
    Path(String),
    Below(String),
}

/// A path with names in braces, to be filled in; perhaps with all below it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    parts: Vec<Part>,
    and_below: bool,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Name(String),
}

impl Target {
    /// # Panics
    /// When it is no path, or names what the route does not.
    #[track_caller]
    pub(super) fn new(text: &str, route: &Route) -> Self {
        assert!(
            text.starts_with('/'),
            "a path begins with `/`, and {text:?} does not"
        );
        let (mut rest, and_below) = match text.strip_suffix("/*") {
            Some(above) => (above, true),
            None => (text, false),
        };
        let mut parts = Vec::new();
        while let Some((before, inside)) = rest.split_once('{') {
            let Some((name, after)) = inside.split_once('}') else {
                panic!("{text:?} has a `{{` without its `}}`");
            };
            let name = name.trim_start_matches('*');
            let named = [format!("{{{name}}}"), format!("{{*{name}}}")];
            assert!(
                named.iter().any(|named| route.text().contains(named)),
                "{text:?} names `{name}`, which {:?} does not",
                route.text()
            );
            parts.extend([Part::Text(before.to_owned()), Part::Name(name.to_owned())]);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Self { parts, and_below }
    }

    fn filled<'v>(&self, value: impl Fn(&str) -> &'v str) -> Evicted {
        let path = self.parts.iter().map(|part| match part {
            Part::Text(text) => text,
            Part::Name(name) => value(name),
        });
        let path = path.collect();
        match self.and_below {
            true => Evicted::Below(path),
            false => Evicted::Path(path),
        }
    }
}

/// A function of the user's, of which there is nothing to show.
pub(super) struct Callback<F: ?Sized>(pub(super) Arc<F>);

impl<F: ?Sized> Clone for Callback<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F: ?Sized> Deref for Callback<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.0
    }
}

impl<F: ?Sized> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function")
    }
}
