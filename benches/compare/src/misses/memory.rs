//! A miss in memory beside the handler alone.

use std::{error::Error, time::Instant};

use axum::{Router, routing::get};
use compare::{ask, median};
use handler_cache::Cache;
use tokio::runtime::Builder;

use crate::page::{Fresh, bare, cached};

const ROUNDS: usize = 21;
/// Requests of one side in one round.
const REQUESTS: u32 = 10_000;

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let cache = runtime.block_on(Cache::builder().build())?;
    let alone = Router::new().route("/{id}", get(bare));
    let missed = Router::new().route("/{id}", get(cached)).layer(cache.attach());
    let mut fresh = Fresh::new();
    // The first round, in which tables grow, is not counted.
    let rounds: Vec<[f64; 2]> = (0..=ROUNDS)
        .map(|_| {
            [&alone, &missed].map(|app| {
                let begin = Instant::now();
                runtime.block_on(async {
                    for _ in 0..REQUESTS {
                        ask(app, &fresh.path()).await;
                    }
                });
                begin.elapsed().as_secs_f64() * 1e6 / f64::from(REQUESTS)
            })
        })
        .skip(1)
        .collect();
    let total = cache.stats().total;
    if total.misses != total.stored || total.hits != 0 {
        return Err(format!("not every request was a miss that was stored: {total:?}").into());
    }

    let side = |at: usize| median(rounds.iter().map(|round| round[at]));
    let more = median(rounds.iter().map(|[alone, missed]| missed - alone));
    println!("\n## A miss in memory\n");
    println!(
        "Microseconds a request, each with an id of its own; medians of {ROUNDS} rounds of {REQUESTS} requests."
    );
    println!("Memory is full before long, so that each entry takes the place of another.\n");
    println!("| | µs | µs over the handler alone |\n|---|---|---|");
    println!("| the handler alone | {:.2} | |", side(0));
    println!("| a miss, entry stored | {:.2} | {more:.2} |", side(1));
    Ok(())
}
