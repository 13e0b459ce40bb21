//! axum-response-cache, whose layer keeps whole responses.

use std::time::Duration;

use axum::{Json, Router, extract::Path, routing::get};
use axum_response_cache::CacheLayer;

use super::PATH;
use crate::{
    LIFE_SECONDS,
    shop::{self, Product},
};

async fn product(Path(id): Path<u64>) -> Json<&'static Product> {
    Json(shop::load(id))
}

pub(crate) fn router() -> Router {
    let layer = CacheLayer::with_lifespan(Duration::from_secs(LIFE_SECONDS));
    Router::new().route(PATH, get(product).layer(layer))
}
