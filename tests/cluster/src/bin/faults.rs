//! Prints what each fault costs, as a Markdown table.

use std::time::{Duration, Instant};

use cluster::load::{self, FAULTS, Measured};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::current_exe()?.with_file_name("replica");
    println!("{}", Measured::HEAD);
    let begun = Instant::now();
    let mut requests = 0;
    for fault in FAULTS {
        let measured = load::measure(&program, fault, Duration::from_secs(6)).await;
        requests += measured.requests;
        println!("{measured}");
    }
    let rate = requests as f64 / begun.elapsed().as_secs_f64();
    println!("\n{requests} requests, {rate:.0} a second.");
    Ok(())
}
