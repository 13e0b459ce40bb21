//! Prints what evictions cost with few entries and with many, as a Markdown table.

use cluster::evictions::{Bench, Measured};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", Measured::HEAD);
    let mut bench = Bench::start().await?;
    for entries in [1_000, 1_000_000] {
        println!("{}", bench.measure(entries).await?);
    }
    Ok(())
}
