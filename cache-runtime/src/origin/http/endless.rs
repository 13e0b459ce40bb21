//! Keys whose answers do not end, as far as this process has learned: nobody waits for them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::sync::{Mutex, lock};

/// How long the hit-for-miss marker of an endless body stands, unless further ones renew it.
pub(super) const ENDLESS_TTL: Duration = Duration::from_secs(60);

/// How long a key is taken for endless after its answer was: then it may be read again.
const TTL: Duration = Duration::from_secs(600);

/// Beyond it no more are remembered until some have expired.
const MOST: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct EndlessKeys(Mutex<HashMap<Arc<str>, Instant>>);

impl EndlessKeys {
    /// Remembers the key. Does not make it last longer: an answer that was not read may have ended by now.
    pub(super) fn insert(&self, key: &Arc<str>) {
        let mut keys = lock(&self.0);
        let now = Instant::now();
        if keys.len() >= MOST {
            keys.retain(|_, until| *until > now);
        }
        if keys.len() < MOST {
            keys.entry(Arc::clone(key)).or_insert(now + TTL);
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
