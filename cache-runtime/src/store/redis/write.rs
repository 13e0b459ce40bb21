//! Stores entries: commits of fills, and writes of the application.

use std::sync::Arc;

use redis::{Pipeline, Value, pipe};

use super::{
    RedisStore, error, lease_record,
    new_generations::NewGenerations,
    read::all_known,
    reply::{all_flags, all_ok, flag},
    scripts,
    ttl::{self, RESPONSE_TAG_MARGIN, SLOT_TAG_MARGIN, px},
};
use crate::{
    entry::{Entry, wire},
    slot::{Generation, Grant, Slot},
    store::{CommitOutcome, Holder, StoreError, WriteRequest},
};

impl RedisStore {
    /// One round trip, or three if the response named tags.
    pub(super) async fn commit_entry(
        &self,
        slot: &Slot,
        grant: Grant,
        entry: &Entry,
    ) -> Result<CommitOutcome, StoreError> {
        self.check_size(entry)?;
        let Some(response_generations) = self.capture_response_tags(slot, grant, entry).await? else {
            return Ok(CommitOutcome::Fenced);
        };
        let digest = grant.digest.with(&response_generations);
        let ttl = ttl::of_entry(entry);
        let mut commands = pipe();
        commands.add_command(scripts::COMMIT.with(&[
            slot.key.as_bytes(),
            lease_record::key(&slot.key).as_bytes(),
            &lease_record::encode(&Holder::Fill(grant)),
            &wire::encode(entry, grant.token, digest),
            &px(ttl),
        ]));
        extend_tags(&mut commands, &slot.tags, px(ttl + SLOT_TAG_MARGIN));
        // They were given this TTL before the commit, which may have come late.
        extend_tags(&mut commands, &entry.tags, px(ttl + RESPONSE_TAG_MARGIN));
        // The other replies do not matter: a tag that expires early causes a miss.
        let replies = self.send_entry(entry, commands).await?;
        let stored = replies.into_iter().next().ok_or_else(error::unexpected_reply)?;
        Ok(match flag(stored)? {
            true => CommitOutcome::Stored,
            false => CommitOutcome::Fenced,
        })
    }

    /// One round trip. `false` if the slot has changed since it was read.
    pub(super) async fn write_entry(&self, slot: &Slot, request: WriteRequest) -> Result<bool, StoreError> {
        let WriteRequest {
            token,
            snapshot,
            entry,
        } = request;
        if snapshot.generations.len() != slot.tags.len() {
            return Ok(false);
        }
        self.check_size(&entry)?;
        let ttl = ttl::of_entry(&entry);
        let mut commands = pipe();
        let mut new = NewGenerations::new(&mut commands);
        let digest = new.digest(slot, &snapshot.generations, ttl + SLOT_TAG_MARGIN);
        let new_count = new.count();
        commands.add_command(scripts::WRITE.with(&[
            slot.key.as_bytes(),
            lease_record::key(&slot.key).as_bytes(),
            snapshot.head.as_bytes(),
            &wire::encode(&entry, token, digest),
            &px(ttl),
        ]));
        extend_tags(&mut commands, &slot.tags, px(ttl + SLOT_TAG_MARGIN));
        // The replies after that of the write do not matter: a tag that expires early causes a miss.
        let replies = self.send_entry(&entry, commands).await?;
        all_flags(replies.into_iter().take(new_count + 1))
    }

    /// Gives each tag that the response named a generation, and returns them. `None` if the tag epoch has changed since the
    /// lease was granted.
    ///
    /// The tags are read before the epoch and invalidated after it, so an invalidation since the lease shows in the epoch.
    async fn capture_response_tags(
        &self,
        slot: &Slot,
        grant: Grant,
        entry: &Entry,
    ) -> Result<Option<Vec<Generation>>, StoreError> {
        if entry.tags.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let ttl = px(ttl::of_entry(entry) + RESPONSE_TAG_MARGIN);
        let mut commands = pipe();
        for tag in &entry.tags {
            let new = Generation::new();
            commands.add_command(scripts::SET_GENERATION.with(&[tag.as_bytes(), &new.0, &ttl]));
        }
        let connection = self.connection.current()?;
        all_ok(self.connection.call_all(&connection, commands).await?)?;
        let keys = entry.tags.iter().map(|tag| &**tag).chain([&*slot.tag_epoch]);
        let mut generations = all_known(&self.generations(keys).await?);
        let tag_epoch = generations.as_mut().and_then(Vec::pop);
        Ok(generations.filter(|_| tag_epoch == Some(grant.tag_epoch)))
    }

    /// # Errors
    /// The entry has more header lines than can be decoded again, or more bytes than the server takes.
    fn check_size(&self, entry: &Entry) -> Result<(), StoreError> {
        if !entry.headers.fits_wire() {
            return Err(StoreError::rejected(
                "the response has too many header lines to be stored",
            ));
        }
        self.oversized.check(entry.body.len())
    }

    /// Sends a pipeline that writes this entry.
    async fn send_entry(&self, entry: &Entry, commands: Pipeline) -> Result<Vec<Value>, StoreError> {
        let connection = self.connection.current()?;
        let replies = self.connection.call_all(&connection, commands).await;
        if replies.as_ref().is_err_and(StoreError::is_unavailable) {
            self.oversized.connection_broke(entry.body.len());
        }
        replies
    }
}

/// Adds commands that let the tags live for at least `ttl`.
fn extend_tags(commands: &mut Pipeline, tags: &[Arc<str>], ttl: Vec<u8>) {
    for tag in tags {
        commands.add_command(scripts::EXTEND_TAG.with(&[tag.as_bytes(), &ttl]));
    }
}
