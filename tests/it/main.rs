//! Every test that shares a process with others.

#[path = "../support/mod.rs"]
mod support;

mod architecture;
mod attribute;
mod budgets;
mod evict;
mod examples;
mod explain;
mod flights;
mod fuzz;
mod http;
mod identity;
mod layer;
mod model;
mod python;
mod regressions;
mod steering;
mod stores;
mod values;
