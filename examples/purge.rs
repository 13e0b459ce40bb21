//! Endpoints that evict entries, for changes that the application does not see, such as a price edited in the database.
//!
//! ```sh
//! PURGE_TOKEN=secret cargo run --example purge                            # entries in memory
//! PURGE_TOKEN=secret CACHE_URL=redis://127.0.0.1:6379 cargo run --example purge
//! ```
//!
//! `PURGE_TOKEN` is the token that these endpoints require; `PORT` sets the port (3000).

use std::{
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get},
};
use constant_time_eq::constant_time_eq;
use handler_cache::{Cache, cache};
use tokio::net::TcpListener;

/// A purge does not reach browsers. By default they revalidate each time, and mostly receive a 304.
#[cache(expire = "1h", tags = ["products", format!("product:{id}")])]
async fn get_product(Path(id): Path<u64>, State(queries): State<Queries>) -> String {
    format!("product {id}, query {}\n", queries.count())
}

#[cache(expire = "1h", tags = [format!("product:{id}")])]
async fn get_reviews(Path(id): Path<u64>, State(queries): State<Queries>) -> String {
    format!("reviews of product {id}, query {}\n", queries.count())
}

async fn purge_product(Path(id): Path<u64>) -> Response {
    answer(get_product::evict(Path(id)).await)
}

async fn purge_tag(Path(tag): Path<String>, cache: Cache) -> Response {
    answer(cache.evict_tag(&tag).await)
}

async fn purge_everything(cache: Cache) -> Response {
    answer(cache.clear().await)
}

/// 204 only after the store has acknowledged. Otherwise this process treats the entries as evicted, and retries each second.
fn answer(purged: Result<(), handler_cache::Error>) -> Response {
    match purged {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// Guards the endpoints. The duration of the comparison reveals only the token's length.
async fn guard(State(token): State<Arc<str>>, request: Request, next: Next) -> Response {
    let login = request.headers().get(header::AUTHORIZATION);
    let given = login.and_then(|login| login.as_bytes().strip_prefix(b"Bearer "));
    if given.is_some_and(|given| constant_time_eq(given, token.as_bytes())) {
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    (StatusCode::UNAUTHORIZED, challenge).into_response()
}

/// The number of queries to the pretend database, which pages show.
#[derive(Debug, Clone, Default)]
struct Queries(Arc<AtomicU64>);

impl Queries {
    fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()))
        .init();
    // An empty token would admit requests without one.
    let token = env::var("PURGE_TOKEN").ok().filter(|token| !token.is_empty());
    let token = token.ok_or("set PURGE_TOKEN to what those must know who purge")?;
    let cache_url = env::var("CACHE_URL").unwrap_or_else(|_| "memory://".to_owned());
    let cache = Cache::init("purge", &cache_url).await?;

    let purging = Router::new()
        .route("/cache", delete(purge_everything))
        .route("/cache/products/{id}", delete(purge_product))
        .route("/cache/tags/{tag}", delete(purge_tag))
        .route_layer(middleware::from_fn_with_state(Arc::from(token), guard));
    let app = Router::new()
        .route("/products/{id}", get(get_product))
        .route("/products/{id}/reviews", get(get_reviews))
        .merge(purging)
        .with_state(Queries::default());

    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let port = port.map_err(|error| format!("PORT is not a port number: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        listener.map_err(|error| format!("cannot listen on port {port}: {error}; set PORT to another"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!(
        "Listening on {url}, entries in {store}. Try, with your token:

    curl -i {url}/products/1                     # Miss, then Hit
    curl -i {url}/products/1/reviews             # the same
    curl -i -X DELETE {url}/cache/products/1 -H 'authorization: Bearer secret'        # 204
    curl -i -X DELETE {url}/cache/tags/product:1 -H 'authorization: Bearer secret'    # its reviews, too
    curl -i -X DELETE {url}/cache -H 'authorization: Bearer secret'
    curl -i -X DELETE {url}/cache                # 401
",
        store = cache.store(),
    );
    axum::serve(listener, app).await?;
    Ok(())
}
