//! Who fills a slot: the record, and how to get it.

use std::{sync::Arc, time::Duration};

use redis::{Cmd, Pipeline, Value, pipe};
use tokio::{runtime::Handle, time::timeout};

use super::{
    ANY_LIFE, TAG_START,
    connection::{Line, Link},
    error as fault, flag, ok, px, scripts,
};
use crate::store::{
    Digest, Generation, Grant, Holder, LEASE_TTL, LeaseOutcome, LeaseRequest, Mark, Slot, StoreError, Token,
};

/// How long a lease stays behind that has lapsed. While nobody took it over, and no eviction removed it, its fill may still
/// commit: the process may only have been stopped.
pub(super) const LAPSED: Duration = Duration::from_secs(55);

/// The TTL of the record of a lease that is granted or renewed.
pub(super) fn record_ttl() -> Vec<u8> {
    px(LEASE_TTL + LAPSED)
}

/// Who holds a lease of this record with this many milliseconds left, if anybody does.
pub(super) fn standing(record: Vec<u8>, left: i64) -> Option<Holder> {
    let holder = holder(record);
    let left = Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX));
    // With more left than it was given, the server's clock has stepped back.
    let stands = left > LAPSED && left <= LEASE_TTL + LAPSED;
    (stands || !matches!(holder, Holder::Fill(_))).then_some(holder)
}

/// The lease's key. In a cluster what stands in braces decides the slot, which is then the entry's.
pub(super) fn key(entry: &str) -> String {
    format!("{{{entry}}}:lease")
}

/// A holder as it is stored.
pub(super) fn bytes(holder: &Holder) -> Vec<u8> {
    match holder {
        Holder::Fill(grant) => [&fill_of(grant.token)[..], &grant.digest.0, &grant.tag_epoch.0].concat(),
        Holder::Mark(Mark::HitForMiss) => b"P".to_vec(),
        Holder::Mark(Mark::FailureBackoff) => b"F".to_vec(),
        Holder::Unknown(bytes) => bytes.clone(),
    }
}

/// A holder as it was stored. What this version does not know stays as it is.
pub(super) fn holder(bytes: Vec<u8>) -> Holder {
    match &*bytes {
        b"P" => return Holder::Mark(Mark::HitForMiss),
        b"F" => return Holder::Mark(Mark::FailureBackoff),
        _ => {}
    }
    let fill = || {
        let (token, rest) = bytes.strip_prefix(b"L")?.split_first_chunk::<16>()?;
        let (digest, any) = rest.split_first_chunk::<16>()?;
        Some(Grant {
            token: Token(*token),
            digest: Digest(*digest),
            tag_epoch: Generation(any.try_into().ok()?),
        })
    };
    fill().map_or_else(|| Holder::Unknown(bytes.clone()), Holder::Fill)
}

/// How the record of this fill begins.
pub(super) fn fill_of(token: Token) -> Vec<u8> {
    [b"L", &token.0[..]].concat()
}

/// The command that ends the lease of this fill.
pub(super) fn release(entry: &str, token: Token, mark: Option<(Mark, Duration)>) -> Cmd {
    let mut arguments = vec![key(entry).into_bytes(), entry.into(), fill_of(token)];
    if let Some((mark, life)) = mark {
        arguments.extend([bytes(&Holder::Mark(mark)), px(life)]);
    }
    scripts::RELEASE.with(&arguments)
}

/// Asks for the lease. One round trip: generations for the tags that have none, then the lease under them.
pub(super) async fn lease(
    link: &Link,
    slot: &Slot,
    request: &LeaseRequest,
) -> Result<LeaseOutcome, StoreError> {
    if request.snapshot.generations.len() != slot.tags.len() {
        return Ok(LeaseOutcome::Conflict);
    }
    let mut commands = pipe();
    let mut names = Names::new(&mut commands);
    let grant = Grant {
        token: request.token,
        digest: names.digest(slot, &request.snapshot.generations, TAG_START),
        tag_epoch: names.generation(&slot.tag_epoch, request.snapshot.tag_epoch, ANY_LIFE),
    };
    let named = names.count;
    let (own, holder_then) = (key(&slot.key), bytes(&Holder::Fill(grant)));
    let (ttl, lapsed) = (record_ttl(), px(LAPSED));
    let replaces = request.replaces.as_ref().map(bytes);
    let mut arguments = vec![
        slot.key.as_bytes(),
        own.as_bytes(),
        request.snapshot.head.as_bytes(),
        &holder_then,
        &ttl,
        &lapsed,
    ];
    arguments.extend(replaces.as_deref());
    commands.add_command(scripts::LEASE.with(&arguments));

    let line = link.line()?;
    let unanswered = Unanswered::new(&line, slot, request.token);
    let mut answers = link.calls(&line, commands).await?;
    let leased = match answers.pop().map(ok).ok_or_else(fault::nonsense)?? {
        Value::Int(1) => LeaseOutcome::Granted(grant),
        Value::Int(0) => LeaseOutcome::Conflict,
        Value::BulkString(held) => LeaseOutcome::Held(holder(held)),
        _ => return Err(fault::nonsense()),
    };
    let mut first_to_name = answers.len() == named;
    for answer in answers {
        first_to_name &= flag(answer)?;
    }
    if !first_to_name && matches!(leased, LeaseOutcome::Granted(_)) {
        // Somebody named a tag in between: what we hold is under a generation that never was.
        link.call(release(&slot.key, request.token, None)).await?;
        unanswered.disarm();
        return Ok(LeaseOutcome::Conflict);
    }
    unanswered.disarm();
    Ok(leased)
}

/// Gives generations to the tags that have none, at the head of a pipeline.
pub(super) struct Names<'a> {
    commands: &'a mut Pipeline,
    /// So many commands, each of which answers whether it was the first.
    pub(super) count: usize,
}

impl<'a> Names<'a> {
    pub(super) fn new(commands: &'a mut Pipeline) -> Self {
        Self { commands, count: 0 }
    }

    /// Of the slot's generations, those that were read and those that are new.
    pub(super) fn digest(&mut self, slot: &Slot, read: &[Option<Generation>], life: Duration) -> Digest {
        let tags = slot.tags.iter().zip(read);
        slot.digest(tags.map(|(tag, known)| self.generation(tag, *known, life)))
    }

    fn generation(&mut self, tag: &str, known: Option<Generation>, life: Duration) -> Generation {
        known.unwrap_or_else(|| {
            let new = Generation::new();
            self.count += 1;
            let command = scripts::NAME.with(&[tag.as_bytes(), &new.0, &px(life)]);
            self.commands.add_command(command);
            new
        })
    }
}

/// Gives back what may have been granted to somebody who went away before the answer came.
struct Unanswered(Option<(Line, Arc<str>, Token)>);

impl Unanswered {
    fn new(line: &Line, slot: &Slot, token: Token) -> Self {
        Self(Some((line.clone(), Arc::clone(&slot.key), token)))
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        let Some((line, key, token)) = self.0.take() else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            let release = release(&key, token, None);
            // Over the same connection, so behind the lease. After its TTL there is nothing left to release.
            runtime.spawn(async { timeout(LEASE_TTL, line.send(release)).await.ok() });
        }
    }
}
