//! A long campaign: `soak <minutes> [seed]`. Ends at the first broken promise.

use std::{process::ExitCode, time::Duration};

use cluster::{
    Summary,
    campaign::{self, EVERYTHING, HICCUPS},
    check,
};

/// Each part has processes and a Redis of its own, and a history short enough to be checked.
const PART: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse::<u64>().ok());
    let (minutes, seed) = match (arguments.next(), arguments.next()) {
        (Some(Some(minutes @ 1..)), None) => (minutes, 1),
        (Some(Some(minutes @ 1..)), Some(Some(seed))) => (minutes, seed),
        _ => {
            eprintln!("usage: soak <minutes> [seed]");
            return ExitCode::FAILURE;
        }
    };
    let program = match std::env::current_exe() {
        Ok(own) => own.with_file_name("replica"),
        Err(error) => {
            eprintln!("soak: {error}");
            return ExitCode::FAILURE;
        }
    };
    let parts = (minutes * 60).div_ceil(PART.as_secs());
    let mut total = Summary::default();
    let first = seed;
    for seed in first..first + parts {
        let length = PART.min(Duration::from_secs(minutes * 60));
        // In turn: with all kinds of faults, and with many short ones.
        let campaign = if seed % 2 == 0 { HICCUPS } else { EVERYTHING };
        let history = campaign::run(&program, campaign, seed, length).await;
        let summary = Summary::of(&history);
        println!("seed {seed}: {summary}");
        if !check::holds(&history, seed) {
            return ExitCode::FAILURE;
        }
        total += summary;
    }
    println!("{minutes} min, seeds from {first}, no promise broken: {total}.");
    ExitCode::SUCCESS
}
