//! A Redis server, a database, and replicas, each behind a link of its own.

use std::{
    ops::Range,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use redis::{Cmd, Connection, FromRedisValue};

use crate::{
    database::{Database, Manners},
    history::{Moment, Process},
    link::Link,
    process::{Server, Setup},
    server::RedisServer,
};

/// Ended with this value.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) redis: RedisServer,
    /// Opened before a fault that rejects later connections.
    pub(crate) session: Option<Session>,
    pub(crate) members: Vec<Member>,
    pub(crate) database: Database,
    began: Instant,
    addresses: Addresses,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) link: Link,
    pub(crate) server: Server,
    process: Process,
    setup: Setup,
}

/// Which process answers for each replica, and on which port: clients share it.
pub(crate) type Addresses = Arc<RwLock<Vec<(Process, u16)>>>;

/// The settings that all replicas share.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub replicas: usize,
    pub seed: u64,
    pub manners: Manners,
    /// Store time of one request.
    pub budget: Duration,
}

impl Cluster {
    /// `program` is the replica's. Their machines' clocks are five minutes apart.
    pub async fn start(program: &Path, plan: Plan) -> Self {
        let began = Instant::now();
        let redis = RedisServer::start();
        let database = Database::start(began, plan.seed, plan.manners).await;
        let mut members = Vec::new();
        for replica in 0..plan.replicas {
            let link = Link::to(&redis).start().await;
            let setup = Setup {
                program: program.to_owned(),
                redis: link.url(),
                database: database.port(),
                ahead: 300 * (i64::try_from(replica).expect("there are few") - 1),
                budget: plan.budget,
            };
            let process = Process { replica, restarts: 0 };
            members.push(Member {
                link,
                server: tokio::task::block_in_place(|| Server::start(&setup, process)),
                process,
                setup,
            });
        }
        let cluster = Self {
            redis,
            session: None,
            members,
            database,
            began,
            addresses: Addresses::default(),
        };
        cluster.announce();
        cluster
    }

    pub fn now(&self) -> Moment {
        self.began.elapsed()
    }

    pub(crate) fn addresses(&self) -> Addresses {
        Arc::clone(&self.addresses)
    }

    /// A replica's port.
    pub fn port(&self, replica: usize) -> u16 {
        self.members[replica].server.port
    }

    /// When, within a span, a replica's breaker opened, by its log.
    pub(crate) fn breaker_open(&self, replica: usize, from: Instant, to: Instant) -> Vec<Range<Instant>> {
        let server = &self.members[replica].server;
        let mut open = Vec::new();
        let mut at = from;
        while let Some(opened) = server.said("STORE_UNAVAILABLE", at).filter(|opened| *opened < to) {
            let closed = server.said("CONNECT_SUCCESS", opened).unwrap_or(to);
            open.push(opened..closed);
            at = closed.max(opened + Duration::from_micros(1));
        }
        open
    }

    /// Whether a replica logged this, since then.
    pub(crate) fn said(&self, replica: usize, text: &str, since: Instant) -> bool {
        self.members[replica].server.said(text, since).is_some()
    }

    /// A moment of the history by this process's clock; `None` for the end of what is still in progress.
    pub(crate) fn instant(&self, moment: Moment) -> Option<Instant> {
        self.began.checked_add(moment)
    }

    /// All fills so far.
    pub fn runs(&self) -> Vec<crate::history::Fill> {
        self.database.runs()
    }

    /// The process that answers for a replica now.
    pub fn process(&self, replica: usize) -> Process {
        self.members[replica].process
    }

    /// Kills a replica's process at once.
    pub fn kill(&mut self, replica: usize) {
        self.members[replica].server.kill();
    }

    /// Starts a replica again, as another process.
    pub fn restart(&mut self, replica: usize) {
        let member = &mut self.members[replica];
        member.process.restarts += 1;
        member.server = Server::start(&member.setup, member.process);
        self.announce();
    }

    fn announce(&self) {
        let members = self.members.iter();
        let addresses = members.map(|member| (member.process, member.server.port));
        *self.addresses.write().unwrap_or_else(PoisonError::into_inner) = addresses.collect();
    }
}

/// A connection to Redis without a link.
pub(crate) struct Session(Connection);

impl Session {
    pub(crate) fn open(redis: &RedisServer) -> Self {
        Self(redis.connect().expect("Redis is well"))
    }

    /// # Panics
    /// The server rejects the command, or replies with another type.
    #[track_caller]
    pub(crate) fn ask<T: FromRedisValue, const N: usize>(&mut self, words: [&str; N]) -> T {
        let mut command = Cmd::new();
        for word in words {
            command.arg(word);
        }
        command.query(&mut self.0).expect("Redis carries out the command")
    }

    /// # Panics
    /// The server rejects the command.
    #[track_caller]
    pub(crate) fn command<const N: usize>(&mut self, words: [&str; N]) {
        self.ask::<redis::Value, N>(words);
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}
