//! A products API with slow queries, cached by one attribute per handler. `CACHE_URL` names the store (`memory://`, or a
//! Redis such as `redis://127.0.0.1:6379`), `PORT` the port (3000), and `RUST_LOG=handler_cache=debug` logs each hit.

use std::{collections::BTreeMap, env, error::Error, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, Query, State},
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
    routing::get,
};
use handler_cache::{Cache, cache, cache_evict, cache_one_day};
use serde::{Deserialize, Serialize};
use time::Date;
use tokio::sync::{Mutex, MutexGuard};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Product {
    id: u64,
    name: String,
    price_cents: u64,
}

#[derive(Deserialize)]
struct Page {
    page: usize,
}

/// `page` is in the key, and `db` is not, since it is `State`.
#[cache(expire = "1m")]
async fn list_products(Query(Page { page }): Query<Page>, State(db): State<Db>) -> Json<Vec<Product>> {
    let start = page.saturating_sub(1).saturating_mul(2);
    let products = query(&db).await;
    Json(products.values().skip(start).take(2).cloned().collect())
}

/// An `Err` is never stored, so the handler runs again for an unknown id.
#[cache(expire = "30s")]
async fn get_product(Path(id): Path<u64>, State(db): State<Db>) -> Result<Json<Product>, StatusCode> {
    let product = query(&db).await.get(&id).cloned();
    product.map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// Evicts the product and all pages of the list before the response is sent.
#[cache_evict(get_product(Path(id)), list_products(..))]
async fn put_product(Path(id): Path<u64>, State(db): State<Db>, Json(new): Json<Product>) -> Json<Product> {
    query(&db).await.insert(id, new.clone());
    Json(new)
}

/// The same for everybody, and never evicted: browsers may reuse the response while the entry is fresh.
#[cache_one_day(client_max_age = "remaining")]
async fn countries(State(db): State<Db>) -> Json<[&'static str; 3]> {
    drop(query(&db).await);
    Json(["Chile", "Kenya", "Norway"])
}

/// A path that is not a date is rejected with 400 before the cache is used.
#[cache(expire = "5m")]
async fn scoreboard(Path(date): Path<Date>, State(db): State<Db>) -> String {
    drop(query(&db).await);
    format!("{date}: CHC 8:3 MIA, NYM 1:2 SD\n")
}

/// The user is in the key: each has an entry of their own.
#[cache(expire = "1m")]
async fn me(User(name): User, State(db): State<Db>) -> String {
    drop(query(&db).await);
    format!("Hello, {name}!\n")
}

/// Extractors run on every request, so they guard a cached page as well.
struct User(&'static str);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, StatusCode> {
        match parts.headers.get(AUTHORIZATION).map(|login| login.as_bytes()) {
            Some(b"Bearer alice") => Ok(Self("alice")),
            Some(b"Bearer bob") => Ok(Self("bob")),
            _ => Err(StatusCode::UNAUTHORIZED),
        }
    }
}

type Db = Arc<Mutex<BTreeMap<u64, Product>>>;

/// Every query takes 300 ms.
async fn query(db: &Db) -> MutexGuard<'_, BTreeMap<u64, Product>> {
    tokio::time::sleep(Duration::from_millis(300)).await;
    db.lock().await
}

const PRODUCTS: &str = r#"{
    "1": { "id": 1, "name": "Teapot", "price_cents": 2450 },
    "2": { "id": 2, "name": "Kettle", "price_cents": 3900 },
    "3": { "id": 3, "name": "Samovar", "price_cents": 18000 }
}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name, default: &str| env::var(name).unwrap_or(default.to_owned());
    let level = variable("RUST_LOG", "info");
    tracing_subscriber::fmt().with_env_filter(level).init();
    let cache = Cache::init("shop", &variable("CACHE_URL", "memory://")).await?;
    let app = Router::new()
        .route("/products", get(list_products))
        .route("/products/{id}", get(get_product).put(put_product))
        .route("/countries", get(countries))
        .route("/scoreboard/{date}", get(scoreboard))
        .route("/me", get(me))
        .with_state(Arc::new(Mutex::new(serde_json::from_str(PRODUCTS)?)));
    let port: u16 = variable("PORT", "3000").parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let (address, store) = (listener.local_addr()?, cache.store());
    println!("Listening on http://{address}, entries in {store}.");
    Ok(axum::serve(listener, app).await?)
}
