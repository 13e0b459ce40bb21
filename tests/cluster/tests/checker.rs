//! A short campaign: random reads, writes and evictions on three processes, while everything breaks once.

use std::{path::Path, time::Duration};

use cluster::{Summary, campaign, check};

const SEED: u64 = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_p2_p3_p4_hold_while_everything_breaks() {
    let program = Path::new(env!("CARGO_BIN_EXE_replica"));
    let history = campaign::run(program, SEED, Duration::from_secs(60)).await;
    let summary = Summary::of(&history);
    println!("{summary}");
    assert!(check::holds(&history, SEED));
    // Else it has shown nothing.
    assert!(summary.hits > 500 && summary.evicted > 200 && summary.runs > 200);
    assert!(summary.faults >= 12 && summary.overdue > 0 && summary.stale > 0);
}
