//! What only the compiler can find: one error, on the user's own token.

use std::{rc::Rc, time::Duration};

use axum::{Router, routing::get};
use handler_cache::{Policy, cache};

struct NoResponse;

#[cache(expire = 30)]
async fn no_response() -> Result<NoResponse, NoResponse> {
    Ok(NoResponse)
}

#[cache(expire = 30)]
async fn not_send() -> String {
    let shared = Rc::new(1);
    std::future::ready(()).await;
    shared.to_string()
}

/// Not axum's: it is in the key, and the companion's functions lack it.
#[derive(Clone, serde::Serialize)]
struct State<T>(T);

#[cache(expire = 30)]
async fn other_state(State(user): State<u64>) -> String {
    user.to_string()
}

#[cache(expire = 60 * 60)]
async fn no_duration() {}

#[cache(policy = Duration::from_secs(1), store_if = |_| 1, max_body = SIZE, version = 'a'.len_utf8())]
async fn no_policy() {}

#[cache(expire = 30)]
async fn mistyped() -> String {
    1
}

const SIZE: u32 = 1;

fn main() {
    let _: Router = Router::new().route("/", get(not_send));
    let _ = Policy::new();
    let _ = other_state::key();
    let _ = other_state::evict();
}
