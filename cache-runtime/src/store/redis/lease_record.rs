//! The record of a lease: a fill or a mark.

use std::time::Duration;

use super::ttl::{EXPIRED_LEASE_TTL, LEASE_RECORD_TTL};
use crate::{
    slot::{Digest, Generation, Grant, Token},
    store::{Holder, Mark},
};

/// The key of a slot's lease. In a cluster the part in braces determines the hash slot, which is thus the entry's.
pub(super) fn key(entry: &str) -> String {
    format!("{{{entry}}}:lease")
}

pub(super) fn encode(holder: &Holder) -> Vec<u8> {
    match holder {
        Holder::Fill(grant) => [&fill_prefix(grant.token)[..], &grant.digest.0, &grant.tag_epoch.0].concat(),
        Holder::Mark(Mark::HitForMiss) => b"P".to_vec(),
        Holder::Mark(Mark::FailureBackoff) => b"F".to_vec(),
        Holder::Unknown(bytes) => bytes.clone(),
    }
}

/// The beginning of the record of a fill.
pub(super) fn fill_prefix(token: Token) -> Vec<u8> {
    [b"L", &token.0[..]].concat()
}

pub(super) fn decode(record: Vec<u8>) -> Holder {
    match &*record {
        b"P" => return Holder::Mark(Mark::HitForMiss),
        b"F" => return Holder::Mark(Mark::FailureBackoff),
        _ => {}
    }
    match decode_fill(&record) {
        Some(grant) => Holder::Fill(grant),
        None => Holder::Unknown(record),
    }
}

fn decode_fill(record: &[u8]) -> Option<Grant> {
    let (token, rest) = record.strip_prefix(b"L")?.split_first_chunk::<16>()?;
    let (digest, tag_epoch) = rest.split_first_chunk::<16>()?;
    Some(Grant {
        token: Token(*token),
        digest: Digest(*digest),
        tag_epoch: Generation(tag_epoch.try_into().ok()?),
    })
}

/// The holder of a lease whose record expires in `pttl` milliseconds. `None` if the lease has expired and only its record is
/// left.
pub(super) fn current_holder(record: Vec<u8>, pttl: i64) -> Option<Holder> {
    let holder = decode(record);
    let remaining = Duration::from_millis(u64::try_from(pttl).unwrap_or(u64::MAX));
    // If more remains than the record was given, the server's clock has stepped back.
    let is_current = remaining > EXPIRED_LEASE_TTL && remaining <= LEASE_RECORD_TTL;
    (is_current || !matches!(holder, Holder::Fill(_))).then_some(holder)
}
