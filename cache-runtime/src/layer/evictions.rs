//! What a request evicts: the targets of `evict_on`, and what an unsafe request changes without being told.

use std::sync::Arc;

use axum::body::Body;
use http::{Response, request};

use super::{
    config::{Evicted, LayerConfig},
    reference::Base,
    resource::resources,
};
use crate::{
    cache::evictor::{Evictor, Pending, Targets},
    engine::{Engine, RequestScope},
};

impl LayerConfig {
    /// What a request evicts once it has succeeded, whichever way it takes.
    pub(super) fn evictions_of(&self, request: &request::Parts, has_body: bool) -> Option<EvictionsOf> {
        let is_safe = request.method.is_safe();
        if is_safe && self.evictions.is_empty() {
            return None;
        }
        let targets = self.evictions(request);
        // What it was sent to is no longer what it was (RFC 9111 section 4.4).
        let own = (!is_safe).then(|| Own {
            paths: resources(request).map(str::to_owned).collect(),
            base: Base::of(request),
            reads: !has_body && self.is_cached(request),
        });
        (own.is_some() || !targets.is_empty()).then_some(EvictionsOf { targets, own })
    }
}

/// What one request evicts.
pub(super) struct EvictionsOf {
    targets: Vec<Evicted>,
    own: Option<Own>,
}

/// Of an unsafe request: what it evicts without being told.
struct Own {
    paths: Vec<String>,
    /// What its response's references are resolved against.
    base: Base,
    /// Its method is cached here, so its own entry stays.
    reads: bool,
}

impl Own {
    fn name(&self, paths: Vec<String>, targets: &mut Targets) {
        for path in paths {
            match self.reads {
                true => targets.safe_path(path),
                false => targets.path(path),
            }
        }
    }
}

impl EvictionsOf {
    pub(super) fn begin(self, engine: Arc<Engine>, scope: &Arc<RequestScope>) -> Evicting {
        let Self {
            targets: evicted,
            own,
        } = self;
        let pending = Evictor::new(Some(engine), Some(Arc::clone(scope))).begin(|targets| {
            for evicted in evicted {
                match evicted {
                    Evicted::Path(path) => targets.path(path),
                    Evicted::Below(path) => targets.below(path),
                }
            }
            if let Some(own) = &own {
                own.name(own.paths.clone(), targets);
            }
        });
        Evicting { pending, own }
    }
}

/// A request that evicts, on its way.
pub(super) struct Evicting {
    pending: Pending,
    own: Option<Own>,
}

impl Evicting {
    pub(super) async fn after(mut self, response: Response<Body>) -> Response<Body> {
        if let Some(own) = &self.own {
            let changed = own.base.changed(&response);
            self.pending.also(|targets| own.name(changed, targets));
        }
        self.pending.after(response).await
    }
}
