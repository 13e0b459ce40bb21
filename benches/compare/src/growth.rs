//! How hits in memory grow: with the number of entries, with their bytes, over two threads. Prints Markdown.
//!
//! `growth [entries, default: a million]`. Requests go to a router in process, without a network.

use std::{env, error::Error, fs, process::ExitCode, sync::Arc, thread, time::Instant};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};
use compare::{ask, median};
use handler_cache::{Cache, cache};
use tokio::runtime::{Builder, Handle};

const FEW: usize = 1_000;
const BODY: usize = 1024;
/// More than an entry of such a body takes, so that none is evicted.
const ROOM_PER_ENTRY: usize = 4096;

/// Each round measures everything once; medians are over rounds.
const ROUNDS: usize = 11;
/// Requests of one measurement.
const REQUESTS: usize = 50_000;

/// Every id has as many digits, so that no request is dearer to read than another.
const FIRST_ID: usize = 10_000_000;

fn path(id: usize) -> String {
    format!("/{}", FIRST_ID + id)
}

const JSON: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

fn page() -> Bytes {
    Bytes::from(vec![b'x'; BODY])
}

async fn ready(Path(_id): Path<usize>, State(page): State<Bytes>) -> impl IntoResponse {
    (JSON, page)
}

#[cache(expire = "1h")]
async fn hit(Path(id): Path<usize>) -> impl IntoResponse {
    let _ = id;
    (JSON, page())
}

type Pages = Arc<quick_cache::sync::Cache<usize, Bytes>>;

async fn found(Path(id): Path<usize>, State(pages): State<Pages>) -> impl IntoResponse {
    let page = pages.get(&id).unwrap_or_else(|| {
        let page = page();
        pages.insert(id, page.clone());
        page
    });
    (JSON, page)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let many = match &arguments[..] {
        [] => Some(1_000_000),
        [many] => many.parse().ok().filter(|many| *many >= FEW),
        _ => None,
    };
    let Some(many) = many else {
        eprintln!("usage: growth [entries, {FEW} or more]");
        return ExitCode::FAILURE;
    };
    match growth(many) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("growth: {error}");
            ExitCode::FAILURE
        }
    }
}

fn growth(many: usize) -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let handle = runtime.handle();
    let plain = Router::new().route("/{id}", get(ready)).with_state(page());
    let plain = Side {
        app: plain,
        ids: FEW,
        grown: 0,
    };
    let cached = [cached(handle, FEW)?, cached(handle, many)?];
    let by_hand = [by_hand(handle, FEW)?, by_hand(handle, many)?];

    print_cost(handle, &plain, &cached, &by_hand);
    print_memory(&cached[1], &by_hand[1]);
    print_threads(handle, &plain, &cached[0]);
    Ok(())
}

/// A router, and how many ids it is asked for.
#[derive(Clone)]
struct Side {
    app: Router,
    ids: usize,
    /// Bytes that the process grew by when it was filled.
    grown: usize,
}

impl Side {
    /// Asks for each id once.
    fn filled(handle: &Handle, app: Router, ids: usize) -> Result<Self, Box<dyn Error>> {
        let before = resident_bytes()?;
        handle.block_on(async {
            for id in 0..ids {
                ask(&app, &path(id)).await;
            }
        });
        let grown = resident_bytes()?.saturating_sub(before);
        Ok(Self { app, ids, grown })
    }

    /// The nanoseconds that a request takes, ids at random.
    fn nanoseconds(&self, handle: &Handle) -> f64 {
        let begin = Instant::now();
        handle.block_on(async {
            for _ in 0..REQUESTS {
                ask(&self.app, &path(fastrand::usize(..self.ids))).await;
            }
        });
        begin.elapsed().as_nanos() as f64 / REQUESTS as f64
    }

    /// Requests per second of `threads` concurrent threads.
    fn throughput(&self, handle: &Handle, threads: usize) -> f64 {
        let begin = Instant::now();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.nanoseconds(handle));
            }
        });
        (threads * REQUESTS) as f64 / begin.elapsed().as_secs_f64()
    }
}

/// A new cache with `entries` entries.
fn cached(handle: &Handle, entries: usize) -> Result<Side, Box<dyn Error>> {
    let room = (entries * ROOM_PER_ENTRY) as u64;
    let cache = handle.block_on(Cache::builder().memory_size(room).build())?;
    let app = Router::new().route("/{id}", get(hit)).layer(cache.attach());
    let side = Side::filled(handle, app, entries)?;
    all_there(cache.stats().memory.map_or(0, |memory| memory.entries), side)
}

/// The table that is in our store, with nothing around it: what it costs by itself.
fn by_hand(handle: &Handle, entries: usize) -> Result<Side, Box<dyn Error>> {
    // Room to spare: a shard that is full evicts, though others are not.
    let pages = Pages::new(quick_cache::sync::Cache::new(entries * 2));
    let app = Router::new()
        .route("/{id}", get(found))
        .with_state(Arc::clone(&pages));
    let side = Side::filled(handle, app, entries)?;
    all_there(pages.len(), side)
}

fn all_there(stored: usize, side: Side) -> Result<Side, Box<dyn Error>> {
    if stored != side.ids {
        return Err(format!("of {} entries {stored} are there", side.ids).into());
    }
    Ok(side)
}

fn print_cost(handle: &Handle, plain: &Side, cached: &[Side; 2], by_hand: &[Side; 2]) {
    let sides = [plain, &cached[0], &cached[1], &by_hand[0], &by_hand[1]];
    let rounds: Vec<[f64; 5]> = (0..ROUNDS)
        .map(|_| sides.map(|side| side.nanoseconds(handle)))
        .collect();
    let cost = |at: usize| median(rounds.iter().map(|round| round[at]));
    let grown = |at: usize| median(rounds.iter().map(|round| round[at + 1] / round[at]));
    println!("\n## Cost of a hit by entries\n");
    println!("Nanoseconds a request, ids at random, and the median of ratios within a round.\n");
    println!(
        "| | {FEW} entries | {} entries | ratio |\n|---|---|---|---|",
        cached[1].ids
    );
    println!("| plain axum | {:.0} | | |", cost(0));
    for (name, at) in [("`#[cache]`", 1), ("quick_cache by hand", 3)] {
        println!(
            "| {name} | {:.0} | {:.0} | {:.2} |",
            cost(at),
            cost(at + 1),
            grown(at)
        );
    }
}

fn print_memory(cached: &Side, by_hand: &Side) {
    let key = hit::key(Path(FIRST_ID)).to_string().len();
    let headers: usize = JSON
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let payload = key + headers + BODY;
    println!("\n## Memory of an entry\n");
    println!(
        "What the process grew by, for each of {} entries, over what is in an entry:",
        cached.ids
    );
    println!(
        "{key} bytes of key (without the cache's prefix), {headers} of the handler's headers, {BODY} of body. By hand"
    );
    println!("the key is a number and there are no headers.\n");
    println!("| | in an entry | grown by | ratio |\n|---|---|---|---|");
    for (name, payload, side) in [
        ("`#[cache]`", payload, cached),
        ("quick_cache by hand", size_of::<usize>() + BODY, by_hand),
    ] {
        let taken = side.grown as f64 / side.ids as f64;
        println!(
            "| {name} | {payload} | {taken:.0} | {:.2} |",
            taken / payload as f64
        );
    }
}

fn print_threads(handle: &Handle, plain: &Side, cached: &Side) {
    let one_key = Side {
        ids: 1,
        ..cached.clone()
    };
    let rows = [
        ("plain axum", plain),
        ("hits on distinct keys", cached),
        ("hits on one key", &one_key),
    ];
    let rounds: Vec<[f64; 3]> = (0..ROUNDS)
        .map(|_| rows.map(|(_, side)| side.throughput(handle, 2) / side.throughput(handle, 1)))
        .collect();
    println!("\n## Two threads\n");
    println!("Throughput over that of one thread, and that beside plain axum's in the same round.\n");
    println!("| | over one thread | beside plain axum |\n|---|---|---|");
    for (at, (name, _)) in rows.iter().enumerate() {
        let gain = median(rounds.iter().map(|round| round[at]));
        let beside = median(rounds.iter().map(|round| round[at] / round[0]));
        println!("| {name} | {gain:.2} | {beside:.2} |");
    }
}

/// What the system says that this process holds.
fn resident_bytes() -> Result<usize, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .ok_or("the system does not say VmRSS")?;
    Ok(kib.parse::<usize>()? * 1024)
}
