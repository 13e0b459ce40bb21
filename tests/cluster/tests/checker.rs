//! Short campaigns: random reads, writes and evictions on three processes, while everything breaks once, and while the store
//! pauses again and again.

use std::{path::Path, time::Duration};

use cluster::{
    Summary,
    campaign::{self, EVERYTHING, HICCUPS},
    check,
};

const SEED: u64 = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_p2_p3_p4_hold_while_everything_breaks() {
    let program = Path::new(env!("CARGO_BIN_EXE_replica"));
    let history = campaign::run(program, EVERYTHING, SEED, Duration::from_secs(60)).await;
    let summary = Summary::of(&history);
    println!("{summary}");
    assert!(check::holds(&history, SEED));
    // Otherwise the campaign has shown nothing.
    assert!(summary.hits > 500 && summary.evicted > 200 && summary.runs > 200);
    assert!(summary.faults >= 12 && summary.retried > 0 && summary.stale > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_p2_p3_p4_hold_while_the_store_has_hiccups_and_handlers_are_slow() {
    let program = Path::new(env!("CARGO_BIN_EXE_replica"));
    let history = campaign::run(program, HICCUPS, SEED, Duration::from_secs(30)).await;
    let summary = Summary::of(&history);
    println!("{summary}");
    assert!(check::holds(&history, SEED));
    assert!(summary.hits > 200 && summary.evicted > 100 && summary.runs > 100);
    assert!(summary.faults >= 20 && summary.retried > 0);
}
