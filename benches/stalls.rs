//! How long upkeep of the memory store blocks a runtime of one thread: sweeping, clearing and invalidating a million entries.
//!
//! `cargo bench --bench stalls` takes a minute and 2 GB of memory. Other load on the machine adds to the result.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use handler_cache::{Cache, ValueKey};

const ENTRIES: u32 = 1_000_000;
const HOUR: Duration = Duration::from_secs(3600);

/// Longer than the time between two sweeps.
const SWEPT: Duration = Duration::from_secs(13);

/// The longest time that a task which is always ready was not polled, in nanoseconds.
#[derive(Clone, Default)]
struct Stall(Arc<AtomicU64>);

impl Stall {
    async fn watch(self) {
        let mut polled = Instant::now();
        loop {
            tokio::task::yield_now().await;
            let stalled = u64::try_from(polled.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.0.fetch_max(stalled, Ordering::Relaxed);
            polled = Instant::now();
        }
    }

    /// The longest time since the last call.
    fn report(&self, what: &str, cache: &Cache) {
        let longest = Duration::from_nanos(self.0.swap(0, Ordering::Relaxed));
        println!(
            "| {what} | {:.1} ms | {} |",
            longest.as_secs_f64() * 1000.0,
            entries(cache)
        );
    }
}

fn key(number: u32) -> ValueKey<u32> {
    ValueKey::new("number", &number).tags(["all".to_owned(), format!("number:{number}")])
}

fn entries(cache: &Cache) -> usize {
    cache.stats().memory.map_or(0, |memory| memory.entries)
}

async fn fill(cache: &Cache, entries: u32) {
    for number in 0..entries {
        cache
            .set(&key(number), &number, HOUR)
            .await
            .expect("memory takes it");
        if number % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

async fn emptied(cache: &Cache) {
    while entries(cache) > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let cache = Cache::builder()
        .prefix("bench")
        .url("memory://")
        .memory_size(8 << 30)
        .build()
        .await
        .expect("the settings are good");
    let stall = Stall::default();
    tokio::spawn(stall.clone().watch());
    if !std::env::args().any(|argument| argument == "--bench") {
        // Run as a test, to check only that it works.
        fill(&cache, 1000).await;
        cache.clear().await.expect("memory answers");
        return emptied(&cache).await;
    }
    println!("| | longest stall | entries |");
    println!("|---|---|---|");
    fill(&cache, ENTRIES).await;
    stall.report("filling", &cache);
    tokio::time::sleep(SWEPT).await;
    stall.report("a sweep that finds nothing", &cache);
    cache.clear().await.expect("memory answers");
    emptied(&cache).await;
    stall.report("`clear()`", &cache);
    tokio::time::sleep(SWEPT).await;
    stall.report("a sweep of nothing", &cache);
    fill(&cache, ENTRIES).await;
    stall.report("filling again", &cache);
    cache.evict_tag("all").await.expect("memory answers");
    emptied(&cache).await;
    stall.report("a sweep behind `evict_tag`", &cache);
}
