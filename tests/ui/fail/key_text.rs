//! Arguments without a text form: the compiler names the ways out.

use axum::{
    Extension, Router,
    extract::{Path, Query, Request, State},
    http::HeaderMap,
    routing::get,
};
use handler_cache::cache;

#[derive(Clone, Debug)]
struct DebugOnly;

#[derive(Clone, serde::Deserialize)]
struct DisplayOnly;

impl std::fmt::Display for DisplayOnly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("redacted")
    }
}

/// As `CookieJar` and `Authorization` are: no text form of their own.
#[derive(Clone)]
struct CookieJar;

#[cache(expire = 30)]
async fn headers(headers: HeaderMap) -> String {
    headers.len().to_string()
}

#[cache(expire = 30)]
async fn request(Path(id): Path<u64>, request: Request) -> String {
    format!("{id}{}", request.uri())
}

#[cache(expire = 30)]
async fn cookies(Extension(jar): Extension<CookieJar>) {
    drop(jar);
}

#[cache(expire = 30)]
async fn debug(Extension(mut value): Extension<DebugOnly>) {
    value = DebugOnly;
    drop(value);
}

#[cache(expire = 30)]
async fn display(value: Query<DisplayOnly>) -> String {
    value.0.to_string()
}

#[cache(expire = 30)]
async fn generic<T: Clone + Send + Sync>(Extension(value): Extension<T>) {
    drop(value);
}

#[cache(expire = 30, key = (id, value))]
async fn by_expression(Path(id): Path<u64>, Extension(value): Extension<DebugOnly>) {
    drop((id, value));
}

#[cache(expire = 30, key = idd)]
async fn by_nothing(Path(id): Path<u64>) {
    let _ = id;
}

type Args = (State<u64>, Path<u64>);

#[cache(expire = 30)]
async fn undestructured_tuple(args: Args) -> String {
    format!("{} {}", args.0.0, args.1.0)
}

#[cache(expire = 30, key = state)]
async fn state_by_expression(state: State<u64>) -> String {
    state.0.to_string()
}

mod own {
    /// Not axum's.
    pub struct State<T>(pub T);
}

#[cache(expire = 30)]
async fn own_state(own::State(value): own::State<DebugOnly>) {
    drop(value);
}

fn main() {
    let _: Router = Router::new().route("/", get(headers)).route("/", get(request));
}
