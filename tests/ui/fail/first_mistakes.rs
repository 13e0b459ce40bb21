//! Mistakes of first users: each error says what to do.

use axum::extract::{FromRequestParts, Path};
use handler_cache::{Cache, ValueKey, cache, cache_evict};

#[derive(Clone, serde::Serialize)]
struct Page(u32);

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        _: &mut axum::http::request::Parts,
        _: &S,
    ) -> Result<Self, std::convert::Infallible> {
        Ok(Self(1))
    }
}

#[cache(expire = 30)]
async fn detail(Path(id): Path<u64>) -> String {
    id.to_string()
}

#[cache(expire = 30)]
async fn list(page: Page) -> String {
    page.0.to_string()
}

async fn uncached(Path(id): Path<u64>) -> String {
    id.to_string()
}

#[cache_evict(uncached(Path(id)), uncached(..))]
async fn target_without_cache(Path(id): Path<u64>) {
    let _ = id;
}

#[cache_evict(detail::evict(Path(id)), self::detail::evict_all(), detail::key(Path(id)), Cache::get(..))]
async fn function_of_the_companion(Path(id): Path<u64>) {
    let _ = id;
}

#[cache_evict(detail())]
async fn missing_argument() {}

#[cache_evict(detail(id))]
async fn missing_extractor(Path(id): Path<u64>) {
    let _ = id;
}

#[cache_evict(list(Path(page)))]
async fn extractor_too_many(page: Page) {
    drop(page);
}

#[cache(expire = 30, tags = [id])]
async fn tag_is_a_number(Path(id): Path<u64>) {
    let _ = id;
}

#[cache_evict(tag = id)]
async fn evicted_tag_is_a_number(Path(id): Path<u64>) {
    let _ = id;
}

const TTL: u64 = 60;

#[cache(expire = TTL)]
async fn ttl_is_a_number() {}

#[cache(expire = 30)]
async fn borrowed_argument(Path(name): Path<&str>, text: &str) {
    let _ = (name, text);
}

async fn borrowing_fill(cache: Cache, key: ValueKey<String>, names: Vec<String>) -> String {
    cache.get_or_fill(&key, TTL_OF_VALUES, || async { names[0].clone() }).await
}

const TTL_OF_VALUES: std::time::Duration = std::time::Duration::from_secs(60);

fn main() {}
