//! What there is without a cache.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    response::Response,
    routing::get,
};

use super::PATH;
use crate::shop::{self, Product};

/// The page made once, when the server starts: what a hit cannot beat.
pub(crate) fn bytes() -> Router {
    async fn product(Path(_id): Path<u64>, State(page): State<Bytes>) -> Response {
        shop::respond(page)
    }
    Router::new()
        .route(PATH, get(product))
        .with_state(Bytes::from(shop::render(7)))
}

/// The page made for each request, from a product that is at hand.
pub(crate) fn json() -> Router {
    async fn product(Path(id): Path<u64>) -> Json<&'static Product> {
        Json(shop::load(id))
    }
    Router::new().route(PATH, get(product).post(product))
}
