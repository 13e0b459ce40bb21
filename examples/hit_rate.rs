//! The statistics of the cache as JSON, and the hit ratio of the last minute in the log.
//!
//! ```sh
//! cargo run --example hit_rate                                            # entries in memory
//! CACHE_URL=redis://127.0.0.1:6379 cargo run --example hit_rate           # entries in Redis
//! ```
//!
//! `PORT` sets the port (3000), `LOG_EVERY` the seconds between two lines (60). Ctrl-C stops the server.

use std::{collections::BTreeMap, env, error::Error, future, time::Duration};

use axum::{
    Json, Router,
    extract::Path,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use handler_cache::{Cache, cache, stats::Counters};
use serde_json::{Value, json};
use tokio::{net::TcpListener, signal, sync::oneshot, time};
use tracing::info;

/// The response for an unknown product is not stored: `not_stored` counts it as `status`.
#[cache(expire = "30s")]
async fn get_product(Path(id): Path<u64>) -> Result<String, StatusCode> {
    let product = (id < 10).then(|| format!("product {id}\n"));
    product.ok_or(StatusCode::NOT_FOUND)
}

/// This response is not stored either, since it sets a cookie. If that is a mistake, `not_stored` shows it.
#[cache(expire = "30s")]
async fn front_page() -> impl IntoResponse {
    ([(header::SET_COOKIE, "seen=1")], "Welcome!\n")
}

/// The statistics of this process since its start. Do not publish them: they name the handlers.
async fn report(cache: Cache) -> Json<Value> {
    let stats = cache.stats();
    let handlers = stats.handlers.iter();
    let handlers: BTreeMap<_, _> = handlers.map(|(name, counts)| (name, shown(counts))).collect();
    Json(json!({
        "total": shown(&stats.total),
        "handlers": handlers,
        "store_unavailable": stats.store_unavailable,
        "evictions_retrying": stats.evictions_retrying,
    }))
}

/// The ratio is from 0 to 1, and null without requests.
fn shown(counts: &Counters) -> Value {
    json!({
        "hits": counts.hits,
        "stale_hits": counts.stale_hits,
        "misses": counts.misses,
        "bypasses": counts.bypasses,
        "hit_ratio": counts.hit_ratio(),
        "not_stored": counts.not_stored,
    })
}

/// Counters only grow from zero, so those of a minute are the difference between its end and its start. The last line
/// covers the minute in which the server stops.
async fn log_hit_ratio(cache: Cache, minute: Duration, mut stopped: oneshot::Receiver<()>) {
    let mut before = Counters::default();
    let mut goes_on = true;
    while goes_on {
        goes_on = tokio::select! {
            () = time::sleep(minute) => true,
            _ = &mut stopped => false,
        };
        let now = cache.stats().total;
        let counts = now.since(&before);
        before = now;
        let percent = counts.hit_ratio().map(|ratio| (100.0 * ratio).round());
        let (hits, stale_hits, misses) = (counts.hits, counts.stale_hits, counts.misses);
        info!(hits, stale_hits, misses, percent, "the last minute");
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()))
        .init();
    let cache_url = env::var("CACHE_URL").unwrap_or_else(|_| "memory://".to_owned());
    let cache = Cache::init("hit_rate", &cache_url).await?;

    let app = Router::new()
        .route("/", get(front_page))
        .route("/products/{id}", get(get_product))
        .route("/stats", get(report));

    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let port = port.map_err(|error| format!("PORT is not a port number: {error}"))?;
    let seconds = env::var("LOG_EVERY").map_or(Ok(60), |seconds| seconds.parse::<u64>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        listener.map_err(|error| format!("cannot listen on port {port}: {error}; set PORT to another"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!(
        "Listening on {url}, entries in {store}. Try:

    curl -i {url}/products/1      # Miss, then Hit
    curl -i {url}/products/99     # 404, not stored
    curl -i {url}/                # Miss again and again
    curl -i {url}/products/1 -H 'cache-control: no-cache'
    curl {url}/stats
",
        store = cache.store(),
    );
    let (stop, stopped) = oneshot::channel();
    let minute = Duration::from_secs(seconds.max(1));
    let log = tokio::spawn(log_hit_ratio(cache.clone(), minute, stopped));
    let interrupted = async {
        if signal::ctrl_c().await.is_err() {
            // Without signals the server runs until its process is killed.
            future::pending().await
        }
    };
    let server = axum::serve(listener, app).with_graceful_shutdown(interrupted);
    server.await?;
    drop(stop);
    log.await?;
    cache.shutdown().await?;
    Ok(())
}
