//! What a request asks for.

use std::sync::Arc;

use crate::{key::handler::Handler, store::Slot};

/// What a request asks for.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) handler: Handler,
    pub(crate) slot: Slot,
    /// The key of the resource. The slot may be that of one variant.
    pub(crate) resource: Arc<str>,
}
