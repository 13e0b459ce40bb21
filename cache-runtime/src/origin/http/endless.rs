//! Keys with endless bodies, as far as this process knows: their requests are not coalesced.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::sync::{Mutex, lock};

/// The TTL of the hit-for-miss marker of an endless body. Further endless bodies extend it.
pub(super) const ENDLESS_TTL: Duration = Duration::from_secs(60);

/// How long a key is remembered as endless.
const REMEMBERED: Duration = Duration::from_secs(600);

/// How many keys are remembered.
const MAX_KEYS: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct EndlessKeys(Mutex<HashMap<Arc<str>, Instant>>);

impl EndlessKeys {
    /// Remembers the key. Does not make it last longer: an answer that was not read may have ended by now.
    pub(super) fn insert(&self, key: &Arc<str>) {
        let mut keys = lock(&self.0);
        let now = Instant::now();
        if keys.len() >= MAX_KEYS {
            keys.retain(|_, until| *until > now);
        }
        if keys.len() < MAX_KEYS {
            keys.entry(Arc::clone(key)).or_insert(now + REMEMBERED);
        }
    }

    pub(super) fn contains(&self, key: &Arc<str>) -> bool {
        let mut keys = lock(&self.0);
        let is_endless = keys.get(key).is_some_and(|until| *until > Instant::now());
        if !is_endless {
            keys.remove(key);
        }
        is_endless
    }
}
