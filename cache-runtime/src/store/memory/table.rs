//! The hash table of leases and tags.

use std::collections::HashMap;

use quick_cache::DefaultHashBuilder;

/// Hashed like the table of entries, with a seed of its own. Keys that collide here would have to collide there first.
pub(super) type Table<K, V> = HashMap<K, V, DefaultHashBuilder>;
