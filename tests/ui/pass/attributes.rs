//! Other attributes, above and below.
#![deny(warnings, missing_docs)]

use axum::{
    Router, debug_handler,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use handler_cache::{cache, cache_one_day};
use tracing::instrument;

#[derive(Clone)]
struct Db;

#[debug_handler]
#[cache(expire = 30)]
async fn debugged_above(Path(id): Path<u64>, State(_db): State<Db>) -> String {
    id.to_string()
}

#[cache_one_day(ignore = [id])]
#[debug_handler]
async fn debugged_below(Path(id): Path<u64>, State(_db): State<Db>) -> String {
    id.to_string()
}

#[cache(expire = 30)]
#[axum::debug_handler(state = Db)]
async fn debugged_with_state(State(_db): State<Db>, body: String) -> String {
    body
}

#[cache(expire = 30)]
#[debug_handler]
async fn debugged_without_arguments() {}

/// Documented above.
#[utoipa::path(get, path = "/products/{id}", responses((status = OK, body = String)))]
#[cache(expire = 30)]
pub async fn documented_above(Path(id): Path<u64>) -> String {
    id.to_string()
}

/// Documented below.
#[cache(expire = 30)]
#[utoipa::path(get, path = "/products/{id}", responses((status = OK, body = String)))]
pub async fn documented_below(Path(id): Path<u64>) -> String {
    id.to_string()
}

/// Both below.
#[cache(expire = 30)]
#[utoipa::path(get, path = "/products/{id}", responses((status = OK, body = String)))]
#[debug_handler]
pub async fn both_below(Path(id): Path<u64>) -> String {
    id.to_string()
}

/// The span's fields name the parameters.
#[cache(expire = 30)]
#[instrument(skip(id), fields(product = id))]
pub async fn traced(Path(id): Path<u64>) -> Result<String, StatusCode> {
    Ok(id.to_string())
}

/// Lint levels.
#[cache(expire = 30)]
#[expect(unused_variables)]
#[expect(clippy::unused_async, reason = "axum wants it")]
#[allow(non_snake_case)]
#[cfg(all())]
pub async fn Linted(Path(Id): Path<u64>) {
    let found_by_the_lint = 1;
}

/// Gone.
#[cache(expire = 30)]
#[cfg(any())]
pub async fn gone(Path(Id): Path<Missing>) {}

/// Deprecated, for all but the code generated with it.
#[cache(expire = 30)]
#[deprecated]
pub async fn deprecated_handler(Path(id): Path<u64>) -> String {
    id.to_string()
}

mod old {
    #[deprecated]
    #[derive(serde::Deserialize, serde::Serialize)]
    pub struct Id(pub u64);
}

/// Takes what is deprecated.
#[cache(expire = 30)]
#[allow(deprecated)]
pub async fn takes_deprecated(Path(id): Path<old::Id>) -> String {
    id.0.to_string()
}

fn main() {
    let _: Router = Router::new()
        .route("/a/{id}", get(debugged_above))
        .route("/b/{id}", get(debugged_below))
        .route("/c", get(debugged_with_state))
        .route("/d", get(debugged_without_arguments))
        .route("/e/{id}", get(documented_above))
        .route("/f/{id}", get(documented_below))
        .route("/g/{id}", get(both_below))
        .route("/h/{id}", get(traced))
        .route("/i/{id}", get(Linted))
        .route("/j/{id}", get(takes_deprecated))
        .with_state(Db);
    #[derive(utoipa::OpenApi)]
    #[openapi(paths(documented_above, documented_below, both_below))]
    struct Docs;
    let _ = debugged_below::key();
}
