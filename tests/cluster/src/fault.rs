//! Faults of replicas and of Redis, and how they end.

use std::time::Duration;

use crate::{
    cluster::{Cluster, Session},
    link::LinkState,
};

/// The delay of a slow link: longer than most requests wait.
const SLOW: Duration = Duration::from_millis(400);

/// A fault of one replica, or of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    ReplicaKilled,
    ReplicaFrozen,
    LinkCut,
    LinkSilent,
    LinkHalfOpen,
    LinkSlow,
    LinkGarbage,
    RedisKilled,
    RedisFrozen,
    /// Killed, and restarted empty at once.
    RedisRestarted,
    RedisFull,
    RedisReadOnly,
    PasswordChanged,
    /// Every record is of another type.
    WrongTypes,
    ConnectionsUsedUp,
}

impl Fault {
    /// Of one replica.
    pub const LOCAL: [Self; 7] = [
        Self::ReplicaKilled,
        Self::ReplicaFrozen,
        Self::LinkCut,
        Self::LinkSilent,
        Self::LinkHalfOpen,
        Self::LinkSlow,
        Self::LinkGarbage,
    ];

    /// Of Redis.
    pub const SHARED: [Self; 8] = [
        Self::RedisKilled,
        Self::RedisFrozen,
        Self::RedisRestarted,
        Self::RedisFull,
        Self::RedisReadOnly,
        Self::PasswordChanged,
        Self::WrongTypes,
        Self::ConnectionsUsedUp,
    ];

    pub fn is_local(self) -> bool {
        Self::LOCAL.contains(&self)
    }

    /// Whether the breaker should open.
    pub fn opens_the_breaker(self) -> bool {
        !matches!(
            self,
            Self::ReplicaKilled
                | Self::ReplicaFrozen
                | Self::RedisFull
                | Self::WrongTypes
                | Self::RedisReadOnly
                | Self::RedisRestarted
        )
    }

    /// Whether the fault ends by itself.
    pub fn passes(self) -> bool {
        matches!(self, Self::RedisRestarted | Self::WrongTypes)
    }

    /// The name for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReplicaKilled => "replica killed",
            Self::ReplicaFrozen => "replica frozen (SIGSTOP)",
            Self::LinkCut => "connections closed",
            Self::LinkSilent => "link silent",
            Self::LinkHalfOpen => "link half open: answers are lost",
            Self::LinkSlow => "answers 400 ms late",
            Self::LinkGarbage => "answers are garbage",
            Self::RedisKilled => "Redis killed (SIGKILL)",
            Self::RedisFrozen => "Redis frozen (SIGSTOP)",
            Self::RedisRestarted => "Redis restarted, empty",
            Self::RedisFull => "Redis out of memory (`noeviction`)",
            Self::RedisReadOnly => "Redis read-only",
            Self::PasswordChanged => "password changed",
            Self::WrongTypes => "wrong type under every key",
            Self::ConnectionsUsedUp => "connection limit reached",
        }
    }
}

impl Cluster {
    /// Begins the fault.
    pub fn inject(&mut self, fault: Fault, replica: usize) {
        let member = &self.members[replica];
        match fault {
            Fault::ReplicaKilled => self.kill(replica),
            Fault::ReplicaFrozen => member.server.freeze(),
            Fault::LinkCut => member.link.set_state(LinkState::Cut),
            Fault::LinkSilent => member.link.set_state(LinkState::Silent),
            Fault::LinkHalfOpen => member.link.set_state(LinkState::HalfOpen),
            Fault::LinkSlow => member.link.delay(SLOW),
            Fault::LinkGarbage => member.link.set_state(LinkState::Garbage),
            Fault::RedisKilled => self.redis.kill(),
            Fault::RedisFrozen => self.redis.freeze(),
            Fault::RedisRestarted => self.redis.restart(),
            Fault::RedisFull => {
                self.redis.command(["CONFIG", "SET", "maxmemory", "1"]);
            }
            Fault::RedisReadOnly => {
                self.redis.command(["REPLICAOF", "127.0.0.1", "1"]);
            }
            Fault::PasswordChanged => self.shut_out(["CONFIG", "SET", "requirepass", "another"]),
            Fault::WrongTypes => {
                let spoil = "for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('DEL', key) \
                             redis.call('RPUSH', key, 'wrong') end";
                self.redis.command(["EVAL", spoil, "0"]);
            }
            Fault::ConnectionsUsedUp => self.shut_out(["CONFIG", "SET", "maxclients", "1"]),
        }
    }

    /// Ends the fault.
    pub fn mend(&mut self, fault: Fault, replica: usize) {
        let member = &self.members[replica];
        match fault {
            Fault::ReplicaKilled => self.restart(replica),
            Fault::ReplicaFrozen => member.server.thaw(),
            Fault::LinkCut | Fault::LinkSilent | Fault::LinkHalfOpen | Fault::LinkGarbage => {
                member.link.set_state(LinkState::Open);
            }
            Fault::LinkSlow => member.link.delay(Duration::ZERO),
            Fault::RedisKilled => self.redis.restart(),
            Fault::RedisFrozen => self.redis.thaw(),
            Fault::RedisFull => {
                self.redis.command(["CONFIG", "SET", "maxmemory", "0"]);
            }
            Fault::RedisReadOnly => {
                self.redis.command(["REPLICAOF", "NO", "ONE"]);
            }
            Fault::PasswordChanged => self.let_in(["CONFIG", "SET", "requirepass", ""]),
            Fault::ConnectionsUsedUp => self.let_in(["CONFIG", "SET", "maxclients", "10000"]),
            // Corrupt records are replaced when they are requested.
            Fault::RedisRestarted | Fault::WrongTypes => {}
        }
    }

    /// After this command new connections are useless, and the old ones are closed.
    fn shut_out(&mut self, command: [&str; 4]) {
        let mut session = Session::open(&self.redis);
        session.command(command);
        session.command(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        self.session = Some(session);
    }

    fn let_in(&mut self, command: [&str; 4]) {
        let mut session = self.session.take().expect("it was opened to shut the others out");
        session.command(command);
    }
}
