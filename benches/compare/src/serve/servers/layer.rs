//! The layer of this library.

use std::time::Duration;

use axum::{Json, Router, extract::Path, routing::get};
use handler_cache::{Cache, Error, layer::CacheLayer};

use super::PATH;
use crate::{
    LIFE_SECONDS,
    shop::{self, Product},
};

async fn product(Path(id): Path<u64>) -> Json<&'static Product> {
    Json(shop::load(id))
}

pub(crate) async fn router(url: &str) -> Result<Router, Error> {
    Cache::init("compare", url).await?;
    let layer = CacheLayer::new().expire(Duration::from_secs(LIFE_SECONDS));
    Ok(Router::new().route(PATH, get(product).layer(layer)))
}
