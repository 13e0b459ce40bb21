//! The evictions of a request: the targets of `evict_on`, and the resources that an unsafe request changes.

use std::sync::Arc;

use axum::body::Body;
use http::{Response, request};

use super::{config::LayerConfig, eviction_target::TargetPath, reference::BaseUri, uri::resource_paths};
use crate::{
    cache::evictor::{Evictor, Pending, Targets},
    engine::{Engine, RequestScope},
};

impl LayerConfig {
    /// The evictions of a request once it has succeeded, whether or not it uses the cache.
    pub(super) fn evictions_of(&self, request: &request::Parts, has_body: bool) -> Option<RequestEvictions> {
        let is_safe = request.method.is_safe();
        if is_safe && self.evictions.is_empty() {
            return None;
        }
        let targets: Vec<_> = self
            .evictions
            .iter()
            .flat_map(|evict_on| evict_on.targets_of(request))
            .collect();
        // The request may change the resource that it was sent to (RFC 9111 section 4.4).
        let changes = (!is_safe).then(|| ChangedResources {
            paths: resource_paths(request).map(str::to_owned).collect(),
            base: BaseUri::of(request),
            keeps_own_method: !has_body && self.caches_method(request),
        });
        (changes.is_some() || !targets.is_empty()).then_some(RequestEvictions { targets, changes })
    }
}

/// The evictions of one request.
pub(super) struct RequestEvictions {
    targets: Vec<TargetPath>,
    changes: Option<ChangedResources>,
}

/// The resources that an unsafe request changes.
struct ChangedResources {
    paths: Vec<String>,
    /// The base of the references in the response.
    base: BaseUri,
    /// The layer caches this method, so the request reads, and the entries of unsafe methods stay.
    keeps_own_method: bool,
}

impl ChangedResources {
    fn add_to(&self, targets: &mut Targets, paths: Vec<String>) {
        for path in paths {
            match self.keeps_own_method {
                true => targets.safe_path(path),
                false => targets.path(path),
            }
        }
    }
}

impl RequestEvictions {
    /// Registers the evictions before the request runs, so that they are carried out even if it is cancelled.
    pub(super) fn begin(self, engine: Arc<Engine>, scope: &Arc<RequestScope>) -> PendingEvictions {
        let Self { targets, changes } = self;
        let pending = Evictor::new(Some(engine), Some(Arc::clone(scope))).begin(|pending| {
            for target in targets {
                match target {
                    TargetPath::Exact(path) => pending.path(path),
                    TargetPath::Below(path) => pending.below(path),
                }
            }
            if let Some(changes) = &changes {
                changes.add_to(pending, changes.paths.clone());
            }
        });
        PendingEvictions { pending, changes }
    }
}

/// The evictions of a request that is running.
pub(super) struct PendingEvictions {
    pending: Pending,
    changes: Option<ChangedResources>,
}

impl PendingEvictions {
    /// Adds the resources that the response refers to, and evicts if it is successful.
    pub(super) async fn finish(mut self, response: Response<Body>) -> Response<Body> {
        if let Some(changes) = &self.changes {
            let paths = changes.base.changed_paths(&response);
            self.pending.also(|targets| changes.add_to(targets, paths));
        }
        self.pending.after(response).await
    }
}
