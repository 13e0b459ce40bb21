//! Origins: what fills entries, and answers from them.
//!
//! `http`: handlers and services, whose answers are responses. `function`: functions of the application, whose answers
//! are values.

pub(crate) mod http;
pub(crate) mod function;

use std::{fmt, sync::Arc, time::Duration};

use self::http::{BufferBudget, EndlessKeys};
use crate::{
    engine::Engine,
    http::response::StatusHeaders,
    policy::{ClientControl, ClientMaxAge, Policy},
};

/// One cache: its engine, and what its origins need.
#[derive(Debug)]
pub(crate) struct CacheCore {
    pub(crate) engine: Arc<Engine>,
    pub(crate) settings: Settings,
    /// For bodies that stream to their clients while they are read for the cache.
    pub(crate) buffers: Arc<BufferBudget>,
    pub(crate) endless: EndlessKeys,
}

/// The builder's settings for origins.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) default_expire: Duration,
    pub(crate) client_control: ClientControl,
    /// For handlers that set none.
    pub(crate) client_max_age: Option<ClientMaxAge>,
    pub(crate) status_headers: StatusHeaders,
    /// Bytes.
    pub(crate) max_body: usize,
}

impl CacheCore {
    /// The largest body that is stored, in bytes.
    pub(crate) fn max_body(&self, policy: &Policy) -> usize {
        policy.max_body.unwrap_or(self.settings.max_body)
    }
}

/// A cache, for the futures of handlers to hold. The compiler proves for each handler that its future is `Send`; through
/// this trait it need not visit all fields of a cache each time, which took a tenth of a build.
pub(crate) trait AnyCore: fmt::Debug + Send + Sync {
    fn core(self: Arc<Self>) -> Arc<CacheCore>;
}

impl AnyCore for CacheCore {
    fn core(self: Arc<Self>) -> Arc<CacheCore> {
        self
    }
}

#[cfg(test)]
#[cfg(shuttle)]
mod interleavings;
