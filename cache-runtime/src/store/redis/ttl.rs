//! How long the records live.

use std::time::Duration;

use crate::{clock::millis, entry::Entry, store::LEASE_TTL};

/// The TTL of a tag that a lease gave a generation, until the commit extends it. Longer than a fill takes.
pub(super) const NEW_TAG_TTL: Duration = Duration::from_secs(2 * 60);

/// How much longer the TTL of a slot's tag is than that of its entries, so that it does not expire during the next fill.
pub(super) const SLOT_TAG_MARGIN: Duration = NEW_TAG_TTL;

/// The same for a tag that a response named. Its generation is set just before the entry is written.
pub(super) const RESPONSE_TAG_MARGIN: Duration = Duration::from_secs(5);

/// The TTL of a tag epoch. Longer than any fill takes.
pub(super) const TAG_EPOCH_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the record of an expired lease is kept. Unless an eviction removes it or another fill takes over, its fill may
/// still commit: its process may only have been suspended.
pub(super) const EXPIRED_LEASE_TTL: Duration = Duration::from_secs(55);

/// The TTL of the record of a lease that was just granted or renewed.
pub(super) const LEASE_RECORD_TTL: Duration = LEASE_TTL.saturating_add(EXPIRED_LEASE_TTL);

/// The longest TTL of an entry: 10 years. Redis rejects a TTL that ends beyond its last timestamp.
const MAX_ENTRY_TTL: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The TTL of an entry's record. Redis rejects a TTL of zero.
pub(super) fn of_entry(entry: &Entry) -> Duration {
    entry.retention().clamp(Duration::from_millis(1), MAX_ENTRY_TTL)
}

/// A TTL as an argument of a script, in milliseconds.
pub(super) fn px(ttl: Duration) -> Vec<u8> {
    millis(ttl).to_string().into_bytes()
}
