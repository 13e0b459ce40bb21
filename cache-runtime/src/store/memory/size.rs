//! How many bytes an entry occupies, and how the capacity is divided among shards.

use std::thread::available_parallelism;

use quick_cache::{Options, OptionsBuilder};

use crate::{entry::Entry, slot::Slot};

/// The share of a shard that its hottest entries may take. quick_cache keeps the rest for new entries and rejects an entry
/// that is larger than this share.
pub(super) const HOT_SHARE: f64 = 0.97;

/// The size of an entry besides its key, headers and body, in bytes: the structures, a place in a table that grows by
/// doubling, and the allocator's rounding.
const ENTRY_OVERHEAD: usize = 512;

/// The size of a tag besides its name, in bytes: its counter and its place in the table, which is swept when half of its tags
/// are unused.
pub(super) const TAG_OVERHEAD: usize = 256;

/// The first tags of a slot, root and handler, are shared by all entries of the handler.
const SHARED_TAGS: usize = 2;

/// The largest size of a shard, in bytes, if the capacity allows it: a shard with many entries takes long to grow.
const MAX_SHARD_SIZE: u64 = 64 * 1024 * 1024;

const MAX_SHARDS: u64 = 1024;

/// A typical size of an entry, in bytes. It determines only the size of the table of recently evicted keys.
const TYPICAL_ENTRY: u64 = 2048;

/// The size of an entry in bytes, with the tags that are most likely its own.
pub(super) fn entry_size(slot: &Slot, entry: &Entry) -> u64 {
    let tags = slot.tags.iter().skip(SHARED_TAGS).chain(&entry.tags);
    let tags: usize = tags.map(|tag| tag.len() + TAG_OVERHEAD).sum();
    (ENTRY_OVERHEAD + slot.key.len() + entry.headers.size() + tags + entry.body.len()) as u64
}

/// The options of a table of `capacity` bytes that takes entries with bodies of `max_body` bytes, if it can take them at all.
pub(super) fn options(capacity: u64, max_body: usize) -> Options {
    OptionsBuilder::new()
        .weight_capacity(capacity)
        .estimated_items_capacity(usize::try_from(capacity / TYPICAL_ENTRY).unwrap_or(usize::MAX))
        .hot_allocation(HOT_SHARE)
        .shards(shards(capacity, max_body))
        .build()
        .expect("capacity and estimate are set")
}

/// A power of two: as many shards as threads or the capacity ask for, as long as each takes two of the largest entries, so
/// that one of those does not empty its shard.
fn shards(capacity: u64, max_body: usize) -> usize {
    let parallelism = available_parallelism().map_or(1, usize::from);
    let largest_entry = (max_body as u64).saturating_add(ENTRY_OVERHEAD as u64);
    let that_take_two = capacity / largest_entry.saturating_mul(2);
    let wanted = (4 * parallelism).max((capacity / MAX_SHARD_SIZE).min(MAX_SHARDS) as usize);
    let shards = usize::try_from(that_take_two)
        .unwrap_or(usize::MAX)
        .min(wanted)
        .max(1);
    match shards.is_power_of_two() {
        true => shards,
        false => shards.next_power_of_two() / 2,
    }
}
