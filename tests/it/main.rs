//! All tests that need no process of their own, a module for each behaviour.

#![allow(
    clippy::unwrap_used,
    reason = "helpers and handlers of tests fail the test, too"
)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod handlers;

mod attribute;
mod keys;
mod http;
mod client_caching;
mod coalescing;
mod stale;
mod eviction;
mod refresh;
mod values;
mod layer;
mod rfc9111;
mod stores;
mod resilience;
mod memory;
mod operations;
mod examples;
mod model;
mod fuzz;
mod architecture;
