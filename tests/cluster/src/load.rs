//! The cost of a fault for requests: one replica under load, compared with the same handler without a cache.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use fastrand::Rng;
use tokio::{
    task::{JoinSet, block_in_place},
    time::sleep,
};

use crate::{
    client::Client,
    cluster::{Cluster, Plan},
    database::Manners,
    fault::Fault,
    history::CacheStatus,
};

/// The measured faults: those of Redis, and of the link to it.
pub const FAULTS: [Fault; 13] = [
    Fault::RedisKilled,
    Fault::RedisFrozen,
    Fault::RedisRestarted,
    Fault::RedisFull,
    Fault::RedisReadOnly,
    Fault::PasswordChanged,
    Fault::ConnectionsUsedUp,
    Fault::WrongTypes,
    Fault::LinkGarbage,
    Fault::LinkCut,
    Fault::LinkSilent,
    Fault::LinkHalfOpen,
    Fault::LinkSlow,
];

/// The builder's default.
const BUDGET: Duration = Duration::from_millis(250);
const CACHED_CLIENTS: u64 = 8;
const BARE_CLIENTS: u64 = 4;
/// With the attribute, and with both kinds of layer.
const CACHED: [&str; 3] = ["plain", "routed", "rfc9111"];
/// Pages that are stored when the fault begins.
const KNOWN: u32 = 50;
/// How long the load continues after the fault: longer than hits need to return.
const PATIENCE: Duration = Duration::from_secs(20);

/// The result for one fault.
#[derive(Debug, Clone)]
pub struct Measured {
    pub fault: Fault,
    pub requests: usize,
    /// Requests without the right response.
    pub failed: Vec<String>,
    /// How much longer a miss took than the handler alone, while the breaker was closed.
    pub while_closed: Option<Added>,
    /// The same while it was open.
    pub while_open: Option<Added>,
    /// From the beginning.
    pub opened: Option<Duration>,
    /// The log shows that the store rejects calls.
    pub refused: bool,
    /// From the end of the fault to the first hit in the store; of one that passes by itself, from its beginning.
    pub recovered: Duration,
}

/// Of a miss and of the handler alone, each quantile by itself: the one less the other, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Added {
    pub p50: f64,
    pub p99: f64,
}

#[derive(Debug, Clone)]
struct Sample {
    began: Instant,
    took: Duration,
    cached: bool,
    answer: Result<(CacheStatus, Option<usize>), String>,
}

/// Sends requests from several clients until it is dropped.
struct Load {
    _clients: JoinSet<()>,
    samples: Arc<Mutex<Vec<Sample>>>,
}

/// Runs one replica under load, with the fault for about `length`.
///
/// # Panics
/// When hits do not come back, or the processes cannot be run.
pub async fn measure(program: &Path, fault: Fault, length: Duration) -> Measured {
    let plan = Plan {
        replicas: 1,
        seed: 1,
        manners: Manners {
            shortest: Duration::ZERO,
            longest: Duration::from_millis(4),
            slow: 0,
            fails: 0,
        },
        budget: BUDGET,
    };
    let mut cluster = Cluster::start(program, plan).await;
    let load = Load::on(cluster.port(0));
    load.until_hit_after(Instant::now(), &cluster).await;

    let began = Instant::now();
    block_in_place(|| cluster.inject(fault, 0));
    let injected = Instant::now();
    // Not a whole number of the second after which the store is probed.
    sleep(length + Duration::from_millis(fastrand::u64(..1000))).await;
    let ended = Instant::now();
    block_in_place(|| cluster.mend(fault, 0));
    let over = if fault.passes() { injected } else { ended };
    let recovered = load.until_hit_after(over, &cluster).await;

    let open = cluster.breaker_open(0, began, ended);
    let is_open = |at: Instant| open.iter().any(|open| open.contains(&at));
    let samples = load.samples();
    let times = |chosen: &dyn Fn(&Sample) -> bool| {
        let during = samples
            .iter()
            .filter(|sample| (began..ended).contains(&sample.began));
        Times::of(during.filter(|sample| !sample.is_hit() && chosen(sample)))
    };
    let bare = times(&|sample| !sample.cached);
    let closed = times(&|sample| sample.cached && !is_open(sample.began));
    Measured {
        fault,
        requests: samples.len(),
        failed: samples
            .iter()
            .filter_map(|sample| sample.answer.clone().err())
            .collect(),
        while_closed: closed.less(&bare),
        while_open: times(&|sample| sample.cached && is_open(sample.began)).less(&bare),
        opened: open.first().map(|open| open.start - began),
        refused: cluster.said(0, "STORE_REJECTS", began),
        recovered,
    }
}

impl Load {
    fn on(port: u16) -> Self {
        let samples = Arc::default();
        let next = Arc::new(AtomicU32::new(KNOWN));
        let mut clients = JoinSet::new();
        for number in 0..CACHED_CLIENTS + BARE_CLIENTS {
            let (samples, next) = (Arc::clone(&samples), Arc::clone(&next));
            clients.spawn(ask(port, number, samples, next));
        }
        Self {
            _clients: clients,
            samples,
        }
    }

    fn samples(&self) -> Vec<Sample> {
        self.samples
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The time from `since` to the first request that was answered from the store: its page was filled before it began.
    async fn until_hit_after(&self, since: Instant, cluster: &Cluster) -> Duration {
        loop {
            let (samples, runs) = (self.samples(), cluster.runs());
            let is_from_store = |sample: &&Sample| match sample.answer {
                Ok((CacheStatus::Hit, Some(run))) => {
                    let ended = runs.get(run).and_then(|run| cluster.instant(run.span.ended));
                    ended.is_some_and(|ended| ended < sample.began)
                }
                _ => false,
            };
            let hit = samples
                .iter()
                .filter(|sample| sample.began >= since)
                .filter(is_from_store)
                .map(|sample| sample.began - since)
                .min();
            if let Some(after) = hit {
                return after;
            }
            assert!(since.elapsed() < PATIENCE, "there are no hits");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Requests stored pages, and as often new ones.
async fn ask(port: u16, number: u64, samples: Arc<Mutex<Vec<Sample>>>, next: Arc<AtomicU32>) {
    let client = Client::new();
    let mut random = Rng::with_seed(number);
    let cached = number < CACHED_CLIENTS;
    let kind = match cached {
        true => CACHED[number as usize % CACHED.len()],
        false => "bare",
    };
    loop {
        sleep(Duration::from_micros(random.u64(..4000))).await;
        let id = if random.bool() {
            random.u32(..KNOWN)
        } else {
            next.fetch_add(1, Ordering::Relaxed)
        };
        let began = Instant::now();
        let answer = client.get(port, &format!("/{kind}/{id}")).await;
        let sample = Sample {
            began,
            took: began.elapsed(),
            cached,
            answer: answer.and_then(|response| match response.status {
                StatusCode::OK => {
                    let run = response.body.split(' ').next();
                    Ok((response.cache_status, run.and_then(|run| run.parse().ok())))
                }
                _ => Err(format!("{response:?}")),
            }),
        };
        samples
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(sample);
    }
}

impl Sample {
    fn is_hit(&self) -> bool {
        matches!(self.answer, Ok((CacheStatus::Hit, _)))
    }
}

/// Sorted.
struct Times(Vec<Duration>);

impl Times {
    fn of<'a>(samples: impl Iterator<Item = &'a Sample>) -> Self {
        let mut times: Vec<_> = samples.map(|sample| sample.took).collect();
        times.sort();
        Self(times)
    }

    fn quantile(&self, share: f64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        Some(self.0[(last as f64 * share).round() as usize].as_secs_f64() * 1000.0)
    }

    fn less(&self, bare: &Self) -> Option<Added> {
        let less = |share| Some(self.quantile(share)? - bare.quantile(share)?);
        Some(Added {
            p50: less(0.5)?,
            p99: less(0.99)?,
        })
    }
}

impl Measured {
    /// The head of the table that [`Display`](fmt::Display) writes rows of.
    pub const HEAD: &str = "\
| fault | requests | failed | added while the breaker is closed, p50 / p99 | added while it is open, p50 / p99 | opens after | hits again after |
|---|---|---|---|---|---|---|";
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let added = |added: Option<Added>| {
            added.map_or_else(
                || "–".to_owned(),
                |Added { p50, p99 }| {
                    // A negative difference is noise: a lookup cannot make a request faster.
                    let millis = |time: f64| format!("{:.0}", time.max(0.0));
                    format!("{} / {} ms", millis(p50), millis(p99))
                },
            )
        };
        let seconds = |time: Duration| match time.as_millis() {
            0..5 => "at once".to_owned(),
            millis => format!("{:.2} s", millis as f64 / 1000.0),
        };
        write!(
            f,
            "| {} | {} | {} | {} | {} | {} | {} |",
            self.fault.name(),
            self.requests,
            self.failed.len(),
            added(self.while_closed),
            added(self.while_open),
            self.opened.map_or_else(|| "–".to_owned(), seconds),
            seconds(self.recovered),
        )
    }
}
