//! The cost of evicting many entries: time and commands.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{Request, StatusCode},
    routing::get,
};
use handler_cache::{Cache, Error, cache};
use tokio::task::{JoinSet, block_in_place};
use tower::ServiceExt;

use crate::{cluster::Session, server::RedisServer};

const TAG: &str = "pages";
/// Of each eviction, at each number of entries.
const REPETITIONS: u32 = 20;
/// Fewer: for each of them all entries are stored again.
const CLEARS: u32 = 3;
const CLIENTS: u32 = 256;
/// A budget that a working server never exceeds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Commands that belong to no eviction: the probe of each second, and the one that counts the others.
const UNRELATED: &[&str] = &["time", "info"];
/// The commands that remove records in the background, after `clear` has returned.
const CLEANUP: &[&str] = &["scan", "eval", "getrange", "unlink"];

#[cache(expire = "1 day", tags = [TAG])]
async fn page(Path(id): Path<u32>) -> String {
    format!("This is page {id}, and there is not much on it.\n")
}

/// A cache on a Redis of its own.
#[derive(Debug)]
pub struct Bench {
    /// One for all, for connecting is a command as well.
    session: Session,
    _redis: RedisServer,
    cache: Cache,
    router: Router,
}

/// The result for a number of entries.
#[derive(Debug)]
pub struct Measured {
    entries: u32,
    evict_all: Cost,
    evict_tag: Cost,
    clear: Cost,
}

/// Of the repetitions of one eviction.
#[derive(Debug, Default)]
struct Cost {
    took: Vec<Duration>,
    /// That reached Redis, the most of them all.
    commands: u64,
}

#[derive(Debug, Clone, Copy)]
enum Eviction {
    Handler,
    Tag,
    Everything,
}

impl Eviction {
    async fn carry_out(self, cache: &Cache) -> Result<(), Error> {
        match self {
            Self::Handler => page::evict_all().await,
            Self::Tag => cache.evict_tag(TAG).await,
            Self::Everything => cache.clear().await,
        }
    }

    fn is_its_own(self, command: &str) -> bool {
        let is_cleanup = matches!(self, Self::Everything) && CLEANUP.contains(&command);
        !is_cleanup && !UNRELATED.contains(&command)
    }
}

impl Bench {
    /// # Errors
    /// There is a global cache already.
    pub async fn start() -> Result<Self, Error> {
        let redis = RedisServer::start();
        let cache = Cache::builder()
            .prefix("evictions")
            .url(redis.url())
            .store_budget(PATIENCE)
            .coalesce_timeout(PATIENCE)
            .init()
            .await?;
        Ok(Self {
            session: Session::open(&redis),
            _redis: redis,
            cache,
            router: Router::new().route("/{id}", get(page)),
        })
    }

    /// # Errors
    /// Redis does not acknowledge an eviction.
    ///
    /// # Panics
    /// A page is not stored before an eviction, or found after it.
    pub async fn measure(&mut self, entries: u32) -> Result<Measured, Error> {
        let evict_all = self.repeat(Eviction::Handler, entries).await?;
        let evict_tag = self.repeat(Eviction::Tag, entries).await?;
        let mut clear = Cost::default();
        for _ in 0..CLEARS {
            self.fill(entries).await?;
            self.carry_out(Eviction::Everything, entries, &mut clear).await?;
        }
        Ok(Measured {
            entries,
            evict_all,
            evict_tag,
            clear,
        })
    }

    /// The entries are stored once: evicted ones stay in Redis, as many records as before.
    async fn repeat(&mut self, eviction: Eviction, entries: u32) -> Result<Cost, Error> {
        let mut cost = Cost::default();
        self.fill(entries).await?;
        for _ in 0..REPETITIONS {
            self.carry_out(eviction, entries, &mut cost).await?;
        }
        Ok(cost)
    }

    /// One eviction, between a hit and a miss.
    async fn carry_out(&mut self, eviction: Eviction, entries: u32, cost: &mut Cost) -> Result<(), Error> {
        let last = entries - 1;
        ask(&self.router, last).await;
        // The page is stored after its response.
        self.cache.shutdown().await?;
        assert_eq!(ask(&self.router, last).await, "Hit", "before {eviction:?}");
        let before = self.commands(eviction);
        let began = Instant::now();
        eviction.carry_out(&self.cache).await?;
        cost.took.push(began.elapsed());
        cost.commands = cost.commands.max(self.commands(eviction) - before);
        assert_eq!(ask(&self.router, last).await, "Miss", "after {eviction:?}");
        self.cache.shutdown().await
    }

    /// Stores all pages. Only the page requested since the last eviction is stored already.
    async fn fill(&self, entries: u32) -> Result<(), Error> {
        let before = self.cache.stats().total;
        let next = Arc::new(AtomicU32::new(0));
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (router, next) = (self.router.clone(), Arc::clone(&next));
            clients.spawn(async move {
                loop {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    if id >= entries {
                        return;
                    }
                    ask(&router, id).await;
                }
            });
        }
        clients.join_all().await;
        self.cache.shutdown().await?;
        let after = self.cache.stats().total;
        let (found, stored) = (after.hits - before.hits, after.stored - before.stored);
        assert!(
            found <= 1 && found + stored == u64::from(entries),
            "{found} found, {after:?}"
        );
        Ok(())
    }

    /// The commands that Redis executed for this eviction.
    fn commands(&mut self, eviction: Eviction) -> u64 {
        let info: String = block_in_place(|| self.session.ask(["INFO", "commandstats"]));
        let lines = info.lines().filter_map(|line| line.strip_prefix("cmdstat_"));
        let counts = lines.filter_map(|line| line.split_once(":calls="));
        let own = counts.filter(|(command, _)| eviction.is_its_own(command));
        let calls = own.filter_map(|(_, count)| count.split(',').next()?.parse::<u64>().ok());
        calls.sum()
    }
}

/// The `x-cache` of a page.
async fn ask(router: &Router, id: u32) -> String {
    let request = Request::get(format!("/{id}")).body(Body::empty());
    let request = request.expect("a number is a path");
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    assert_eq!(response.status(), StatusCode::OK);
    let cache_status = response.headers()["x-cache"].to_str();
    cache_status.expect("it is a word").to_owned()
}

/// Median and worst, in milliseconds.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut took = self.took.clone();
        took.sort();
        let millis = |index: usize| took[index].as_secs_f64() * 1000.0;
        write!(
            f,
            "{:.3} / {:.3} ms",
            millis(took.len() / 2),
            millis(took.len() - 1)
        )
    }
}

impl Measured {
    /// The table's head; each value prints as one of its lines.
    pub const HEAD: &str = "\
| entries | `evict_all`, median / worst | `evict_tag`, the same | `clear`, the same | commands of each |
|---|---|---|---|---|";

    /// How many reached Redis: of `evict_all`, of `evict_tag`, and of `clear` until it returned.
    pub fn commands(&self) -> [u64; 3] {
        [&self.evict_all, &self.evict_tag, &self.clear].map(|cost| cost.commands)
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            entries,
            evict_all,
            evict_tag,
            clear,
        } = self;
        let commands = self.commands().map(|commands| commands.to_string()).join(", ");
        write!(
            f,
            "| {entries} | {evict_all} | {evict_tag} | {clear} | {commands} |"
        )
    }
}
