//! A miss in Redis beside the two round trips that it needs.

use std::{error::Error, time::Instant};

use axum::{Router, routing::get};
use compare::{ask, median};
use handler_cache::Cache;
use redis::{AsyncCommands, Client, RedisResult, Value, aio::MultiplexedConnection, cmd};
use tokio::{runtime::Builder, task::yield_now};

use crate::{
    cores::apart,
    page::{Fresh, cached},
    server::RedisServer,
};

const ROUNDS: usize = 21;
/// Of each kind in one round, in turn.
const REQUESTS: usize = 500;

/// Takes a lock if nothing is there: the least that a lease is.
const LOCK: &str = "\
if redis.call('GETRANGE', KEYS[1], 0, 20) ~= '' or redis.call('GET', KEYS[2]) then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', 5000)
return 1";

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let rounds = apart(RedisServer::start, |server| {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(rounds(&server.url()))
    })?;

    println!("\n## A miss in Redis\n");
    println!("Microseconds until the response is whole, differences and ratios within a round; medians of");
    println!(
        "{ROUNDS} rounds of {REQUESTS} of each kind, in turn on one thread. Redis has another core. Before the next"
    );
    println!("one begins the entry is stored, which is not counted.\n");
    println!("| | µs | µs over two `GET` | over two `GET` |\n|---|---|---|---|");
    let kinds = [
        "two `GET`",
        "`MGET` of three, then a script that takes a lock",
        "a miss",
    ];
    for (at, kind) in kinds.iter().enumerate() {
        let micros = median(rounds.iter().map(|round| round[at]));
        let more = median(rounds.iter().map(|round| round[at] - round[0]));
        let ratio = median(rounds.iter().map(|round| round[at] / round[0]));
        println!("| {kind} | {micros:.1} | {more:.1} | {ratio:.2} |");
    }
    Ok(())
}

async fn rounds(url: &str) -> Result<Vec<[f64; 3]>, Box<dyn Error>> {
    let cache = Cache::builder().prefix("misses").url(url).build().await?;
    let app = Router::new().route("/{id}", get(cached)).layer(cache.attach());
    let mut line = Client::open(url)?.get_multiplexed_async_connection().await?;
    let mut fresh = Fresh::new();
    let mut rounds = Vec::new();
    // The first round, which makes the first connection and names the tags, is not counted.
    for _ in 0..=ROUNDS {
        let mut taken = [const { Vec::new() }; 3];
        for _ in 0..REQUESTS {
            let begin = Instant::now();
            two_gets(&mut line, fresh.id()).await?;
            taken[0].push(begin.elapsed());

            let begin = Instant::now();
            read_and_lock(&mut line, fresh.id()).await?;
            taken[1].push(begin.elapsed());

            let path = fresh.path();
            let stored = cache.stats().total.stored;
            let begin = Instant::now();
            ask(&app, &path).await;
            taken[2].push(begin.elapsed());
            while cache.stats().total.stored == stored {
                yield_now().await;
            }
        }
        rounds.push(taken.map(|taken| median(taken.iter().map(|time| time.as_secs_f64() * 1e6))));
    }
    rounds.remove(0);
    Ok(rounds)
}

/// The least that two round trips are.
async fn two_gets(line: &mut MultiplexedConnection, id: u64) -> RedisResult<()> {
    for name in ["entry", "lease"] {
        let nothing: Option<Vec<u8>> = line.get(format!("bare:{name}:{id}")).await?;
        assert!(nothing.is_none(), "nobody wrote it");
    }
    Ok(())
}

/// The same in commands of the kind that a miss sends.
async fn read_and_lock(line: &mut MultiplexedConnection, id: u64) -> RedisResult<()> {
    let (entry, lease) = (format!("bare:entry:{id}"), format!("bare:lease:{id}"));
    let _: Value = line.mget(&[&*entry, "bare:root", "bare:handler"]).await?;
    let mut lock = cmd("EVAL");
    lock.arg(LOCK).arg(2).arg(&entry).arg(&lease).arg("holder");
    let taken: bool = lock.query_async(line).await?;
    assert!(taken, "nobody else asks for it");
    Ok(())
}
