//! Entries in Redis, shared by every replica that uses the same server.
//!
//! ```text
//! entry  {prefix}:{key}           the wire form; PX = as long as it may be served
//! lease  {<the entry key>}:lease  "L" token digest any, PX 60 s, of which it stands for the first 5 s; or a mark: "P", PX 5 s;
//!                                 "F", PX 30 s
//! tag    {prefix}:#<tag>          its generation, PX >= the longest life of its entries
//! any    {prefix}:#any            a generation, too, PX 1 day
//! ```
//!
//! Every record may vanish at any time (expiry, eviction, a restart): that costs a miss, never a wrong answer.

mod url;
mod error;
mod lease;
mod connection;
mod oversized;
mod scripts;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use redis::{Cmd, Value, cmd, pipe};

use self::error as fault;
use self::{connection::Link, lease::Names, oversized::Oversized, url::Address};
use super::{
    CommitOutcome, Generation, Grant, Head, Holder, LeaseOutcome, LeaseRequest, Lookup, Mark, ReadOutcome,
    Slot, Snapshot, Store, StoreError, StoreFuture, Token, WriteRequest,
};
use crate::{
    Error,
    clock::{Timestamp, millis},
    entry::{
        Entry,
        wire::{self, Decoded},
    },
};

/// How long a tag is kept that a fill named, until the commit: longer than a fill may take.
const TAG_START: Duration = Duration::from_secs(2 * 60);

/// How long a tag that is known beforehand is kept beyond its entries, so that it does not expire under a fill.
const TAG_SLACK: Duration = TAG_START;

/// How long a tag that the answer named is kept beyond its entries: it is named by the commit, just before the entry is written.
const OWN_TAG_SLACK: Duration = Duration::from_secs(5);

/// How long the generation of `any` is kept: longer than any fill takes.
const ANY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// How many records the server looks at in one step of a purge: about a millisecond of its time.
const PAGE: u32 = 1000;

/// Longer than any entry lives. Redis refuses lives that end after its own end of time.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Entries in Redis.
///
/// It connects when it is first [pinged](Store::ping) and again at each ping after the connection was lost; every
/// other call that finds no connection fails at once. Nothing is done in the background: whoever owns the store
/// pings it, each second or so.
///
/// # Cancel safety
///
/// Every call may be dropped at any await; what it sent may still take effect. A [`lease`](Store::lease) that is
/// dropped before its answer sends a [`release`](Store::release) behind it, so a token must not be used again after that.
pub struct RedisStore {
    link: Link,
    oversized: Oversized,
    address: Address,
}

impl RedisStore {
    /// A store at `redis://[user:password@]host[:port][/database]`, or
    /// `redis+unix:///path/to/socket[?db=0&user=name&pass=password]`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The URL is none of these, or asks for TLS (`rediss://`). The text says what is expected and never holds
    /// the password.
    ///
    /// ```
    /// # use handler_cache::store::RedisStore;
    /// let store = RedisStore::open("redis://:secret@127.0.0.1:6379/1")?;
    /// assert_eq!(format!("{store:?}"), "redis://127.0.0.1:6379/1");
    /// # Ok::<(), handler_cache::Error>(())
    /// ```
    pub fn open(url: &str) -> Result<Self, Error> {
        let (client, address) = url::client(url)?;
        Ok(Self {
            link: Link::new(client),
            oversized: Oversized::default(),
            address,
        })
    }

    /// Sends commands that write a record with this many bytes of body.
    async fn send_write(&self, body: usize, commands: redis::Pipeline) -> Result<Vec<Value>, StoreError> {
        let line = self.link.line()?;
        let answers = self.link.calls(&line, commands).await;
        if answers.as_ref().is_err_and(StoreError::is_unavailable) {
            self.oversized.broke(body);
        }
        answers
    }

    /// Sends commands of which each has to succeed.
    async fn all(&self, commands: redis::Pipeline) -> Result<(), StoreError> {
        let line = self.link.line()?;
        let answers = self.link.calls(&line, commands).await?;
        answers.into_iter().try_for_each(|answer| ok(answer).map(drop))
    }

    /// The values of these keys, if there are any. What is of a wrong type reads as nothing: no error for one record that is not ours.
    async fn values<'n>(
        &self,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        const COMMAND: &str = "MGET";
        let (count, length) = names.clone().fold((0, COMMAND.len()), |(count, length), name| {
            (count + 1, length + name.len())
        });
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut command = Cmd::with_capacity(1 + count, length);
        command.arg(COMMAND);
        for name in names {
            command.arg(name);
        }
        match ok(self.link.call(command).await?)? {
            Value::Array(values) if values.len() == count => Ok(values.into_iter().map(bytes).collect()),
            _ => Err(fault::nonsense()),
        }
    }

    /// What a read comes to, given the record and the generations that stand now.
    ///
    /// The tags that the entry itself names are asked for now that they are known.
    async fn judge(
        &self,
        slot: &Slot,
        record: Option<Vec<u8>>,
        generations: Vec<Option<Generation>>,
        tag_epoch: Option<Generation>,
    ) -> Result<ReadOutcome, StoreError> {
        let record = Bytes::from(record.unwrap_or_default());
        let head = Head::of(&record);
        let found = if wire::is_newer(&record) {
            Lookup::Newer
        } else if let Some(decoded) = wire::decode(record)
            && self.stands(slot, &decoded, &generations).await?
        {
            Lookup::Entry(Arc::new(decoded.entry))
        } else {
            Lookup::Missing
        };
        Ok(ReadOutcome {
            lookup: found,
            snapshot: Snapshot {
                head,
                generations,
                tag_epoch,
            },
        })
    }

    /// Whether the entry was stored under the generations that stand now.
    async fn stands(
        &self,
        slot: &Slot,
        decoded: &Decoded,
        generations: &[Option<Generation>],
    ) -> Result<bool, StoreError> {
        if generations.contains(&None) {
            return Ok(false);
        }
        let own = self.values(decoded.entry.tags.iter().map(|tag| &**tag)).await?;
        let own: Vec<_> = own.into_iter().map(|value| value.and_then(generation)).collect();
        let Some(own) = all_known(&own) else {
            return Ok(false);
        };
        Ok(decoded.digest == slot.digest(generations.iter().flatten().copied()).with(&own))
    }

    /// Gives the entry's own tags a generation each, and returns them; none if `any` does not stand any more.
    ///
    /// The tags are read before `any`, and retired after it: what was retired since the lease shows in `any`.
    async fn own_generations(
        &self,
        slot: &Slot,
        grant: Grant,
        entry: &Entry,
    ) -> Result<Option<Vec<Generation>>, StoreError> {
        if entry.tags.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let life = px(life(entry) + OWN_TAG_SLACK);
        let mut commands = pipe();
        for tag in &entry.tags {
            commands.add_command(scripts::NAME.with(&[tag.as_bytes(), &Generation::new().0, &life]));
        }
        let line = self.link.line()?;
        self.link
            .calls(&line, commands)
            .await?
            .into_iter()
            .try_for_each(|answer| ok(answer).map(drop))?;
        let names = entry.tags.iter().map(|tag| &**tag).chain([&*slot.tag_epoch]);
        let values = self.values(names).await?;
        let generations: Vec<_> = values
            .into_iter()
            .map(|value| value.and_then(generation))
            .collect();
        let mut standing = all_known(&generations);
        let tag_epoch = standing.as_mut().and_then(Vec::pop);
        Ok(standing.filter(|_| tag_epoch == Some(grant.tag_epoch)))
    }

    async fn flag(&self, command: Cmd) -> Result<bool, StoreError> {
        flag(self.link.call(command).await?)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.address, f)
    }
}

impl Store for RedisStore {
    fn read<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, ReadOutcome> {
        Box::pin(async {
            let tags = slot.tags.iter().map(|tag| &**tag);
            let names = [&*slot.key].into_iter().chain(tags).chain([&*slot.tag_epoch]);
            let mut values = self.values(names).await?.into_iter();
            let record = values.next().flatten();
            let tag_epoch = values.next_back().flatten().and_then(generation);
            let generations: Vec<_> = values.map(|value| value.and_then(generation)).collect();
            self.judge(slot, record, generations, tag_epoch).await
        })
    }

    fn lease<'a>(&'a self, slot: &'a Slot, request: &'a LeaseRequest) -> StoreFuture<'a, LeaseOutcome> {
        Box::pin(lease::lease(&self.link, slot, request))
    }

    fn holder<'a>(&'a self, slot: &'a Slot) -> StoreFuture<'a, Option<Holder>> {
        Box::pin(async {
            let lease = lease::key(&slot.key);
            let mut commands = pipe();
            commands.cmd("GET").arg(&lease).cmd("PTTL").arg(&lease);
            let line = self.link.line()?;
            let answers = self.link.calls(&line, commands).await?;
            let Ok([record, left]) = <[Value; 2]>::try_from(answers) else {
                return Err(fault::nonsense());
            };
            match record {
                // As the lease script sees it: something stands there, and may be replaced.
                Value::ServerError(error) if error.code() == "WRONGTYPE" => {
                    Ok(Some(Holder::Unknown(Vec::new())))
                }
                record => match (bytes(ok(record)?), ok(left)?) {
                    (Some(record), Value::Int(left)) => Ok(lease::standing(record, left)),
                    (None, Value::Int(_)) => Ok(None),
                    _ => Err(fault::nonsense()),
                },
            }
        })
    }

    fn renew<'a>(&'a self, slot: &'a Slot, token: Token) -> StoreFuture<'a, bool> {
        Box::pin(self.flag(scripts::RENEW.with(&[
            lease::key(&slot.key).as_bytes(),
            &lease::fill_of(token),
            &lease::record_ttl(),
            &px(lease::LAPSED),
        ])))
    }

    fn commit<'a>(
        &'a self,
        slot: &'a Slot,
        grant: Grant,
        entry: &'a Arc<Entry>,
    ) -> StoreFuture<'a, CommitOutcome> {
        Box::pin(async move {
            check_lines(entry)?;
            self.oversized.check(entry.body.len())?;
            let life = life(entry);
            let Some(own) = self.own_generations(slot, grant, entry).await? else {
                return Ok(CommitOutcome::Fenced);
            };
            let digest = grant.digest.with(&own);
            let mut commands = pipe();
            commands.add_command(scripts::COMMIT.with(&[
                slot.key.as_bytes(),
                lease::key(&slot.key).as_bytes(),
                &lease::bytes(&Holder::Fill(grant)),
                &wire::encode(entry, grant.token, digest),
                &px(life),
            ]));
            for tag in &*slot.tags {
                commands.add_command(scripts::KEEP.with(&[tag.as_bytes(), &px(life + TAG_SLACK)]));
            }
            // Should the commit have come late.
            for tag in &entry.tags {
                commands.add_command(scripts::KEEP.with(&[tag.as_bytes(), &px(life + OWN_TAG_SLACK)]));
            }
            let answers = self.send_write(entry.body.len(), commands).await?;
            // Of the tags nothing needs to be known: one that could not be kept expires early, which is a miss.
            let stored = answers.into_iter().next().ok_or_else(fault::nonsense)?;
            Ok(if flag(stored)? {
                CommitOutcome::Stored
            } else {
                CommitOutcome::Fenced
            })
        })
    }

    fn release<'a>(
        &'a self,
        slot: &'a Slot,
        token: Token,
        mark: Option<(Mark, Duration)>,
    ) -> StoreFuture<'a, ()> {
        let command = lease::release(&slot.key, token, mark);
        Box::pin(async { self.flag(command).await.map(drop) })
    }

    fn extend_mark<'a>(&'a self, slot: &'a Slot, mark: Mark, ttl: Duration) -> StoreFuture<'a, ()> {
        let command = scripts::EXTEND_MARK.with(&[
            lease::key(&slot.key).as_bytes(),
            &lease::bytes(&Holder::Mark(mark)),
            &px(ttl),
        ]);
        Box::pin(async { self.flag(command).await.map(drop) })
    }

    fn write<'a>(&'a self, slot: &'a Slot, request: WriteRequest) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            if request.snapshot.generations.len() != slot.tags.len() {
                return Ok(false);
            }
            check_lines(&request.entry)?;
            self.oversized.check(request.entry.body.len())?;
            let life = life(&request.entry);
            let mut commands = pipe();
            let mut names = Names::new(&mut commands);
            let digest = names.digest(slot, &request.snapshot.generations, life + TAG_SLACK);
            let named = names.count;
            commands.add_command(scripts::WRITE.with(&[
                slot.key.as_bytes(),
                lease::key(&slot.key).as_bytes(),
                request.snapshot.head.as_bytes(),
                &wire::encode(&request.entry, request.token, digest),
                &px(life),
            ]));
            for tag in &*slot.tags {
                commands.add_command(scripts::KEEP.with(&[tag.as_bytes(), &px(life + TAG_SLACK)]));
            }
            let answers = self.send_write(request.entry.body.len(), commands).await?;
            // What it keeps of the tags may fail: one that expires early is a miss.
            let mut answers = answers.into_iter().take(named + 1);
            answers.try_fold(true, |first_to_name, answer| Ok(flag(answer)? && first_to_name))
        })
    }

    fn evict<'a>(&'a self, keys: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        // One command takes both, and it is no transaction and no script: it works on a full server.
        let mut commands = pipe();
        for key in keys {
            commands.cmd("UNLINK").arg(&**key).arg(lease::key(key));
        }
        Box::pin(self.all(commands))
    }

    fn invalidate_tags<'a>(&'a self, tags: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        let mut commands = pipe();
        for tag in tags {
            commands.cmd("DEL").arg(&**tag);
        }
        Box::pin(self.all(commands))
    }

    fn purge<'a>(&'a self, prefix: &'a str, before: Timestamp, from: u64) -> StoreFuture<'a, Option<u64>> {
        Box::pin(async move {
            let mut command = cmd("SCAN");
            command.arg(from).arg("MATCH").arg(format!("{prefix}[:@]*"));
            let answer = ok(self.link.call(command.arg("COUNT").arg(PAGE).take()).await?)?;
            let (next, keys): (u64, Vec<Vec<u8>>) =
                redis::from_redis_value(answer).map_err(|_| fault::nonsense())?;
            let tags = format!("{prefix}:#");
            let (version, before) = (wire::VERSION.to_string(), before.as_millis().to_string());
            let mut commands = pipe();
            for key in keys.iter().filter(|key| !key.starts_with(tags.as_bytes())) {
                commands.add_command(scripts::PURGE.with(&[
                    key.as_slice(),
                    &wire::MAGIC,
                    version.as_bytes(),
                    before.as_bytes(),
                ]));
            }
            self.all(commands).await?;
            Ok((next != 0).then_some(next))
        })
    }

    fn ping(&self) -> StoreFuture<'_, Option<Timestamp>> {
        Box::pin(async {
            let answer = ok(self.link.probe().await?)?;
            let (seconds, micros): (u64, u64) =
                redis::from_redis_value(answer).map_err(|_| fault::nonsense())?;
            let millis = seconds.saturating_mul(1000).saturating_add(micros / 1000);
            Ok(Some(Timestamp::from_millis(millis)))
        })
    }
}

/// The generations, if every tag has one.
fn all_known(generations: &[Option<Generation>]) -> Option<Vec<Generation>> {
    generations.iter().copied().collect()
}

fn generation(record: Vec<u8>) -> Option<Generation> {
    record.try_into().ok().map(Generation)
}

/// How long the entry may be served in any way. Redis knows no life of nothing.
fn life(entry: &Entry) -> Duration {
    entry.life().clamp(Duration::from_millis(1), LONGEST)
}

/// # Errors
/// When there are more than can be read again.
fn check_lines(entry: &Entry) -> Result<(), StoreError> {
    match entry.headers.fit_the_wire() {
        true => Ok(()),
        false => Err(StoreError::rejected("the entry has too many header lines")),
    }
}

/// A time to live as the scripts take it, in milliseconds.
fn px(life: Duration) -> Vec<u8> {
    millis(life).to_string().into_bytes()
}

fn ok(answer: Value) -> Result<Value, StoreError> {
    match answer {
        Value::ServerError(error) => Err(fault::of_server(error)),
        answer => Ok(answer),
    }
}

fn flag(answer: Value) -> Result<bool, StoreError> {
    match ok(answer)? {
        Value::Int(flag) => Ok(flag == 1),
        _ => Err(fault::nonsense()),
    }
}

fn bytes(answer: Value) -> Option<Vec<u8>> {
    match answer {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}
