//! A products API with a slow pretend database, cached by one attribute per handler.
//!
//! ```sh
//! cargo run --example quickstart                                          # entries in memory
//! CACHE_URL=redis://127.0.0.1:6379 cargo run --example quickstart         # entries in Redis
//! ```
//!
//! `PORT` sets the port (3000); `RUST_LOG=handler_cache=debug` shows each hit.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, Query, State},
    http::{StatusCode, header, request::Parts},
    routing::get,
};
use handler_cache::{Cache, cache, cache_evict, cache_one_day};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Product {
    id: u64,
    name: String,
    price_cents: u64,
}

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default = "first_page")]
    page: usize,
}

fn first_page() -> usize {
    1
}

const PAGE_SIZE: usize = 2;

/// `page` is in the key; `db` is `State` and so it is not.
#[cache(expire = "1m")]
async fn list_products(Query(Page { page }): Query<Page>, State(db): State<Db>) -> Json<Vec<Product>> {
    let products = db
        .query(|products| products.values().cloned().collect::<Vec<_>>())
        .await;
    let start = page.saturating_sub(1).saturating_mul(PAGE_SIZE);
    Json(products.into_iter().skip(start).take(PAGE_SIZE).collect())
}

/// An `Err` is never stored: an unknown id is asked for again each time.
#[cache(expire = "30s")]
async fn get_product(Path(id): Path<u64>, State(db): State<Db>) -> Result<Json<Product>, StatusCode> {
    let product = db.query(|products| products.get(&id).cloned()).await;
    product.map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// Once the database has the new price, what was cached before is wrong: it goes before this is answered.
#[cache_evict(get_product(Path(id)), list_products(..))]
async fn update_product(
    Path(id): Path<u64>,
    State(db): State<Db>,
    Json(product): Json<Product>,
) -> Result<Json<Product>, StatusCode> {
    if product.id != id {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let new = product.clone();
    let known = db
        .query(|products| products.get_mut(&id).map(|old| *old = new))
        .await;
    known.ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(product))
}

/// The same for everybody, and never evicted: browsers may use it as long as this cache does, without asking again.
#[cache_one_day(client_max_age = "remaining")]
async fn countries(State(db): State<Db>) -> Json<[&'static str; 3]> {
    db.query(|_| ()).await;
    Json(["Chile", "Kenya", "Norway"])
}

/// A day, checked when the request is read: a bad one is answered with 400 before the cache is asked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl TryFrom<String> for Date {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_date(&text).ok_or("a date looks like 2019-05-09")
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn parse_date(text: &str) -> Option<Date> {
    let shape_fits = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let mut parts = text.split('-').filter(|_| shape_fits);
    let date = Date {
        year: parts.next()?.parse().ok()?,
        month: parts.next()?.parse().ok()?,
        day: parts.next()?.parse().ok()?,
    };
    let year = date.year;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match date.month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let valid = parts.next().is_none() && (1..=12).contains(&date.month) && (1..=days).contains(&date.day);
    // One text per date, so that one day has one entry.
    (valid && date.to_string() == text).then_some(date)
}

#[derive(Debug, Serialize)]
struct Scoreboard {
    date: Date,
    games: [&'static str; 2],
}

#[cache(expire = "5m")]
async fn scoreboard(Path(date): Path<Date>, State(db): State<Db>) -> Json<Scoreboard> {
    db.query(|_| ()).await;
    Json(Scoreboard {
        date,
        games: ["CHC 8:3 MIA", "NYM 1:2 SD"],
    })
}

/// Who asks. Extractors run on every request, so a cached page is guarded like a fresh one.
#[derive(Debug, Serialize)]
struct User(String);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, StatusCode> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        match token {
            Some(user @ ("alice" | "bob")) => Ok(Self(user.to_owned())),
            _ => Err(StatusCode::UNAUTHORIZED),
        }
    }
}

/// The user is in the key: each has an entry of their own.
#[cache(expire = "1m")]
async fn me(user: User, State(db): State<Db>) -> String {
    db.query(|_| ()).await;
    format!("Hello, {}!\n", user.0)
}

/// Every query takes 300 ms.
#[derive(Debug, Clone)]
struct Db(Arc<Mutex<BTreeMap<u64, Product>>>);

impl Db {
    fn new() -> Self {
        let products = [
            ("Teapot", 2_450),
            ("Kettle", 3_900),
            ("Samovar", 18_000),
            ("Thermos", 1_995),
            ("Mug", 850),
        ];
        let rows = (1..).zip(products).map(|(id, (name, price_cents))| {
            let name = name.to_owned();
            (
                id,
                Product {
                    id,
                    name,
                    price_cents,
                },
            )
        });
        Self(Arc::new(Mutex::new(rows.collect())))
    }

    async fn query<T>(&self, query: impl FnOnce(&mut BTreeMap<u64, Product>) -> T) -> T {
        tokio::time::sleep(Duration::from_millis(300)).await;
        query(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()))
        .init();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let cache_url = env::var("CACHE_URL").unwrap_or_else(|_| "memory://".to_owned());
    let cache = Cache::init("shop", &cache_url).await?;

    let app = Router::new()
        .route("/products", get(list_products))
        .route("/products/{id}", get(get_product).put(update_product))
        .route("/countries", get(countries))
        .route("/scoreboard/{date}", get(scoreboard))
        .route("/me", get(me))
        .with_state(Db::new());

    let port = match env::var("PORT") {
        Ok(port) => port
            .parse()
            .map_err(|_| format!("PORT is no port number: {port:?}"))?,
        Err(_) => 3000,
    };
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("cannot listen on port {port}: {error}; set PORT to another"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!(
        "Listening on {url}, entries in {store}. Try:

    curl -i {url}/products/1                                  # slow, x-cache: Miss
    curl -i {url}/products/1                                  # fast, x-cache: Hit
    curl -i {url}/products/1 -H 'if-none-match: *'            # 304
    curl -i {url}/products/1 -H 'cache-control: no-cache'     # past the cache
    curl -i '{url}/products?page=2'
    curl -i -X PUT {url}/products/1 -H 'content-type: application/json' \\
         -d '{{\"id\":1,\"name\":\"Teapot\",\"price_cents\":1999}}'
    curl -i {url}/products/1                                  # the new price
    curl -i {url}/countries
    curl -i {url}/scoreboard/2019-05-09
    curl -i {url}/me -H 'authorization: Bearer alice'
",
        store = cache.store(),
    );
    axum::serve(listener, app).await?;
    Ok(())
}
