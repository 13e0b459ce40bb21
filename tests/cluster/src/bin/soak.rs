//! A long campaign: `soak <minutes> [seed]`. Ends at the first broken promise.

use std::{process::ExitCode, time::Duration};

use cluster::{Summary, campaign, check::check};

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
    for seed in seed..seed + parts {
        let length = PART.min(Duration::from_secs(minutes * 60));
        let history = campaign::run(&program, seed, length).await;
        let summary = Summary::of(&history);
        println!("seed {seed}: {summary}");
        let violations = check(&history);
        for violation in &violations {
            println!("{violation}");
        }
        if !violations.is_empty() {
            let file = std::env::temp_dir().join(format!("history-{seed}.txt"));
            match std::fs::write(&file, history.to_string()) {
                Ok(()) => println!("what happened is in {}", file.display()),
                Err(error) => println!("{error}\n{history}"),
            }
            return ExitCode::FAILURE;
        }
        total += summary;
    }
    println!("{minutes} minutes, no promise broken: {total}");
    ExitCode::SUCCESS
}
