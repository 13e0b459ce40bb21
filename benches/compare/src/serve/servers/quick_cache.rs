//! quick_cache has no TTLs, so the entry contains its expiry.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use quick_cache::sync::Cache;

use super::{ENTRIES, PATH};
use crate::{LIFE_SECONDS, shop};

#[derive(Clone)]
struct Entry {
    page: Bytes,
    ends: Instant,
}

type Pages = Arc<Cache<u64, Entry>>;

async fn product(Path(id): Path<u64>, State(pages): State<Pages>) -> Response {
    if let Some(entry) = pages.get(&id)
        && Instant::now() < entry.ends
    {
        return shop::respond(entry.page);
    }
    let page = Bytes::from(shop::render(id));
    let ends = Instant::now() + Duration::from_secs(LIFE_SECONDS);
    pages.insert(
        id,
        Entry {
            page: page.clone(),
            ends,
        },
    );
    shop::respond(page)
}

pub(crate) fn router() -> Router {
    Router::new()
        .route(PATH, get(product))
        .with_state(Pages::new(Cache::new(ENTRIES)))
}
