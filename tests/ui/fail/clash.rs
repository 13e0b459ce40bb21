//! The companion beside a module of its name: `companion = …` is the cure.

mod product {
    #[handler_cache::cache(expire = 30)]
    pub async fn product() {}
}
pub use product::product;

struct order;

#[handler_cache::cache(expire = 30)]
async fn order() {}

fn main() {}
