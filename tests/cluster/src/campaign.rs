//! Clients that read, write and evict at random while faults occur, from a seed.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use fastrand::Rng;
use tokio::{
    task::{JoinSet, block_in_place},
    time::sleep,
};

use crate::{
    check::AFTERMATH,
    client::{Client, Response},
    cluster::{Addresses, Cluster, Plan},
    database::Manners,
    fault::Fault,
    history::{Answer, History, Kind, Moment, Outcome, Process, Read, Register, Span, Trouble, Write},
};

const REPLICAS: usize = 3;
/// The settings of a campaign.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// Each once, in random order, then all over again.
    faults: &'static [Fault],
    /// The time between faults, in milliseconds.
    peace: (u64, u64),
    /// How long a fault lasts, in milliseconds.
    lasts: (u64, u64),
    manners: Manners,
    clients: u64,
    kinds: &'static [Kind],
    /// Of each kind: few, so that requests meet on them.
    registers: u32,
    budget: Duration,
}

/// Every fault, one after another.
pub const EVERYTHING: Campaign = Campaign {
    faults: &[
        Fault::ReplicaKilled,
        Fault::ReplicaFrozen,
        Fault::LinkCut,
        Fault::LinkSilent,
        Fault::LinkHalfOpen,
        Fault::LinkSlow,
        Fault::LinkGarbage,
        Fault::RedisKilled,
        Fault::RedisFrozen,
        Fault::RedisRestarted,
        Fault::RedisFull,
        Fault::RedisReadOnly,
        Fault::WrongTypes,
    ],
    peace: (300, 5000),
    lasts: (100, 2500),
    manners: Manners {
        shortest: Duration::ZERO,
        longest: Duration::from_millis(60),
        slow: 0,
        fails: 20,
    },
    clients: 12,
    kinds: &Kind::ALL,
    registers: 3,
    // A long budget, since a working server may be slow on a busy machine.
    budget: Duration::from_secs(2),
};

/// The store pauses again and again, too briefly for the breaker, and some handlers take longer than a pause.
pub const HICCUPS: Campaign = Campaign {
    faults: &[Fault::RedisFrozen],
    peace: (200, 800),
    lasts: (200, 400),
    manners: Manners {
        shortest: Duration::ZERO,
        longest: Duration::from_millis(60),
        slow: 2,
        fails: 20,
    },
    clients: 40,
    kinds: &[Kind::Plain, Kind::Named, Kind::Routed, Kind::Value],
    registers: 1,
    budget: Duration::from_millis(150),
};

/// How long evictions that were not acknowledged may take after the faults: they are retried each second.
const MADE_UP: Duration = Duration::from_secs(20);

/// A client that records the history.
#[derive(Clone)]
struct Asker {
    client: Client,
    addresses: Addresses,
    began: Instant,
    book: Arc<Mutex<(Vec<Read>, Vec<Write>)>>,
}

/// Runs the service for about `length`, then ends the faults, and reads until all evictions are done.
///
/// # Panics
/// When the processes cannot be run.
pub async fn run(program: &Path, campaign: Campaign, seed: u64, length: Duration) -> History {
    let plan = Plan {
        replicas: REPLICAS,
        seed,
        manners: campaign.manners,
        budget: campaign.budget,
    };
    let mut cluster = Cluster::start(program, plan).await;
    let asker = Asker {
        client: Client::new(),
        addresses: cluster.addresses(),
        began: Instant::now() - cluster.now(),
        book: Arc::default(),
    };
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for client in 0..campaign.clients {
        let (asker, over) = (asker.clone(), Arc::clone(&over));
        let random = Rng::with_seed(seed.wrapping_mul(1000) + client);
        clients.spawn(async move {
            let mut random = random;
            while !over.load(Ordering::Relaxed) {
                asker.ask_at_random(&mut random, campaign).await;
            }
        });
    }
    let mut history = History {
        budget: campaign.budget,
        ..History::default()
    };
    trouble(
        &mut cluster,
        campaign,
        &mut history,
        &mut Rng::with_seed(seed),
        length,
    )
    .await;
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended.expect("a client keeps going");
    }
    asker.settle(&history).await;
    let (reads, writes) = std::mem::take(&mut *asker.book.lock().unwrap_or_else(PoisonError::into_inner));
    History {
        runs: cluster.runs(),
        reads,
        writes,
        ..history
    }
}

/// One fault after another, with pauses between them.
async fn trouble(
    cluster: &mut Cluster,
    campaign: Campaign,
    history: &mut History,
    random: &mut Rng,
    length: Duration,
) {
    let end = cluster.now() + length;
    let mut faults = Vec::new();
    while cluster.now() < end {
        sleep(between(random, campaign.peace)).await;
        if faults.is_empty() {
            faults = campaign.faults.to_vec();
            random.shuffle(&mut faults);
        }
        let Some(fault) = faults.pop() else { continue };
        let replica = random.usize(..REPLICAS);
        let began = cluster.now();
        history.troubles.push(Trouble {
            fault,
            replica: fault.is_local().then_some(replica),
            span: Span {
                began,
                ended: Moment::MAX / 2,
            },
        });
        if fault == Fault::ReplicaKilled {
            let dead = cluster.process(replica);
            history.deaths.push((dead, began));
        }
        block_in_place(|| cluster.inject(fault, replica));
        // A replica that is frozen now and then wakes up when its leases are gone.
        let (least, most) = campaign.lasts;
        let most = if fault == Fault::ReplicaFrozen { 7000 } else { most };
        sleep(between(random, (least, most))).await;
        block_in_place(|| cluster.mend(fault, replica));
        if let Some(trouble) = history.troubles.last_mut() {
            trouble.span.ended = cluster.now();
        }
    }
}

fn between(random: &mut Rng, (least, most): (u64, u64)) -> Duration {
    Duration::from_millis(random.u64(least..=most))
}

impl Asker {
    async fn ask_at_random(&self, random: &mut Rng, campaign: Campaign) {
        sleep(Duration::from_micros(random.u64(..20_000))).await;
        let register = Register {
            kind: *random.choice(campaign.kinds).expect("there are kinds"),
            id: random.u32(..campaign.registers),
        };
        let (process, port) = self.addresses()[random.usize(..REPLICAS)];
        if random.u8(..10) < 8 {
            self.read(register, process, port).await;
        } else {
            self.write(register, process, port).await;
        }
    }

    async fn read(&self, register: Register, by: Process, port: u16) -> Answer {
        let began = self.now();
        let response = self.client.get(port, &format!("/{register}")).await;
        let answer = match response {
            Ok(response) => answer(&response),
            Err(error) => Answer::Lost(error),
        };
        let read = Read {
            register,
            by,
            span: self.since(began),
            answer: answer.clone(),
        };
        self.book
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .push(read);
        answer
    }

    async fn write(&self, register: Register, by: Process, port: u16) {
        let began = self.now();
        let path = format!("/write/{register}");
        let outcome = match self.client.send(Method::POST, port, &path).await {
            Ok(response) => outcome(&response),
            Err(error) => Outcome::Lost(error),
        };
        let write = Write {
            register,
            by,
            span: self.since(began),
            outcome,
        };
        self.book
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .push(write);
    }

    /// Reads every register from every replica until each response shows all writes whose evictions were acknowledged, or
    /// are retried by a process that was not killed.
    ///
    /// # Panics
    /// When that takes too long.
    async fn settle(&self, history: &History) {
        let begun = Instant::now();
        let owed = self.owed(history);
        for (process, port) in self.addresses() {
            for (register, owed) in &owed {
                loop {
                    match self.read(*register, process, port).await {
                        Answer::Page { value, .. } if value >= *owed => break,
                        answer => assert!(
                            begun.elapsed() < MADE_UP + AFTERMATH,
                            "{register} of {process} does not come to {owed}: {answer:?}"
                        ),
                    }
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    fn owed(&self, history: &History) -> BTreeMap<Register, u64> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut owed = BTreeMap::new();
        for write in &book.1 {
            let written = match write.outcome {
                Outcome::Evicted(value) => value,
                Outcome::Retrying(value) if history.died(write.by).is_none() => value,
                Outcome::Retrying(_) | Outcome::Lost(_) | Outcome::Wrong(_) => continue,
            };
            let owed = owed.entry(write.register).or_default();
            *owed = written.max(*owed);
        }
        owed
    }

    fn addresses(&self) -> Vec<(Process, u16)> {
        self.addresses
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn now(&self) -> Moment {
        self.began.elapsed()
    }

    fn since(&self, began: Moment) -> Span {
        Span {
            began,
            ended: self.now(),
        }
    }
}

fn answer(response: &Response) -> Answer {
    let mut words = response.body.split(' ').map(str::parse::<u64>);
    match (response.status, words.next(), words.next()) {
        (StatusCode::OK, Some(Ok(run)), Some(Ok(value))) => Answer::Page {
            run: usize::try_from(run).unwrap_or(usize::MAX),
            value,
            cache_status: response.cache_status,
        },
        (StatusCode::INTERNAL_SERVER_ERROR, Some(Ok(run)), None) => Answer::Failed {
            run: usize::try_from(run).unwrap_or(usize::MAX),
        },
        _ => Answer::Wrong(format!("{response:?}")),
    }
}

fn outcome(response: &Response) -> Outcome {
    match (response.status, response.body.split_once(' ')) {
        (StatusCode::OK, Some((value, "evicted"))) => Outcome::Evicted(value.parse().unwrap_or(u64::MAX)),
        (StatusCode::OK, Some((value, "retrying"))) => Outcome::Retrying(value.parse().unwrap_or(u64::MAX)),
        _ => Outcome::Wrong(format!("{response:?}")),
    }
}
