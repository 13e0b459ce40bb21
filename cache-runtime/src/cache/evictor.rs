//! EvictionBatch after a handler: the attribute `#[cache_evict]`.
//!
//! The targets are built from the arguments before the handler runs, and evicted after it succeeds: when its response passes
//! [`Cache::attach`](crate::Cache::attach), or right after the handler if no cache is attached. A handler that panics or is
//! cancelled may have changed something already, so its targets are evicted in the background.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use axum::{extract::FromRequestParts, http::request::Parts, response::Response};
use tokio::runtime::Handle;

use crate::{
    cache,
    engine::{Engine, EvictionBatch, PendingEvictions, RequestScope},
    http as rules,
    key::{
        KeyError,
        cache_key::CacheKey,
        handler::HandlerId,
        names::{Eviction, Names},
    },
    store::Budget,
    telemetry::events,
};

/// The hidden argument of a handler with `#[cache_evict]`: the cache to evict from, if there is one.
///
/// An error that mentions it in a handler's signature (`fn(Evictor, …)`) has its cause in the handler, such as an argument
/// that is not an extractor, or a future that is not `Send`; `#[axum::debug_handler]` below the attribute names it.
#[derive(Debug)]
pub struct Evictor(Option<(Arc<Engine>, Option<Arc<RequestScope>>)>);

impl<S: Sync> FromRequestParts<S> for Evictor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(cache::cache_for(&parts.extensions).map(|cache| {
            let engine = Arc::clone(&cache.core.engine);
            (engine, cache.scope_in(&parts.extensions))
        })))
    }
}

impl Evictor {
    pub(crate) fn new(engine: Option<Arc<Engine>>, scope: Option<Arc<RequestScope>>) -> Self {
        Self(engine.map(|engine| (engine, scope)))
    }

    /// Collects the targets, before the handler runs.
    #[doc(hidden)]
    pub fn begin(self, name: impl FnOnce(&mut Targets)) -> Pending {
        Pending(self.0.map(|(engine, scope)| {
            let mut targets = Targets(Vec::new());
            targets.named_by(name);
            Unfinished {
                engine,
                targets,
                scope,
                runtime: Handle::try_current().ok(),
            }
        }))
    }
}

/// The targets of a handler.
#[derive(Debug)]
pub struct Targets(Vec<Target>);

#[derive(Debug)]
enum Target {
    Key(Box<CacheKey>),
    All(HandlerId),
    Tag(String),
    #[cfg(any(feature = "layer", test))]
    Path(String),
    #[cfg(any(feature = "layer", test))]
    SafePath(String),
    #[cfg(any(feature = "layer", test))]
    Below(String),
}

impl Targets {
    /// Runs the user's code, which may panic. The request continues, and the targets before the panic are evicted.
    fn named_by(&mut self, name: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| name(self))).is_err() {
            let reason = KeyError::new("naming what to evict panicked");
            events::no_target(&"the rest of the targets", &reason);
        }
    }

    /// Adds the entries of a key.
    pub fn key(&mut self, key: CacheKey) {
        self.0.push(Target::Key(Box::new(key)));
    }

    /// Adds every entry of a handler.
    pub fn all(&mut self, id: HandlerId) {
        self.0.push(Target::All(id));
    }

    /// Adds every entry of a path.
    #[cfg(any(feature = "layer", test))]
    pub(crate) fn path(&mut self, path: String) {
        self.0.push(Target::Path(path));
    }

    /// Adds every entry of a path with a safe method.
    #[cfg(any(feature = "layer", test))]
    pub(crate) fn safe_path(&mut self, path: String) {
        self.0.push(Target::SafePath(path));
    }

    /// Adds every entry of a path and of the paths below it.
    #[cfg(any(feature = "layer", test))]
    pub(crate) fn below(&mut self, path: String) {
        self.0.push(Target::Below(path));
    }

    /// Adds every entry with the tag.
    pub fn tag(&mut self, tag: impl Into<String>) {
        self.0.push(Target::Tag(tag.into()));
    }
}

/// The targets of a running handler.
///
/// # Cancel safety
/// Dropped before the handler ends, it evicts them in the background: the handler may have changed something.
#[derive(Debug)]
#[must_use = "dropped, it evicts as if the handler had been cancelled"]
pub struct Pending(Option<Unfinished>);

impl Pending {
    /// Evicts the targets if the handler succeeded: when the response passes [`Cache::attach`](crate::Cache::attach), or now
    /// if no cache is attached. Returns the response, even if the eviction fails.
    pub async fn after(mut self, response: Response) -> Response {
        let succeeded = self.0.take().filter(|_| rules::succeeded(&response));
        if let Some(unfinished) = succeeded {
            unfinished.evict().await;
        }
        response
    }

    /// Adds targets that only the response shows.
    #[cfg(feature = "layer")]
    pub(crate) fn also(&mut self, name: impl FnOnce(&mut Targets)) {
        if let Some(unfinished) = &mut self.0 {
            unfinished.targets.named_by(name);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(unfinished) = self.0.take() {
            unfinished.evict_interrupted();
        }
    }
}

#[derive(Debug)]
struct Unfinished {
    engine: Arc<Engine>,
    targets: Targets,
    scope: Option<Arc<RequestScope>>,
    /// The handler's runtime: it may be dropped outside of any.
    runtime: Option<Handle>,
}

impl Unfinished {
    /// # Cancel safety
    /// If cancelled, the evictions continue in the background.
    async fn evict(self) {
        let scope = self.scope.clone();
        if let Some(evictions) = self.deferred(false) {
            let budget = scope.map_or_else(Budget::default, |scope| scope.budget());
            PendingEvictions::one(evictions).finish(budget).await;
        }
    }

    fn evict_interrupted(self) {
        // Dropping them carries them out in the background.
        drop(self.deferred(true).map(PendingEvictions::one));
    }

    /// Adds the evictions to the response, or returns them if there is no response to wait for.
    fn deferred(self, is_interrupted: bool) -> Option<EvictionBatch> {
        let evictions = EvictionBatch {
            evictions: self.targets.evictions(&self.engine.names),
            engine: self.engine,
            runtime: self.runtime,
            is_interrupted,
        };
        match self.scope {
            _ if evictions.evictions.is_empty() => None,
            Some(scope) => scope.defer(evictions),
            None => Some(evictions),
        }
    }
}

impl Targets {
    /// The evictions of the targets; a target without a key is logged.
    fn evictions(&self, names: &Names) -> Vec<Eviction> {
        let mut evictions = Vec::with_capacity(self.0.len());
        for target in &self.0 {
            match target {
                Target::Key(key) => match names.eviction(key) {
                    Ok(eviction) => evictions.push(eviction),
                    Err(error) => events::no_target(&key.name, &error),
                },
                Target::All(id) => match id.registered() {
                    Ok(handler) => evictions.push(names.eviction_of_all(handler)),
                    Err(error) => events::no_target(&id.path(), &error),
                },
                Target::Tag(tag) => evictions.push(Eviction::UserTag(names.user_tag(tag))),
                #[cfg(any(feature = "layer", test))]
                Target::Path(path) => evictions.extend(names.evictions_of_path(path)),
                #[cfg(any(feature = "layer", test))]
                Target::SafePath(path) => evictions.push(Eviction::Path(names.path_tag(path))),
                #[cfg(any(feature = "layer", test))]
                Target::Below(path) => evictions.push(Eviction::Path(names.below_tag(path))),
            }
        }
        evictions
    }
}
