//! moka's synchronous cache, the cheaper of its two on a hit.

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use moka::sync::Cache;

use super::{ENTRIES, PATH};
use crate::{LIFE_SECONDS, shop};

type Pages = Cache<u64, Bytes>;

async fn product(Path(id): Path<u64>, State(pages): State<Pages>) -> Response {
    if let Some(page) = pages.get(&id) {
        return shop::respond(page);
    }
    let page = Bytes::from(shop::render(id));
    pages.insert(id, page.clone());
    shop::respond(page)
}

pub(crate) fn router() -> Router {
    let pages = Pages::builder()
        .max_capacity(ENTRIES as u64)
        .time_to_live(Duration::from_secs(LIFE_SECONDS))
        .build();
    Router::new().route(PATH, get(product)).with_state(pages)
}
