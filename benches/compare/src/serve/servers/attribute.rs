//! The attribute of this library.

use axum::{Json, Router, extract::Path, routing::get};
use handler_cache::{Cache, Error, cache};

use super::PATH;
use crate::shop::{self, Product};

#[cache(expire = "1h")]
async fn product(Path(id): Path<u64>) -> Json<&'static Product> {
    Json(shop::load(id))
}

pub(crate) async fn router(url: &str) -> Result<Router, Error> {
    Cache::init("compare", url).await?;
    Ok(Router::new().route(PATH, get(product).post(product)))
}
