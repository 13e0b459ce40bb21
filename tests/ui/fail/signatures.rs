//! Functions that cannot be cached handlers: each error says why, and what to do.

use std::borrow::Cow;

use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    routing::get,
};
use handler_cache::cache;

struct Api;

impl Api {
    #[cache(expire = 30)]
    async fn method(&self, Path(_): Path<u64>) {}

    #[cache(expire = 30, associated)]
    async fn associated_method(self) {}

    #[cache(expire = 30)]
    async fn own_type(State(api): State<Self>) -> Self {
        api
    }
}

#[cache(expire = 30)]
fn not_async() {}

#[cache(expire = 30)]
const fn constant() {}

#[cache(expire = 30)]
async unsafe fn not_safe() {}

#[cache(expire = 30)]
async extern "C" fn foreign() {}

// The compiler has a word to say on this too.
#[cache(expire = 30)]
unsafe extern "C" fn variadic(_: u64, _: ...) {}

#[cache(expire = 30)]
async fn lifetimes<'a>(_: Path<&'a str>, _: State<Cow<'_, str>>, _: &str, _: State<fn(&str) -> Cow<'_, str>>) {}

#[cache(expire = 30)]
async fn impl_trait(_: impl FromRequestParts<()>, _: Option<impl FromRequestParts<()>>) {}

#[cache(expire = 30)]
async fn u8() {}

#[cache(expire = 30)]
#[handler_cache::cache_one_day]
#[handler_cache::cache]
async fn twice() {}

#[cache(expire = 30)]
struct NoFunction;

#[cache(expire = 30)]
mod no_function {}

#[cache(expire = 30)]
const NO_FUNCTION: u8 = 1;

#[cache(expire = 30)]
unsafe impl Send for Api {}

trait Handlers {
    #[cache(expire = 30)]
    async fn declared();
}

fn main() {
    let _: Router = Router::new().route("/", get(twice)).route("/", get(u8));
}
