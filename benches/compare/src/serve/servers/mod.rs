//! A file for each library, as a careful user would write it: a TTL of an hour, a bounded number of entries, and the
//! library's own advice.

use std::error::Error;

use axum::Router;

mod attribute;
mod axum_response_cache;
mod cached;
mod hitbox;
mod layer;
mod moka;
mod plain;
mod quick_cache;
mod redis_get;

/// The route of the page.
const PATH: &str = "/products/{id}";

/// How many entries those hold that are bounded by number.
const ENTRIES: usize = 10_000;

pub(crate) async fn router(variant: &str, redis: &str) -> Result<Router, Box<dyn Error>> {
    Ok(match variant {
        "plain" | "plain-matching" => plain::bytes(),
        "plain-json" | "plain-no-store" | "plain-post" => plain::json(),
        "attribute" | "attribute-matching" | "attribute-no-store" | "attribute-post" => {
            attribute::router("memory://").await?
        }
        "attribute-redis" => attribute::router(redis).await?,
        "layer" => layer::router("memory://").await?,
        "layer-redis" => layer::router(redis).await?,
        "quick_cache" => quick_cache::router(),
        "moka" => moka::router(),
        "cached" => cached::memory(),
        "cached-redis" => cached::redis(redis),
        "axum-response-cache" => axum_response_cache::router(),
        "hitbox" => hitbox::moka(),
        "hitbox-redis" => hitbox::redis(redis)?,
        "redis-get" => redis_get::router(redis).await?,
        _ => return Err("there is no such variant; without arguments serve names them".into()),
    })
}
