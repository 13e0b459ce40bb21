//! Requests that miss together, evictions that come between, and replicas that share a Redis.

mod clear;
mod evictions;
mod leaders;
mod nesting;
mod panics;
mod replicas;
mod staleness;
mod tags;

use crate::support;
use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use handler_cache::cache;

use crate::support::gate::{Gate, ask, settle};

#[cache(expire = 60)]
async fn page(Path(id): Path<u32>, State(gate): State<Gate>) -> String {
    format!("page {id}, run {}", gate.pass().await)
}

fn pages(gate: &Gate) -> Router {
    Router::new()
        .route("/pages/{id}", get(page))
        .with_state(gate.clone())
}
