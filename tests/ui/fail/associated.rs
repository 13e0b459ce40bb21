//! In an `impl` block the attribute needs the option `associated`, and functions of a trait cannot be cached.

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
