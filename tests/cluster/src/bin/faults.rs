//! Prints what each fault costs, as a Markdown table.

use std::time::Duration;

use cluster::load::{self, FAULTS, Measured};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::current_exe()?.with_file_name("replica");
    println!("{}", Measured::HEAD);
    for fault in FAULTS {
        println!("{}", load::measure(&program, fault, Duration::from_secs(6)).await);
    }
    Ok(())
}
