//! Pages whose handler waits at a gate until the test lets it through.

use axum::{
    Router,
    extract::{Path, State},
    routing::{delete, get},
};
use handler_cache::{cache, cache_evict};

use crate::support::gate::Gate;

#[cache(expire = 60)]
pub(crate) async fn page(Path(id): Path<u32>, State(gate): State<Gate>) -> String {
    format!("page {id}, run {}", gate.pass().await)
}

#[cache_evict(page(..))]
async fn evict_pages() {}

/// Serves [`page`] at `/pages/{id}`, and evicts every page on `DELETE /pages`.
pub(crate) fn pages(gate: &Gate) -> Router {
    Router::new()
        .route("/pages/{id}", get(page))
        .route("/pages", delete(evict_pages))
        .with_state(gate.clone())
}
