//! A TTL for each route: ten seconds, a minute, a day, as the response says, or none.
//!
//! ```sh
//! cargo run --example ttl                                                 # entries in memory
//! CACHE_URL=redis://127.0.0.1:6379 cargo run --example ttl                # entries in Redis
//! ```
//!
//! `PORT` sets the port (3000). Each page shows how many pages were made before it, and `cache-control` its remaining TTL:
//! these pages are the same for everybody, so browsers may reuse them while the entry is fresh.

use std::{
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::{Cache, Expire, cache, cache_one_day};
use tokio::net::TcpListener;

#[cache(expire = "10s", client_max_age = "remaining")]
async fn front_page(State(shop): State<Shop>) -> String {
    shop.page("Welcome!")
}

/// For ten minutes after its TTL the page is served as `x-cache: Stale`, and refreshed in the background.
#[cache(expire = "1m", stale_while_revalidate = "10m", client_max_age = "remaining")]
async fn product(Path(id): Path<u64>, State(shop): State<Shop>) -> String {
    shop.page(&format!("Product {id}."))
}

/// A preset: it takes every option but `expire`.
#[cache_one_day(client_max_age = "remaining")]
async fn countries(State(shop): State<Shop>) -> String {
    shop.page("Chile, Kenya, Norway.")
}

/// The response decides: an open lot is open until the hammer falls. A response without `Expire`, such as that of a sold lot,
/// has the TTL of the attribute.
#[cache(expire = "1 day", client_max_age = "remaining")]
async fn auction(Path(lot): Path<u8>, State(shop): State<Shop>) -> Response {
    let left = shop.hammer_falls(lot).saturating_duration_since(Instant::now());
    if left.is_zero() {
        return shop.page(&format!("Lot {lot} is sold.")).into_response();
    }
    (Expire(left), shop.page(&format!("Lot {lot} is open."))).into_response()
}

/// Never cached, since it has no attribute. `no-store` keeps browsers and proxies from storing it, too.
async fn basket(State(shop): State<Shop>) -> impl IntoResponse {
    let page = shop.page("Your basket is empty.");
    ([(header::CACHE_CONTROL, "no-store")], page)
}

#[derive(Debug, Clone)]
struct Shop {
    opened: Instant,
    runs: Arc<AtomicU64>,
}

impl Shop {
    /// One lot each hour, from lot 0 when the shop opened.
    fn hammer_falls(&self, lot: u8) -> Instant {
        self.opened + Duration::from_secs(60 * 60) * u32::from(lot)
    }

    fn page(&self, text: &str) -> String {
        let run = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{text} Made by run {run}.\n")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()))
        .init();
    let cache_url = env::var("CACHE_URL").unwrap_or_else(|_| "memory://".to_owned());
    let cache = Cache::init("ttl", &cache_url).await?;

    let app = Router::new()
        .route("/", get(front_page))
        .route("/products/{id}", get(product))
        .route("/countries", get(countries))
        .route("/auctions/{lot}", get(auction))
        .route("/basket", get(basket))
        .with_state(Shop {
            opened: Instant::now(),
            runs: Arc::default(),
        });

    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let port = port.map_err(|error| format!("PORT is not a port number: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        listener.map_err(|error| format!("cannot listen on port {port}: {error}; set PORT to another"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!(
        "Listening on {url}, entries in {store}. Try:

    curl -i {url}/                # max-age=10
    curl -i {url}/products/1      # max-age=60, then stale for ten minutes
    curl -i {url}/countries       # max-age=86400
    curl -i {url}/auctions/0      # sold: max-age=86400
    curl -i {url}/auctions/1      # open: the rest of the hour
    curl -i {url}/basket          # no-store, and no x-cache
",
        store = cache.store(),
    );
    axum::serve(listener, app).await?;
    Ok(())
}
