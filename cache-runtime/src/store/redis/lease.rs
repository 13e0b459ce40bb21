//! Grants, renews and releases leases.

use std::{sync::Arc, time::Duration};

use redis::{Cmd, Value, pipe};
use tokio::{runtime::Handle, time::timeout};

use super::{
    RedisStore,
    connection::Connection,
    error, lease_record,
    new_generations::NewGenerations,
    reply::{all_flags, bytes, ok},
    scripts,
    ttl::{EXPIRED_LEASE_TTL, LEASE_RECORD_TTL, NEW_TAG_TTL, TAG_EPOCH_TTL, px},
};
use crate::{
    slot::{Grant, Slot, Token},
    store::{Holder, LEASE_TTL, LeaseOutcome, LeaseRequest, Mark, StoreError},
};

impl RedisStore {
    /// One round trip: generations for the tags that have none, then the lease under all of them.
    pub(super) async fn lease_slot(
        &self,
        slot: &Slot,
        request: &LeaseRequest,
    ) -> Result<LeaseOutcome, StoreError> {
        let snapshot = &request.snapshot;
        if snapshot.generations.len() != slot.tags.len() {
            return Ok(LeaseOutcome::Conflict);
        }
        let mut commands = pipe();
        let mut new = NewGenerations::new(&mut commands);
        let grant = Grant {
            token: request.token,
            digest: new.digest(slot, &snapshot.generations, NEW_TAG_TTL),
            tag_epoch: new.generation(&slot.tag_epoch, snapshot.tag_epoch, TAG_EPOCH_TTL),
        };
        let new_count = new.count();
        commands.add_command(grant_command(slot, request, grant));

        let connection = self.connection.current()?;
        let release = ReleaseOnDrop::new(&connection, slot, request.token);
        let mut replies = self.connection.call_all(&connection, commands).await?;
        let reply = replies.pop().ok_or_else(error::unexpected_reply)?;
        let outcome = match ok(reply)? {
            Value::Int(1) => LeaseOutcome::Granted(grant),
            Value::Int(0) => LeaseOutcome::Conflict,
            Value::BulkString(record) => LeaseOutcome::Held(lease_record::decode(record)),
            _ => return Err(error::unexpected_reply()),
        };
        let are_current = replies.len() == new_count && all_flags(replies)?;
        if !are_current && matches!(outcome, LeaseOutcome::Granted(_)) {
            // Another process gave a tag its generation meanwhile, so the grant's digest was never current.
            self.connection
                .call(release_command(&slot.key, request.token, None))
                .await?;
            release.disarm();
            return Ok(LeaseOutcome::Conflict);
        }
        release.disarm();
        Ok(outcome)
    }

    pub(super) async fn lease_holder(&self, slot: &Slot) -> Result<Option<Holder>, StoreError> {
        let key = lease_record::key(&slot.key);
        let mut commands = pipe();
        commands.cmd("GET").arg(&key).cmd("PTTL").arg(&key);
        let connection = self.connection.current()?;
        let replies = self.connection.call_all(&connection, commands).await?;
        let Ok([record, pttl]) = <[Value; 2]>::try_from(replies) else {
            return Err(error::unexpected_reply());
        };
        if let Value::ServerError(error) = &record
            && error.code() == "WRONGTYPE"
        {
            // The lease script takes a record of another type for an empty one, which may be replaced.
            return Ok(Some(Holder::Unknown(Vec::new())));
        }
        match (bytes(ok(record)?), ok(pttl)?) {
            (Some(record), Value::Int(pttl)) => Ok(lease_record::current_holder(record, pttl)),
            (None, Value::Int(_)) => Ok(None),
            _ => Err(error::unexpected_reply()),
        }
    }

    pub(super) async fn renew_lease(&self, slot: &Slot, token: Token) -> Result<bool, StoreError> {
        self.call_flag(scripts::RENEW.with(&[
            lease_record::key(&slot.key).as_bytes(),
            &lease_record::fill_prefix(token),
            &px(LEASE_RECORD_TTL),
            &px(EXPIRED_LEASE_TTL),
        ]))
        .await
    }

    pub(super) async fn release_lease(
        &self,
        slot: &Slot,
        token: Token,
        mark: Option<(Mark, Duration)>,
    ) -> Result<(), StoreError> {
        let command = release_command(&slot.key, token, mark);
        self.call_flag(command).await.map(drop)
    }

    pub(super) async fn set_mark_ttl(
        &self,
        slot: &Slot,
        mark: Mark,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let command = scripts::EXTEND_MARK.with(&[
            lease_record::key(&slot.key).as_bytes(),
            &lease_record::encode(&Holder::Mark(mark)),
            &px(ttl),
        ]);
        self.call_flag(command).await.map(drop)
    }
}

/// The command that grants the lease if the slot has not changed and nobody else has it.
fn grant_command(slot: &Slot, request: &LeaseRequest, grant: Grant) -> Cmd {
    let key = lease_record::key(&slot.key);
    let record = lease_record::encode(&Holder::Fill(grant));
    let (ttl, expired_ttl) = (px(LEASE_RECORD_TTL), px(EXPIRED_LEASE_TTL));
    let replaces = request.replaces.as_ref().map(lease_record::encode);
    let mut arguments = vec![
        slot.key.as_bytes(),
        key.as_bytes(),
        request.snapshot.head.as_bytes(),
        &record,
        &ttl,
        &expired_ttl,
    ];
    arguments.extend(replaces.as_deref());
    scripts::LEASE.with(&arguments)
}

/// The command that ends the lease of this fill.
fn release_command(entry: &str, token: Token, mark: Option<(Mark, Duration)>) -> Cmd {
    let mut arguments = vec![
        lease_record::key(entry).into_bytes(),
        entry.into(),
        lease_record::fill_prefix(token),
    ];
    if let Some((mark, ttl)) = mark {
        arguments.extend([lease_record::encode(&Holder::Mark(mark)), px(ttl)]);
    }
    scripts::RELEASE.with(&arguments)
}

/// Releases the lease that a call may have been granted, if the call is dropped before its reply arrives.
struct ReleaseOnDrop(Option<(Connection, Arc<str>, Token)>);

impl ReleaseOnDrop {
    fn new(connection: &Connection, slot: &Slot, token: Token) -> Self {
        Self(Some((connection.clone(), Arc::clone(&slot.key), token)))
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for ReleaseOnDrop {
    fn drop(&mut self) {
        let Some((connection, key, token)) = self.0.take() else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            let command = release_command(&key, token, None);
            // Over the same connection, so the server sees it after the lease. After the TTL there is nothing to release.
            runtime.spawn(async { timeout(LEASE_TTL, connection.send(command)).await.ok() });
        }
    }
}
