//! Records too large for the server (`proto-max-bulk-len`): it does not refuse them, it ends the connection.

use std::time::{Duration, Instant};

use crate::{
    store::StoreError,
    sync::{Mutex, lock},
};

/// The least limit that a server can be given: a connection that broke under less broke for another reason.
const LEAST: usize = 1024 * 1024;

/// How long a size is not tried again: the connection may have broken by chance, or the server be configured anew.
const PAUSE: Duration = Duration::from_secs(60);

/// The size under which a connection last broke, in bytes, and when.
#[derive(Debug, Default)]
pub(super) struct Oversized(Mutex<Option<(usize, Instant)>>);

impl Oversized {
    /// The connection broke while a record of this size was written.
    pub(super) fn broke(&self, size: usize) {
        if size >= LEAST {
            let mut known = lock(&self.0);
            let smaller = known.filter(|(known, since)| *known < size && since.elapsed() < PAUSE);
            *known = Some(smaller.unwrap_or((size, Instant::now())));
        }
    }

    /// # Errors
    /// When one of this size would most likely end the connection.
    pub(super) fn check(&self, size: usize) -> Result<(), StoreError> {
        match *lock(&self.0) {
            Some((known, since)) if size >= known && since.elapsed() < PAUSE => {
                Err(StoreError::rejected(format!(
                    "the entry has {size} bytes, and the connection broke under one of {known}; raise \
                     `proto-max-bulk-len` of the server, or lower `max_body`"
                )))
            }
            _ => Ok(()),
        }
    }
}
