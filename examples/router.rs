//! A whole router cached by a layer, without a change to its handlers: a TTL for each path, evictions by writes, and a
//! partition for each signed-in user.
//!
//! ```sh
//! cargo run --example router                                              # entries in memory
//! CACHE_URL=redis://127.0.0.1:6379 cargo run --example router             # entries in Redis
//! ```
//!
//! `PORT` sets the port (3000). `alice` and `bob` may sign in.

use std::{
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use handler_cache::{Cache, Policy, layer::CacheLayer};
use tokio::net::TcpListener;

async fn product(Path(id): Path<u64>, State(shop): State<Shop>) -> String {
    shop.page(&format!("Product {id}."))
}

async fn products(State(shop): State<Shop>) -> String {
    shop.page("All products.")
}

async fn change_product() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn basket(headers: HeaderMap, State(shop): State<Shop>) -> String {
    shop.page(&format!("The basket of {}.", user(&headers).unwrap_or("nobody")))
}

/// Excluded from the cache below.
async fn checkout(State(shop): State<Shop>) -> String {
    shop.page("Paid.")
}

/// The signed-in user.
fn user(headers: &HeaderMap) -> Option<&str> {
    let login = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    login.strip_prefix("Bearer ")
}

/// Rejects wrong logins. It must be outside of the cache: layers inside do not run on a hit.
async fn guard(request: Request, next: Next) -> Result<Response, StatusCode> {
    match user(request.headers()) {
        Some("alice" | "bob") => Ok(next.run(request).await),
        Some(_) => Err(StatusCode::UNAUTHORIZED),
        None => Ok(next.run(request).await),
    }
}

/// All cache settings in one place.
fn cached() -> CacheLayer {
    let briefly = Policy::new()
        .expire(Duration::from_secs(30))
        .stale_while_revalidate(Duration::from_secs(60));
    CacheLayer::new()
        .rule("/products/{id}", briefly)
        .expire(Duration::from_secs(300))
        .exclude(["/checkout"])
        .ignore_query(["utm_*"])
        .partition(|request| user(&request.headers).map(str::to_owned))
        .evict_on(Method::PUT, "/products/{id}", ["/products/{id}", "/products"])
}

/// Each page shows how many pages were made before it.
#[derive(Debug, Clone, Default)]
struct Shop(Arc<AtomicU64>);

impl Shop {
    fn page(&self, text: &str) -> String {
        let run = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{text} Made by run {run}.\n")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()))
        .init();
    let cache_url = env::var("CACHE_URL").unwrap_or_else(|_| "memory://".to_owned());
    let cache = Cache::init("router", &cache_url).await?;

    let app = Router::new()
        .route("/products", get(products))
        .route("/products/{id}", get(product).put(change_product))
        .route("/basket", get(basket))
        .route("/checkout", get(checkout))
        .with_state(Shop::default())
        .layer(cached())
        .layer(middleware::from_fn(guard));

    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let port = port.map_err(|error| format!("PORT is not a port number: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        listener.map_err(|error| format!("cannot listen on port {port}: {error}; set PORT to another"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!(
        "Listening on {url}, entries in {store}. Try:

    curl -i '{url}/products/1?utm_source=news'                    # Miss, for 30 seconds
    curl -i {url}/products/1                                      # Hit
    curl -i {url}/products                                        # for five minutes
    curl -i -X PUT {url}/products/1                               # evicts both
    curl -i {url}/basket -H 'authorization: Bearer alice'         # Miss, then Hit
    curl -i {url}/basket -H 'authorization: Bearer bob'           # Miss: his own
    curl -i {url}/basket -H 'authorization: Bearer mallory'       # 401
    curl -i {url}/checkout                                        # no x-cache
",
        store = cache.store(),
    );
    axum::serve(listener, app).await?;
    Ok(())
}
