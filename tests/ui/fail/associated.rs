//! In an `impl` block the attribute must be told so, and a trait's functions cannot be cached.

use handler_cache::cache;

struct Api;

impl Api {
    #[cache(expire = 30)]
    async fn untold() {}
}

trait Handlers {
    async fn get() -> String;
}

impl Handlers for Api {
    #[cache(expire = 30, associated)]
    async fn get() -> String {
        String::new()
    }
}

fn main() {
    let _ = Api::untold;
}
