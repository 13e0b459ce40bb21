//! Every option, in each of its forms.
#![deny(warnings)]

use std::time::Duration;

use axum::{
    Router,
    extract::{FromRequestParts, Path, Query, State},
    http::{StatusCode, response},
    routing::{get, post},
};
use handler_cache::{Policy, cache, cache_one_hour};

const SHORT: Duration = Duration::from_millis(1500);
const TWO_HOURS: Policy = Policy::new().expire(Duration::from_secs(7200)).vary(&["accept-language"]);
const LIMIT: usize = 64 * 1024;
const SHAPE: &str = "3";

fn is_ok(parts: &response::Parts) -> bool {
    parts.status == StatusCode::OK
}

#[cache]
async fn bare() {}

#[cache()]
async fn empty() {}

#[cache(expire = 30,)]
async fn seconds() {}

#[cache(expire = "1h 30m")]
async fn words() {}

#[cache(expire = "never")]
async fn never() {}

#[cache(expire = SHORT)]
async fn constant() {}

#[cache(stale_while_revalidate = 60, stale_if_error = "1 day", stale_if_slow = SHORT)]
async fn stale() {}

// A name that generated code could have too.
const SITE: Duration = SHORT;

#[cache(expire = SITE)]
async fn site() {}

#[cache(expire = Duration::from_millis(5))]
async fn expression() {}

#[cache(
    expire = "500ms",
    ignore = [user],
    vary = ["Accept-Language", "accept"],
    methods = [GET, POST],
    not_found = "5s",
    private,
    client_max_age = 0,
    store_if = is_ok,
    max_body = LIMIT,
    version = "2024-06",
    name = "shop::everything",
    companion = Everything
)]
async fn everything(Path(id): Path<u64>, Query(user): Query<u64>) -> String {
    format!("{id}{user}")
}

#[cache(policy = TWO_HOURS)]
async fn preset() {}

#[cache(policy = TWO_HOURS, expire = 5, public, store_if = |parts| parts.status == StatusCode::OK, version = SHAPE)]
async fn overridden() {}

#[cache(policy = Policy::new().private(), max_body = 1024, client_max_age = "1 min", version = 7)]
async fn built() {}

#[cache_one_hour(not_found = 5, max_body = 8 * 1024)]
async fn preset_with_options() {}

// One argument, a tuple, a format string, and a method.
#[cache(expire = 30, key = id)]
async fn by_one(Path(id): Path<u64>, State(_): State<Db>) {
    let _ = id;
}

#[cache(expire = 30, key = (id, page % 10))]
async fn by_tuple(Path(id): Path<u64>, Query(page): Query<u64>, State(db): State<Db>) {
    let _ = (id, page, db);
}

#[cache(expire = 30, key = format!("{id}-{page:>3}"), ignore = [db])]
async fn by_text(Path(id): Path<u64>, Query(page): Query<u64>, db: Db) {
    let _ = (id, page, db);
}

#[cache(expire = 30, key = db.region)]
async fn by_field(Path(id): Path<u64>, State(db): State<Db>) {
    let _ = (id, db);
}

#[derive(Clone, Copy)]
struct Db {
    region: u8,
}

impl FromRequestParts<Db> for Db {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut axum::http::request::Parts, db: &Db) -> Result<Self, StatusCode> {
        Ok(*db)
    }
}

#[cache(expire = 30, lazy = [db])]
async fn lazy_last(Path(id): Path<u64>, db: Db) -> String {
    format!("{id}{}", db.region)
}

#[cache(expire = 30, lazy = [db])]
async fn lazy_alone(db: Db) -> String {
    db.region.to_string()
}

#[cache(expire = 30, lazy = [db, state, other])]
async fn lazy_everywhere(db: Db, Path(id): Path<u64>, State(state): State<Db>, other: Db) -> String {
    format!("{id}{}{}{}", db.region, state.region, other.region)
}

#[cache(expire = 30, methods = [POST], lazy = [db, other])]
async fn lazy_beside_a_body(db: Db, other: Db, body: String) -> String {
    format!("{body}{}{}", db.region, other.region)
}

mod framework {
    pub mod reexported {
        pub use handler_cache as cache_crate;
    }
}

#[framework::reexported::cache_crate::cache(expire = 30, crate = crate::framework::reexported::cache_crate)]
async fn elsewhere(Path(id): Path<u64>) -> String {
    id.to_string()
}

fn main() {
    let _: Router = Router::new()
        .route("/bare", get(bare))
        .route("/empty", get(empty))
        .route("/seconds", get(seconds))
        .route("/words", get(words))
        .route("/never", get(never))
        .route("/constant", get(constant))
        .route("/site", get(site))
        .route("/expression", get(expression))
        .route("/everything/{id}", get(everything))
        .route("/preset", get(preset))
        .route("/overridden", get(overridden))
        .route("/built", get(built))
        .route("/preset_with_options", get(preset_with_options))
        .route("/by_one/{id}", get(by_one))
        .route("/by_tuple/{id}", get(by_tuple))
        .route("/by_text/{id}", get(by_text))
        .route("/by_field/{id}", get(by_field))
        .route("/lazy_last/{id}", get(lazy_last))
        .route("/lazy_alone", get(lazy_alone))
        .route("/lazy_everywhere/{id}", get(lazy_everywhere))
        .route("/lazy_beside_a_body", post(lazy_beside_a_body))
        .route("/elsewhere/{id}", get(elsewhere))
        .with_state(Db { region: 1 });
    let _ = Everything::key(Path(1));
    let _ = by_one::key(Path(1));
    let _ = by_tuple::key(Path(1), Query(2));
    let _ = by_text::key(Path(1), Query(2));
    let _ = by_field::key(State(Db { region: 1 }));
    let _ = lazy_last::key(Path(1));
    let _ = lazy_last::uncached(Path(1), Db { region: 1 });
}
