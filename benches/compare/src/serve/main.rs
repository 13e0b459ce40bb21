//! Serves one page of a given size by one of several libraries, for `scripts/compare.sh`.
//!
//! `serve <variant> <bytes> [URL of a Redis]` prints its address. `GET /products/7` is the page, `GET /runs` the
//! number of handler runs. Without arguments it prints each variant's name, its group, whether it caches, and its kind of request.

use std::{env, error::Error, process::ExitCode};

use axum::{Router, routing::get};
use compare::VARIANTS;
use tokio::{net::TcpListener, runtime::Builder};

mod shop;
mod servers;

/// The TTL of every entry, in seconds: longer than any measurement.
const LIFE_SECONDS: u64 = 3600;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (variant, bytes, redis) = match arguments[..] {
        [] => return list(),
        [variant, bytes] => (variant, bytes, ""),
        [variant, bytes, redis] => (variant, bytes, redis),
        _ => return usage(),
    };
    let Ok(bytes) = bytes.parse() else { return usage() };
    match serve(variant, bytes, redis) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serve {variant}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list() -> ExitCode {
    for variant in VARIANTS {
        let caches = if variant.caches { "caches" } else { "runs" };
        let (group, asked) = (variant.group.name(), variant.asked.name());
        println!("{} {group} {caches} {asked}", variant.name);
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: serve <variant> <bytes of the page> [URL of a Redis]");
    ExitCode::FAILURE
}

fn serve(variant: &str, bytes: usize, redis: &str) -> Result<(), Box<dyn Error>> {
    shop::set_bytes(bytes)?;
    // One thread, so that one core is what is compared.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let page = servers::router(variant, redis).await?;
        let app = Router::new()
            .route("/runs", get(async || shop::runs().to_string()))
            .merge(page);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        axum::serve(listener, app).await?;
        Ok(())
    })
}
