//! Calls of a companion whose handler has been renamed, or takes other arguments by now.

use axum::extract::{Path, Query};
use handler_cache::{Cache, Error, ValueKey, cache};

#[cache(expire = 30)]
async fn get_product(Path(id): Path<u64>) -> String {
    id.to_string()
}

async fn renamed(cache: Cache) -> Result<(), Error> {
    get_produkt::evict(Path(7)).await?;
    get_produkt::evict_all().await?;
    cache.evict(products::get_product::key(Path(7))).await
}

async fn changed(cache: Cache, id: String) -> Result<(), Error> {
    get_product::evict(Path(id)).await?;
    get_product::evict(Query(7)).await?;
    get_product::evict().await?;
    cache.evict(get_product::key(Path(7), Path(8))).await?;
    get_product::refresh().await.map(drop)
}

async fn other_type(cache: Cache, key: ValueKey<u64>) -> Option<String> {
    cache.get(&key).await
}

fn main() {
    let _ = (renamed, changed, other_type);
}
