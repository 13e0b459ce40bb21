//! Without arguments `#[debug_handler]` cannot stand above: put `#[cache]` on top.

use axum::debug_handler;
use handler_cache::cache;

#[debug_handler]
#[cache(expire = 30)]
async fn above() {}

#[cache(expire = 30)]
#[debug_handler]
async fn below() -> NoResponse {
    NoResponse
}

struct NoResponse;

fn main() {}
