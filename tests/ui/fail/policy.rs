//! A policy that panics is an error of `cargo check`, even where nothing uses the handler.

use std::time::Duration;

use handler_cache::{Policy, cache};

const NOTHING: Duration = Duration::ZERO;

#[cache(expire = NOTHING)]
async fn zero() {}

#[cache(policy = Policy::new().vary(&["Accept"]))]
async fn upper_case() {}

fn main() {}
