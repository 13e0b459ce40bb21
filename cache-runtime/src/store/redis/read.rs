//! Reads an entry and checks that none of its tags was invalidated.

use std::sync::Arc;

use bytes::Bytes;
use redis::{Cmd, Value};

use super::{
    RedisStore, error,
    reply::{bytes, generation, ok},
};
use crate::{
    entry::wire::{self, Decoded},
    slot::{Generation, Head, Slot},
    store::{Lookup, ReadOutcome, Snapshot, StoreError},
};

impl RedisStore {
    /// One round trip, or two if the response of the entry named tags.
    pub(super) async fn read_slot(&self, slot: &Slot) -> Result<ReadOutcome, StoreError> {
        let tags = slot.tags.iter().map(|tag| &**tag);
        let keys = [&*slot.key].into_iter().chain(tags).chain([&*slot.tag_epoch]);
        let mut values = self.values(keys).await?.into_iter();
        let record = Bytes::from(values.next().flatten().unwrap_or_default());
        let tag_epoch = values.next_back().flatten().and_then(generation);
        let generations: Vec<_> = values.map(|value| value.and_then(generation)).collect();
        let head = Head::of(&record);
        let lookup = self.look_up(slot, record, &generations).await?;
        Ok(ReadOutcome {
            lookup,
            snapshot: Snapshot {
                head,
                generations,
                tag_epoch,
            },
        })
    }

    async fn look_up(
        &self,
        slot: &Slot,
        record: Bytes,
        generations: &[Option<Generation>],
    ) -> Result<Lookup, StoreError> {
        if wire::is_newer(&record) {
            return Ok(Lookup::Newer);
        }
        let Some(decoded) = wire::decode(record) else {
            return Ok(Lookup::Missing);
        };
        Ok(match self.is_valid(slot, &decoded, generations).await? {
            true => Lookup::Entry(Arc::new(decoded.entry)),
            false => Lookup::Missing,
        })
    }

    /// Whether the entry was stored under the current generations.
    async fn is_valid(
        &self,
        slot: &Slot,
        decoded: &Decoded,
        generations: &[Option<Generation>],
    ) -> Result<bool, StoreError> {
        if generations.contains(&None) {
            return Ok(false);
        }
        // These tags are known only from the entry.
        let response_tags = decoded.entry.tags.iter().map(|tag| &**tag);
        let Some(response_generations) = all_known(&self.generations(response_tags).await?) else {
            return Ok(false);
        };
        let current = slot.digest(generations.iter().flatten().copied());
        Ok(decoded.digest == current.with(&response_generations))
    }

    pub(super) async fn generations<'n>(
        &self,
        tags: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<Vec<Option<Generation>>, StoreError> {
        let values = self.values(tags).await?.into_iter();
        Ok(values.map(|value| value.and_then(generation)).collect())
    }

    /// The values of these keys. A record of another type is missing: it must not fail the read.
    async fn values<'n>(
        &self,
        keys: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        const COMMAND: &str = "MGET";
        let (count, length) = keys.clone().fold((0, COMMAND.len()), |(count, length), key| {
            (count + 1, length + key.len())
        });
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut command = Cmd::with_capacity(1 + count, length);
        command.arg(COMMAND);
        for key in keys {
            command.arg(key);
        }
        match ok(self.connection.call(command).await?)? {
            Value::Array(values) if values.len() == count => Ok(values.into_iter().map(bytes).collect()),
            _ => Err(error::unexpected_reply()),
        }
    }
}

/// The generations, if every tag has one.
pub(super) fn all_known(generations: &[Option<Generation>]) -> Option<Vec<Generation>> {
    generations.iter().copied().collect()
}
