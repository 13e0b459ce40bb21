//! What tests of interleavings fill and evict.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, StatusCode};

use super::{Entry, Fingerprint, Slot};
use crate::clock::Timestamp;

pub(crate) fn slot() -> Slot {
    Slot {
        key: "key".into(),
        owner: Fingerprint([7; 16]),
        tags: [Arc::from("root"), Arc::from("tag")].into(),
        tag_epoch: "any".into(),
    }
}

/// An entry that holds a number, for good.
pub(crate) fn entry(number: u64, tags: Vec<Arc<str>>) -> Arc<Entry> {
    Arc::new(Entry {
        fresh: Duration::MAX,
        tags,
        ..Entry::new(
            StatusCode::OK,
            HeaderMap::new(),
            number.to_be_bytes().to_vec().into(),
            Timestamp::from_millis(0),
        )
    })
}

/// The number in an entry.
pub(crate) fn number(entry: &Entry) -> u64 {
    u64::from_be_bytes((*entry.body).try_into().expect("eight bytes"))
}
