//! A thousand concurrent requests for a missing entry.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Path, State},
    response::IntoResponse,
    routing::get,
};
use compare::{ask, median, quantile};
use handler_cache::{Cache, cache};
use tokio::{runtime::Builder, task::JoinSet, time::sleep};

use crate::{
    page::{Fresh, page},
    server::RedisServer,
};

const ROUNDS: usize = 11;
const AT_ONCE: usize = 1_000;
const TAKES: Duration = Duration::from_millis(100);

/// How long each run of the handler took.
#[derive(Debug, Clone, Default)]
struct Runs(Arc<Mutex<Vec<Duration>>>);

impl Runs {
    /// All since the last call.
    fn taken(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn work(&self) -> impl IntoResponse + use<> {
        let begin = Instant::now();
        sleep(TAKES).await;
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.push(begin.elapsed());
        page()
    }
}

async fn bare(Path(_id): Path<u64>, State(runs): State<Runs>) -> impl IntoResponse {
    runs.work().await
}

#[cache(expire = "1h")]
async fn cached(Path(id): Path<u64>, State(runs): State<Runs>) -> impl IntoResponse {
    let _ = id;
    runs.work().await
}

/// What became of the thousand.
struct Herd {
    runs: usize,
    /// Over the longest run.
    middle: f64,
    slow: f64,
}

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let server = RedisServer::start();
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let runs = Runs::default();
        let alone = Router::new().route("/{id}", get(bare)).with_state(runs.clone());
        let cached = Router::new().route("/{id}", get(cached)).with_state(runs.clone());
        let memory = Cache::builder().build().await?;
        let redis = Cache::builder().prefix("cold").url(server.url()).build().await?;
        let sides = [
            ("no cache", alone),
            ("memory", cached.clone().layer(memory.attach())),
            ("Redis", cached.layer(redis.attach())),
        ];

        let mut fresh = Fresh::new();
        let mut rounds: [Vec<Herd>; 3] = Default::default();
        // The first round, which names the tags, is not counted.
        for _ in 0..=ROUNDS {
            for ((_, app), herds) in sides.iter().zip(&mut rounds) {
                herds.push(herd(app, &runs, fresh.path()).await?);
            }
        }
        println!("\n## A cold key\n");
        println!(
            "{AT_ONCE} requests at once for a page that is not there, whose handler sleeps for {TAKES:?}."
        );
        println!(
            "Latencies are from before the first of them is made, over what the handler itself took then;"
        );
        println!("medians of {ROUNDS} rounds, each with an id of its own, on a thread for each core.\n");
        println!("| | most runs in a round | p50 | p99 |\n|---|---|---|---|");
        for ((name, _), herds) in sides.iter().zip(&rounds) {
            let herds = &herds[1..];
            let runs = herds.iter().map(|herd| herd.runs).max().unwrap_or_default();
            let middle = median(herds.iter().map(|herd| herd.middle));
            let slow = median(herds.iter().map(|herd| herd.slow));
            println!("| {name} | {runs} | {middle:.3} | {slow:.3} |");
        }
        Ok(())
    })
}

async fn herd(app: &Router, runs: &Runs, path: String) -> Result<Herd, Box<dyn Error>> {
    let begin = Instant::now();
    let mut requests = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (app, path) = (app.clone(), path.clone());
        requests.spawn(async move {
            ask(&app, &path).await;
            begin.elapsed().as_secs_f64()
        });
    }
    let latencies = requests.join_all().await;
    let taken = runs.taken();
    let longest = taken.iter().max().ok_or("the handler did not run")?.as_secs_f64();
    Ok(Herd {
        runs: taken.len(),
        middle: quantile(latencies.iter().copied(), 0.5) / longest,
        slow: quantile(latencies, 0.99) / longest,
    })
}
