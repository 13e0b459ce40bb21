//! What `#[cache_evict]` refuses: each mistake is an error on its token, all in one go.

use axum::extract::Path;
use handler_cache::{cache, cache_evict};

#[cache(expire = 30)]
async fn get_product(Path(id): Path<u64>) -> String {
    id.to_string()
}

#[cache_evict]
async fn nothing() {}

#[cache_evict(
    get_product,
    handlers::get_product,
    get_product(Path(1), ..),
    ..,
    tag,
    tags = ["products"],
    expire = 30,
    asociated = true,
    associated = true,
    "products",
    get_product(Path(1)).await,
    (|| 1)(..),
    get_product(Path(1)) get_product(..),
    crate,
    crate = 1
)]
async fn everything() {}

#[cache_evict(tag = "product:{id}", tag = "{products}")]
async fn unformatted_tag(Path(id): Path<u64>) {}

#[cache_evict(get_product(..))]
#[cache_evict(get_product(Path(1)))]
async fn twice() {}

#[cache(expires = 30)]
#[cache_evict(get_product)]
#[cache_evict(get_product(..))]
#[handler_cache::cache_one_day]
async fn both_wrong() {}

#[cache_evict = "get_product"]
async fn no_list() {}

#[cache_evict(get_product(..))]
#[cache = "1h"]
async fn no_list_below() {}

#[cache_evict(get_product(..))]
fn not_async() {}

#[cache_evict(get_product(..))]
struct NoFunction;

struct Api;

impl Api {
    #[cache_evict(get_product(..))]
    async fn method(&self) -> Self {
        Self
    }
}

fn main() {
    // The handlers with errors are still there.
    let _ = (everything(), twice(), both_wrong());
    let _ = both_wrong::key();
}
