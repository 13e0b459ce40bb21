//! Serves requests that memory could not answer.

mod serve;
mod decide;
mod deadlines;
mod stored;
mod joined_fill;
mod lead;
mod fill;
mod local;
mod uncached;
mod hit_for_miss;
mod refresh;
mod ending;

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    Engine,
    evict::RequestScope,
    protocol::{Protocol, RequestOptions},
    target::Target,
};
use crate::{stats::HandlerCounters, store::Budget};

/// A request on its way through the engine.
#[derive(Debug)]
pub(crate) struct Request<P> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) protocol: P,
    pub(crate) target: Target,
    pub(crate) options: RequestOptions,
    pub(crate) began: Instant,
    /// Shared with all other work for the same request.
    pub(crate) scope: Option<Arc<RequestScope>>,
}

impl<P: Protocol> Request<P> {
    pub(super) fn counters(&self) -> &HandlerCounters {
        self.engine.counters.of(self.target.handler)
    }

    /// This work's share of the request's store time. Memory takes none.
    fn budget(&self) -> Budget {
        let scope = self.scope.as_ref().filter(|_| !self.engine.guard.is_memory());
        scope.map_or_else(Budget::default, |scope| scope.budget())
    }
}
