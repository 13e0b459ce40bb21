//! What once went wrong, told as the promise that was broken.

mod abandoned;
mod bodies;
mod bounds;
mod clocks;
mod evictions;
mod extremes;
mod frozen;
mod http;
mod identities;
mod leases;
mod links;
mod logs;
mod odd_requests;
mod origins;
mod overdue;
mod refusals;
mod runtimes;
mod settings;
mod slow_clients;
mod waits;

use crate::support;
use axum::{
    Router,
    extract::{Path, State},
    routing::{delete, get},
};
use handler_cache::{cache, cache_evict};

use crate::support::{
    app::Runs,
    gate::{Gate, ask, settle},
};

#[cache(expire = 60)]
async fn page(Path(id): Path<u32>, State(runs): State<Runs>) -> String {
    format!("page {id}, run {}", runs.count())
}

fn pages(runs: &Runs) -> Router {
    Router::new()
        .route("/pages/{id}", get(page))
        .with_state(runs.clone())
}

#[cache(expire = 60)]
async fn gated(Path(id): Path<u32>, State(gate): State<Gate>) -> String {
    format!("page {id}, run {}", gate.pass().await)
}

#[cache_evict(gated(..))]
async fn evict_gated() {}

fn gated_pages(gate: &Gate) -> Router {
    Router::new()
        .route("/pages/{id}", get(gated))
        .route("/pages", delete(evict_gated))
        .with_state(gate.clone())
}
