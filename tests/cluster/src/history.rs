//! The history of a campaign, by the clock of the process with the clients and the database.

use std::{fmt, time::Duration};

use crate::fault::Fault;

/// Since the campaign began.
pub type Moment = Duration;

/// Beginning and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub began: Moment,
    pub ended: Moment,
}

impl Span {
    pub fn overlaps(self, other: Self) -> bool {
        self.began <= other.ended && other.began <= self.ended
    }

    pub fn length(self) -> Duration {
        self.ended.saturating_sub(self.began)
    }
}

/// How a register's page is cached, and evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Evicted by its key.
    Plain,
    /// With variants: evicted by the tag of its arguments.
    Varied,
    /// By a tag of the option `tags`.
    Tagged,
    /// By a tag that only the response names.
    Named,
    /// With all entries of its handler.
    Whole,
    /// By its key; soon stale, and then refreshed in background.
    Short,
    /// By its path: a layer caches it.
    Routed,
    /// The same, in an RFC 9111 layer: soon stale, and then validated.
    Rfc9111,
    /// A value of the application: by its key.
    Value,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Plain,
        Self::Varied,
        Self::Tagged,
        Self::Named,
        Self::Whole,
        Self::Short,
        Self::Routed,
        Self::Rfc9111,
        Self::Value,
    ];

    /// Its entries expire.
    pub fn is_short(self) -> bool {
        matches!(self, Self::Short | Self::Rfc9111)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Varied => "varied",
            Self::Tagged => "tagged",
            Self::Named => "named",
            Self::Whole => "whole",
            Self::Short => "short",
            Self::Routed => "routed",
            Self::Rfc9111 => "rfc9111",
            Self::Value => "value",
        }
    }
}

/// A number in the database that only grows, and the page that shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Register {
    pub kind: Kind,
    pub id: u32,
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.name(), self.id)
    }
}

/// One process of a replica. A restarted replica has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    pub replica: usize,
    /// How often the replica was restarted before.
    pub restarts: u32,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.replica, self.restarts)
    }
}

/// One execution of a handler, from its request to the database until it disconnects.
#[derive(Debug, Clone)]
pub struct Fill {
    pub register: Register,
    pub by: Process,
    pub span: Span,
    /// The register's value at the beginning.
    pub value: u64,
    /// It was made to answer 500.
    pub fails: bool,
}

/// A request for a page.
#[derive(Debug, Clone)]
pub struct Read {
    pub register: Register,
    pub by: Process,
    pub span: Span,
    pub answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200, with a page that a handler returned.
    Page {
        run: usize,
        value: u64,
        cache_status: CacheStatus,
    },
    /// 500: this fill was made to fail.
    Failed { run: usize },
    /// No response.
    Lost(String),
    /// A response that no client should get.
    Wrong(String),
}

/// How the cache answered, by the headers of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheStatus {
    /// From the store, or from the fill of another request.
    Hit,
    Stale,
    /// The leader of a fill with a lease: the page is stored.
    Stored,
    /// The handler ran for this request without a lease.
    NotStored,
    /// The headers do not show it.
    Unknown,
}

/// A write: a register is incremented and its page evicted.
#[derive(Debug, Clone)]
pub struct Write {
    pub register: Register,
    pub by: Process,
    pub span: Span,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// To this value; the eviction returned `Ok`.
    Evicted(u64),
    /// To this value; the eviction returned `Err`, and the process retries it.
    Retrying(u64),
    /// No response: the write may or may not have happened.
    Lost(String),
    /// A response that no client should get.
    Wrong(String),
}

/// A fault, from its beginning to its end.
#[derive(Debug, Clone)]
pub struct Trouble {
    pub fault: Fault,
    /// The affected replica; `None` for all.
    pub replica: Option<usize>,
    pub span: Span,
}

impl Trouble {
    pub fn concerns(&self, replica: usize) -> bool {
        self.replica.is_none_or(|own| own == replica)
    }
}

/// All events.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// By number.
    pub runs: Vec<Fill>,
    pub reads: Vec<Read>,
    pub writes: Vec<Write>,
    pub troubles: Vec<Trouble>,
    /// Store time of one request.
    pub budget: Duration,
    /// Processes that were killed, and when.
    pub deaths: Vec<(Process, Moment)>,
}

impl History {
    /// Whether a replica had this fault at any time within a span.
    pub fn is_troubled(&self, replica: usize, span: Span, such: impl Fn(Fault) -> bool) -> bool {
        self.troubles
            .iter()
            .any(|trouble| trouble.concerns(replica) && trouble.span.overlaps(span) && such(trouble.fault))
    }

    /// How long a replica was suspended within a span.
    pub fn stopped(&self, replica: usize, span: Span) -> Duration {
        let stops = self.troubles.iter().filter(|trouble| {
            trouble.fault == Fault::ReplicaFrozen && trouble.concerns(replica) && trouble.span.overlaps(span)
        });
        stops
            .map(|stop| {
                let (began, ended) = (stop.span.began.max(span.began), stop.span.ended.min(span.ended));
                ended.saturating_sub(began)
            })
            .sum()
    }

    pub fn died(&self, process: Process) -> Option<Moment> {
        let death = self.deaths.iter().find(|(dead, _)| *dead == process);
        death.map(|(_, moment)| *moment)
    }
}

/// A line for each event, in their order.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reads = self.reads.iter().map(|read| {
            let detail = format!("read {} of {}: {:?}", read.register, read.by, read.answer);
            (read.span, detail)
        });
        let writes = self.writes.iter().map(|write| {
            let detail = format!("write {} of {}: {:?}", write.register, write.by, write.outcome);
            (write.span, detail)
        });
        let runs = self.runs.iter().enumerate().map(|(number, run)| {
            let Fill {
                register,
                by,
                value,
                fails,
                ..
            } = run;
            let detail = format!("fill {number} {register} of {by}: read {value}, fails: {fails}");
            (run.span, detail)
        });
        let troubles = self.troubles.iter().map(|trouble| {
            let detail = format!("trouble of {:?}: {}", trouble.replica, trouble.fault.name());
            (trouble.span, detail)
        });
        let mut lines: Vec<_> = reads.chain(writes).chain(runs).chain(troubles).collect();
        lines.sort_by_key(|(span, _)| span.began);
        for (Span { began, ended }, detail) in lines {
            writeln!(
                f,
                "{:.6} {:.6} {detail}",
                began.as_secs_f64(),
                ended.as_secs_f64()
            )?;
        }
        Ok(())
    }
}
