//! The hash table behind stores and flights.

use std::collections::HashMap;

use quick_cache::DefaultHashBuilder;

/// Hashed like the memory store's table of entries, with a seed of its own: a request cannot choose keys that collide.
pub(crate) type Table<K, V> = HashMap<K, V, DefaultHashBuilder>;
