//! A `max-age` is refused where a parameter may read more of the request than its URL.

use axum::{
    Extension, Json,
    extract::{FromRequestParts, Path, Query, State},
    http::{HeaderMap, StatusCode, request::Parts},
};
use handler_cache::cache;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct User(String);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Err(StatusCode::UNAUTHORIZED)
    }
}

/// Only called like axum's.
mod own {
    #[derive(serde::Serialize)]
    pub struct Path<T>(pub T);

    impl<T, S: Sync> super::FromRequestParts<S> for Path<T> {
        type Rejection = super::StatusCode;

        async fn from_request_parts(_: &mut super::Parts, _: &S) -> Result<Self, super::StatusCode> {
            Err(super::StatusCode::NOT_FOUND)
        }
    }
}

#[cache(expire = 60, client_max_age = "30s", ignore = [headers])]
async fn by_header(Path(id): Path<u64>, headers: HeaderMap, State(_db): State<()>) -> String {
    let _ = (id, headers);
    String::new()
}

#[cache(expire = 60, client_max_age = "remaining")]
async fn by_user(user: User) -> String {
    user.0
}

#[cache(expire = 60, client_max_age = 30, lazy = [user])]
async fn by_lazy_user(user: User, Query(_page): Query<u64>) -> String {
    user.0
}

#[cache(expire = 60, client_max_age = 30, vary = [])]
async fn vary_names_nothing(Extension(user): Extension<User>) -> String {
    user.0
}

#[cache(expire = 60, client_max_age = 30, private, methods = [POST])]
async fn by_body(Json(user): Json<User>) -> String {
    user.0
}

#[cache(expire = 60, client_max_age = 30)]
async fn by_another_path(own::Path(id): own::Path<u64>) -> String {
    id.to_string()
}

#[cache(expire = 60, client_max_age = 30, ignore = [_pair])]
async fn by_one_of_two(_pair: (Path<u64>, User)) -> String {
    String::new()
}

#[cache(expire = 60, client_max_age = 30, ignore = [_any])]
async fn by_anything<T: FromRequestParts<()> + Send>(_any: T, Path(id): Path<u64>) -> String {
    id.to_string()
}

struct Pages;

impl Pages {
    #[cache(expire = 60, client_max_age = 30, associated)]
    async fn page(user: User) -> String {
        user.0
    }
}

fn main() {}
