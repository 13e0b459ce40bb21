//! The stored entry of a request that must be filled all the same.

use std::sync::Arc;

use crate::entry::Entry;

/// An entry that was read and cannot be served as it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Stored {
    /// It answers instead of an origin that fails or is slow.
    pub(super) fallback: Option<Arc<Entry>>,
    /// The origin may find that it is still current.
    pub(super) to_validate: Option<Arc<Entry>>,
    /// Only this request refuses it: for others it stays, unless a fill replaces it.
    pub(super) is_fresh: bool,
}
