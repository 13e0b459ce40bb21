//! Options that cannot be: every one is reported, on its token, and the handlers still resolve.
#![allow(unused)]

use axum::{
    Router,
    extract::{Path, Query, State},
    http::Uri,
    routing::get,
};
use handler_cache::{cache, cache_one_day};

#[cache(expires = 30, ignroe = [id], compress, stale_if_eror = "1h")]
async fn unknown(Path(id): Path<u64>) {}

#[cache(expire = 30, expire = 40, private, private)]
async fn repeated() {}

#[cache(private, public, companion = Answers, associated)]
async fn contradictory() {}

#[cache(stale_if_slow = "300ms")]
async fn nothing_kept() {}

#[cache_one_day(expire = 30)]
async fn preset_with_ttl() {}

#[cache(expire = 0, not_found = "0s", stale_if_error = 0, client_max_age = "1500ms")]
async fn zero() {}

#[cache(expire = -5, not_found = "-5s", client_max_age = "never")]
async fn negative() {}

#[cache(expire = 99999999999999999999, not_found = "999999999999 years", client_max_age = 1.5)]
async fn overflowing() {}

#[cache(expire = "soon", not_found = 5m, client_max_age = true)]
async fn no_duration() {}

#[cache(expire = "999us")]
async fn too_short() {}

#[cache(ignore = [bd, nothing_like_it, user, user], lazy = [databse])]
async fn unbound(Path((user, database)): Path<(u64, u64)>, State(db): State<u64>) {}

#[cache(ignore = user, vary = "accept", methods = GET, lazy = "user")]
async fn no_lists(Path(user): Path<u64>) {}

#[cache(ignore = [user.id, 1], methods = [GTE, "POST", HEAD, GET, GET], vary = [Accept, "*", "a b", "", "a", "A"])]
async fn bad_elements(Path(user): Path<u64>) {}

#[cache(methods = [])]
async fn no_methods() {}

#[cache(private = true, public = "yes", associated = 1)]
async fn flags_with_values() {}

#[cache(name, key, expire = , policy =)]
async fn no_values() {}

#[cache(max_body = "1 MiB", version = 1.5, name = 7, companion = "Answers", crate = "cache")]
async fn bad_values() {}

#[cache(name = "", version = "")]
async fn empty_values() {}

#[cache(expire = 30 ignore = [id], 40, "text", [], key = id + , private)]
async fn half_typed_brackets(Path(id): Path<u64>) {}

#[cache(key = (id, page), ignore = [page], lazy = [uri, id])]
async fn key_of_what_is_not_there(Path(id): Path<u64>, Query(page): Query<u64>, uri: Uri) {}

#[cache(tags = ["product:{id}", "products", "{no}", format!("{id}")])]
async fn unformatted_tag(Path(id): Path<u64>) {}

#[cache(lazy = [a, body])]
async fn lazy_parts(Path((a, b)): Path<(u64, u64)>, body: String) {}

#[cache(lazy = [uri])]
async fn lazy_conditional(#[cfg(all())] uri: Uri) {}

fn main() {
    let _ = (unknown::evict_all(), no_lists::key(Path(1)), unbound::uncached(Path((1, 2)), State(3)));
    let _: Router<u64> = Router::new().route("/", get(unknown)).route("/", get(unbound)).route("/", get(zero));
}
