//! A short campaign: random reads, writes and evictions on three processes, while everything breaks once.

use std::{path::Path, time::Duration};

use cluster::{Summary, campaign, check::check};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_p3_p4_hold_while_everything_breaks() {
    let history = campaign::run(
        Path::new(env!("CARGO_BIN_EXE_replica")),
        1,
        Duration::from_secs(60),
    )
    .await;
    let summary = Summary::of(&history);
    println!("{summary}");
    let violations = check(&history);
    for violation in &violations {
        println!("{violation}");
    }
    assert!(violations.is_empty());
    // Else it has shown nothing.
    assert!(summary.hits > 500 && summary.evicted > 200 && summary.runs > 200);
}
