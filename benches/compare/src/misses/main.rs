//! What a miss costs, in memory and in Redis, and what a thousand at once cost on one cold key. Prints Markdown.
//!
//! Requests go to routers in process. Redis is a `redis-server` process of its own on this machine.

use std::{error::Error, process::ExitCode};

use compare::with_version;

mod page;
mod cores;
mod memory;
mod redis;
mod cold;
#[path = "../../../../tests/support/server.rs"]
mod server;

fn main() -> ExitCode {
    match misses() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("misses: {error}");
            ExitCode::FAILURE
        }
    }
}

fn misses() -> Result<(), Box<dyn Error>> {
    let crates = ["handler-cache", "axum", "redis", "tokio"].map(with_version);
    println!("- crates: {}", crates.join(", "));
    memory::print()?;
    redis::print()?;
    cold::print()
}
