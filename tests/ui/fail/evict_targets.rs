//! Targets that do not fit their handlers: the error stands on the target.

use axum::{
    Router,
    extract::{Path, Query},
    http::HeaderMap,
    routing::put,
};
use handler_cache::{cache, cache_evict};

#[cache(expire = 30)]
async fn get_product(Path(id): Path<u64>) -> String {
    id.to_string()
}

#[cache(expire = 30)]
async fn generic<const N: usize>(Path(id): Path<u64>) -> String {
    (id + N as u64).to_string()
}

async fn uncached(Path(id): Path<u64>) -> String {
    id.to_string()
}

struct NoHandler;

impl NoHandler {
    fn key() -> String {
        String::new()
    }
}

mod private {
    #[handler_cache::cache(expire = 30)]
    async fn get_secret() {}
}

struct Api;

impl Api {
    #[cache(expire = 30, associated)]
    async fn get() {}
}

/// It was called so before.
#[cache_evict(get_produkt(Path(1)), products::get_product(..))]
async fn renamed() {}

#[cache_evict(uncached(Path(1)), NoHandler(), NoHandler(..), private::get_secret(), Api::get())]
async fn not_cached() {}

/// It took another argument before.
#[cache_evict(
    get_product(Path(name)),
    get_product(Query(id)),
    get_product(),
    get_product(Path(id), Path(id)),
    generic::<u64>(Path(id)),
    get_product::<1>(Path(id))
)]
async fn changed(Path((id, name)): Path<(u64, String)>) {
    drop((id, name));
}

#[cache_evict(get_product(Path(product)))]
async fn unbound(Path(id): Path<u64>) -> String {
    id.to_string()
}

struct NotClone;

#[cache(expire = 30, key = 1)]
async fn by_type(not_clone: Option<NotClone>) {
    drop(not_clone);
}

fn id_of(_: NotClone) -> u64 {
    1
}

#[cache_evict(get_product(Path(id_of(secret))), get_product(Path(headers.len())), get_product(Path(text.0)))]
async fn owned(axum::Extension(secret): axum::Extension<NotClone>, text: Path<Text>, headers: HeaderMap) {
    drop((secret, headers, text));
}

#[derive(serde::Deserialize)]
struct Text(String);

#[cache_evict(get_product(Path(1)))]
async fn no_response() -> NotClone {
    NotClone
}

#[cache_evict(get_product(Path(1)))]
async fn not_send() -> String {
    let shared = std::rc::Rc::new(1);
    std::future::ready(()).await;
    shared.to_string()
}

fn main() {
    let _: Router = Router::new().route("/", put(not_send));
    let _ = (renamed, not_cached, unbound, owned);
    let _: Option<Query<u64>> = None;
}
