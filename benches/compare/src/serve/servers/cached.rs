//! `cached` around what makes the page. In memory it keeps bytes, which all hits share; in Redis a text, which its
//! format writes and reads as one piece.

use std::{sync::OnceLock, time::Duration};

use axum::{Router, body::Bytes, extract::Path, http::StatusCode, response::Response, routing::get};
use cached::{AsyncRedisCache, RedisCacheError, macros::concurrent_cached};

use super::PATH;
use crate::{LIFE_SECONDS, shop};

#[concurrent_cached(max_size = 10_000, ttl_secs = 3600)]
async fn in_memory(id: u64) -> Bytes {
    shop::render(id).into()
}

pub(crate) fn memory() -> Router {
    async fn product(Path(id): Path<u64>) -> Response {
        shop::respond(in_memory(id).await)
    }
    Router::new().route(PATH, get(product))
}

static URL: OnceLock<String> = OnceLock::new();

#[concurrent_cached(
    ty = "AsyncRedisCache<u64, String>",
    create = {
        AsyncRedisCache::builder("products")
            .ttl(Duration::from_secs(LIFE_SECONDS))
            .connection_string(URL.get().expect("the URL was set when the router was made"))
            .build()
            .await
            .expect("the Redis is there")
    },
    map_error = |error| error
)]
async fn in_redis(id: u64) -> Result<String, RedisCacheError> {
    Ok(String::from_utf8(shop::render(id)).expect("JSON is UTF-8"))
}

pub(crate) fn redis(url: &str) -> Router {
    async fn product(Path(id): Path<u64>) -> Result<Response, StatusCode> {
        let page = in_redis(id).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        Ok(shop::respond(page))
    }
    URL.get_or_init(|| url.to_owned());
    Router::new().route(PATH, get(product))
}
