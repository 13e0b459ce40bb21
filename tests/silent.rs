//! Generated code violates no lint of the strictest user. Clippy checks this file too.
#![forbid(
    unsafe_code,
    unused,
    missing_docs,
    nonstandard_style,
    future_incompatible,
    let_underscore_drop
)]
#![deny(
    warnings,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::unwrap_used,
    missing_debug_implementations,
    missing_copy_implementations,
    unreachable_pub,
    unused_qualifications,
    unnameable_types,
    single_use_lifetimes,
    trivial_casts,
    unused_results
)]
#![allow(clippy::unused_async, reason = "handlers are async, whether or not they wait")]

use axum::{
    Json, Router,
    extract::{MatchedPath, Path, Query, State},
    http::{StatusCode, Uri},
    response::IntoResponse,
    routing::get,
};
use handler_cache::{cache, cache_evict, cache_one_day};

/// Finds products.
pub trait Repo: Clone + Send + Sync {
    /// One of them.
    fn find(&self, id: u64) -> impl Future<Output = Option<String>> + Send;
}

#[derive(Clone)]
struct Memory;

impl Repo for Memory {
    async fn find(&self, id: u64) -> Option<String> {
        Some(id.to_string())
    }
}

/// Public handlers.
pub mod public {
    use super::{Json, Path, Query, Repo, State, StatusCode, Uri, cache, cache_one_day};

    /// One product.
    ///
    /// # Errors
    /// When there is none.
    #[cache(expire = 30, vary = ["accept-language"], store_if = |parts| parts.status.is_success())]
    pub async fn product<R: Repo>(
        Path(id): Path<u64>,
        State(repo): State<R>,
    ) -> Result<Json<String>, StatusCode> {
        repo.find(id).await.map(Json).ok_or(StatusCode::NOT_FOUND)
    }

    /// All products.
    #[cache_one_day(key = format!("{page:?}"), lazy = [uri])]
    pub async fn products(page: Option<Path<u64>>, Query(_filter): Query<String>, uri: Uri) -> String {
        format!("{page:?}{uri}")
    }

    /// Takes arguments by references that clippy would change.
    #[cache(expire = 30)]
    pub async fn text(Path(mut text): Path<String>, numbers: Json<Vec<u64>>) -> String {
        text.push_str(&numbers.len().to_string());
        text
    }

    /// Text in a body.
    #[cache(expire = 30, methods = [POST])]
    pub async fn body(_guard: Uri, body: String) -> String {
        body
    }
}

#[cache(expire = "1h", name = "shop::private", not_found = 5)]
async fn private(Path((_owner, id)): Path<(String, u64)>, uri: Option<MatchedPath>) -> impl IntoResponse {
    format!("{id}{}", uri.is_some())
}

/// Handlers that evict.
pub mod evicting {
    use super::{Json, Path, Repo, State, StatusCode, cache_evict, public};

    /// Updates a product.
    ///
    /// # Errors
    /// When there is none.
    #[cache_evict(
        public::product::<R>(Path(id)),
        public::products(..),
        public::text(Path(name), Json(numbers.iter().map(|number| number + id).collect())),
        tag = format!("product:{id}"),
        tag = "products",
    )]
    pub async fn update<R: Repo>(
        Path((mut id, name)): Path<(u64, String)>,
        State(repo): State<R>,
        Json(numbers): Json<Vec<u64>>,
    ) -> Result<Json<String>, StatusCode> {
        id += numbers.len() as u64;
        let found = repo.find(id).await.ok_or(StatusCode::NOT_FOUND)?;
        Ok(Json(found + &name))
    }
}

#[cache_evict(private(Path((owner, id)), None), crate = handler_cache)]
#[cache_one_day]
async fn evicting_private(Path((owner, id)): Path<(String, u64)>) -> String {
    format!("{owner} {id}")
}

#[cache_evict(private(..))]
async fn evicting_all() {}

struct Api;

impl Api {
    #[cache(expire = 30, associated)]
    async fn get(Path(id): Path<u64>) -> String {
        id.to_string()
    }

    #[cache_evict(private(..), associated)]
    async fn put(Path(id): Path<u64>) -> String {
        id.to_string()
    }
}

#[test]
fn generated_code_is_silent() {
    let router: Router = Router::new()
        .route("/product/{id}", get(public::product::<Memory>))
        .route("/products", get(public::products))
        .route("/text/{text}", get(public::text).put(evicting::update::<Memory>))
        .route("/private/{owner}/{id}", get(private).put(evicting_private))
        .route("/api/{id}", get(Api::get).put(Api::put).delete(evicting_all))
        .route("/body", get(public::body))
        .with_state(Memory);
    drop(router);
}
