//! The cache's metrics at an endpoint for Prometheus.
//!
//! ```sh
//! cargo run --example prometheus --features metrics                       # entries in memory
//! CACHE_URL=redis://127.0.0.1:6379 cargo run --example prometheus --features metrics
//! ```
//!
//! `PORT` sets the port (3000).

use std::{env, error::Error, time::Duration};

use axum::{Router, extract::Path, routing::get};
use handler_cache::{Cache, cache};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, time};

/// A slow handler: `handler_cache_fill_seconds` shows its duration.
#[cache(expire = "30s")]
async fn square(Path(n): Path<u32>) -> String {
    time::sleep(Duration::from_millis(200)).await;
    (u64::from(n) * u64::from(n)).to_string()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Before the cache: metrics are registered at the recorder that is installed when it is built.
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Prefix("handler_cache_".to_owned()),
            &[0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0],
        )?
        .install_recorder()?;
    let url = env::var("CACHE_URL").unwrap_or_else(|_| "memory://".to_owned());
    let cache = Cache::init("squares", &url).await?;

    let app = Router::new()
        .route("/squares/{n}", get(square))
        .route("/metrics", get(move || scrape(recorder.clone())));
    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let port = port.map_err(|error| format!("PORT is not a port number: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        listener.map_err(|error| format!("cannot listen on port {port}: {error}; set PORT to another"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!(
        "Listening on {url}, entries in {store}. Try:

    curl -i {url}/squares/12      # Miss after 200 ms, then Hit
    curl {url}/metrics
",
        store = cache.store(),
    );
    axum::serve(listener, app).await?;
    Ok(())
}

/// The endpoint that Prometheus scrapes every few seconds.
async fn scrape(recorder: PrometheusHandle) -> String {
    // Moves recorded durations into buckets, so that they do not accumulate between scrapes.
    recorder.run_upkeep();
    recorder.render()
}
