//! Evictions when a handler has run: the attribute `#[cache_evict]`.
//!
//! What is to be evicted is named before the handler runs, from its arguments, and evicted after it succeeded. A handler
//! that is cancelled or panics may have changed something by then, so what it named is evicted too, behind it.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use axum::{extract::FromRequestParts, http::request::Parts, response::Response};
use futures_util::FutureExt as _;
use tokio::runtime::Handle;

use crate::{
    cache,
    cache_key::CacheKey,
    engine::{self, Engine},
    events,
    handler::Itself,
    key::KeyError,
    rules,
};

/// The hidden extractor: the cache to evict from, if there is one.
#[derive(Debug)]
pub struct Evictor(Option<Arc<Engine>>);

impl<S: Sync> FromRequestParts<S> for Evictor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::new(cache::engine_for(&parts.extensions)))
    }
}

impl Evictor {
    pub(crate) fn new(engine: Option<Arc<Engine>>) -> Self {
        Self(engine)
    }

    /// Called when the handler is about to run; `name` names what is evicted after it.
    pub fn begin(self, name: impl FnOnce(&mut Targets)) -> Pending {
        Pending(self.0.map(|engine| {
            let mut targets = Targets(Vec::new());
            // The user's code, which may panic: the request does not fail for that, and what was named is evicted.
            if catch_unwind(AssertUnwindSafe(|| name(&mut targets))).is_err() {
                let reason = KeyError::new("naming what to evict panicked");
                events::failed_to_evict(&"the rest of the targets", &reason);
            }
            Evictions {
                engine,
                targets,
                runtime: Handle::try_current().ok(),
            }
        }))
    }
}

/// What a handler evicts.
#[derive(Debug)]
pub struct Targets(Vec<Target>);

#[derive(Debug)]
enum Target {
    Key(CacheKey),
    All(Itself),
    Tag(String),
    Path(String),
    Below(String),
}

impl Targets {
    /// The entries of one argument list.
    pub fn key(&mut self, key: CacheKey) {
        self.0.push(Target::Key(key));
    }

    /// Every entry of a handler.
    pub fn all(&mut self, itself: Itself) {
        self.0.push(Target::All(itself));
    }

    /// Every entry of a path.
    pub(crate) fn path(&mut self, path: String) {
        self.0.push(Target::Path(path));
    }

    /// Every entry of a path, and of all below it.
    pub(crate) fn below(&mut self, path: String) {
        self.0.push(Target::Below(path));
    }

    /// Every entry that bears the tag.
    pub fn tag(&mut self, tag: impl Into<String>) {
        self.0.push(Target::Tag(tag.into()));
    }
}

/// What is evicted when the handler has run, however that ends.
///
/// # Cancel safety
/// Dropped before the eviction is over, it goes on behind.
#[derive(Debug)]
#[must_use = "dropped, it evicts as if the handler had been cancelled"]
pub struct Pending(Option<Evictions>);

impl Pending {
    /// Evicts if the handler succeeded, and hands its response on, whatever comes of that.
    pub async fn after(mut self, response: Response) -> Response {
        if !rules::succeeded(&response) {
            self.0 = None;
        }
        if let Some(evictions) = &self.0 {
            evictions.carry_out().await;
        }
        self.0 = None;
        response
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(evictions) = self.0.take() {
            evictions.carry_out_behind();
        }
    }
}

#[derive(Debug)]
struct Evictions {
    engine: Arc<Engine>,
    targets: Targets,
    /// Who drops a handler may stand outside of it.
    runtime: Option<Handle>,
}

impl Evictions {
    async fn carry_out(&self) {
        let evictions = self.evictions();
        if let Err(error) = self.engine.carry_out(&evictions).await {
            events::failed_to_evict(&listed(&evictions), &error);
        }
    }

    fn carry_out_behind(self) {
        if self.engine.guard.is_memory() {
            // Memory never waits.
            let _ = self.carry_out().now_or_never();
            return;
        }
        self.engine.carry_out_later(&self.evictions());
        // Otherwise it is tried each second.
        if let Some(runtime) = &self.runtime {
            self.engine.hurry(runtime);
        }
    }

    /// Those of the targets that have a name in the store.
    fn evictions(&self) -> Vec<engine::Eviction> {
        let names = &self.engine.names;
        let mut evictions = Vec::with_capacity(self.targets.0.len());
        for target in &self.targets.0 {
            match target {
                Target::Key(key) => match names.eviction(key) {
                    Ok(eviction) => evictions.push(eviction),
                    Err(error) => events::failed_to_evict(&key.name, &error),
                },
                Target::All(itself) => match itself.named() {
                    Ok(handler) => evictions.push(names.eviction_of_all(handler)),
                    Err(error) => events::failed_to_evict(&itself.path(), &error),
                },
                Target::Tag(tag) => evictions.push(engine::Eviction::UserTag(names.user_tag(tag))),
                Target::Path(path) => evictions.push(engine::Eviction::Path(names.path_tag(path))),
                Target::Below(path) => evictions.push(engine::Eviction::Path(names.below_tag(path))),
            }
        }
        evictions
    }
}

fn listed(evictions: &[engine::Eviction]) -> String {
    let names: Vec<String> = evictions.iter().map(ToString::to_string).collect();
    names.join(", ")
}
