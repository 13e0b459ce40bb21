//! hitbox, its tower layer around the handler. Entries are written by bincode, which it recommends.

use std::time::Duration;

use axum::{Json, Router, body::Body, extract::Path, routing::get};
use hitbox::{Config, backend::CacheBackend, policy::PolicyConfig};
use hitbox_backend::format::BincodeFormat;
use hitbox_http::{
    extractors::{Method, NeutralExtractor, Path as PathPart, path::PathExtractor},
    predicates::{NeutralRequestPredicate, NeutralResponsePredicate, response::StatusCode},
};
use hitbox_moka::MokaBackend;
use hitbox_redis::{ConnectionMode, RedisBackend};
use hitbox_tower::Cache;

use super::{ENTRIES, PATH};
use crate::{
    LIFE_SECONDS,
    shop::{self, Product},
};

async fn product(Path(id): Path<u64>) -> Json<&'static Product> {
    Json(shop::load(id))
}

pub(crate) fn moka() -> Router {
    let backend = MokaBackend::builder()
        .max_entries(ENTRIES as u64)
        .value_format(BincodeFormat);
    router(backend.build())
}

pub(crate) fn redis(url: &str) -> Result<Router, hitbox_redis::error::Error> {
    let backend = RedisBackend::builder()
        .connection(ConnectionMode::single(url))
        .value_format(BincodeFormat);
    Ok(router(backend.build()?))
}

fn router(backend: impl CacheBackend + Clone + Send + Sync + 'static) -> Router {
    let request: NeutralRequestPredicate<Body> = NeutralRequestPredicate::new();
    let response: StatusCode<NeutralResponsePredicate<Body>> = StatusCode::new(axum::http::StatusCode::OK);
    let key: PathPart<Method<NeutralExtractor<Body>>> = Method::new().path(PATH);
    let config = Config::builder()
        .request_predicate(request)
        .response_predicate(response)
        .extractor(key)
        .policy(
            PolicyConfig::builder()
                .ttl(Duration::from_secs(LIFE_SECONDS))
                .build(),
        )
        .build();
    let layer = Cache::builder().backend(backend).config(config).build();
    Router::new().route(PATH, get(product).layer(layer))
}
