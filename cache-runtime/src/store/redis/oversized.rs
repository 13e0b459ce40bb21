//! Entries larger than the server's `proto-max-bulk-len`: instead of rejecting them, it closes the connection.

use std::time::{Duration, Instant};

use crate::{
    store::StoreError,
    sync::{Mutex, lock},
};

/// The smallest limit that a server can be configured with, in bytes. A connection that broke under a smaller entry broke for
/// another reason.
const MIN_LIMIT: usize = 1024 * 1024;

/// How long entries of a size are rejected: the connection may have broken by chance, or the server be reconfigured.
const REJECTED_FOR: Duration = Duration::from_secs(60);

/// The size in bytes of the smallest entry under which a connection broke, and when.
#[derive(Debug, Default)]
pub(super) struct Oversized(Mutex<Option<(usize, Instant)>>);

impl Oversized {
    /// The connection broke while an entry of this size was written.
    pub(super) fn connection_broke(&self, size: usize) {
        if size < MIN_LIMIT {
            return;
        }
        let mut known = lock(&self.0);
        let smaller = known.filter(|(known, since)| *known < size && since.elapsed() < REJECTED_FOR);
        *known = Some(smaller.unwrap_or((size, Instant::now())));
    }

    /// # Errors
    /// An entry of this size would most likely break the connection.
    pub(super) fn check(&self, size: usize) -> Result<(), StoreError> {
        match *lock(&self.0) {
            Some((known, since)) if size >= known && since.elapsed() < REJECTED_FOR => {
                Err(StoreError::rejected(format!(
                    "the body has {size} bytes, and the connection broke while one of {known} bytes was written; raise \
                     the server's `proto-max-bulk-len`, or lower `max_body`"
                )))
            }
            _ => Ok(()),
        }
    }
}
