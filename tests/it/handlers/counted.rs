//! Pages that show the number of the handler call that made them.

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use handler_cache::cache;

use crate::support::app::Runs;

#[cache(expire = 60)]
pub(crate) async fn page(Path(id): Path<u32>, State(runs): State<Runs>) -> String {
    format!("page {id}, run {}", runs.increment())
}

/// Serves [`page`] at `/pages/{id}`.
pub(crate) fn pages(runs: &Runs) -> Router {
    Router::new()
        .route("/pages/{id}", get(page))
        .with_state(runs.clone())
}
