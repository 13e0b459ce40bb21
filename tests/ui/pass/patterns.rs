//! What handlers bind: the key takes the bindings by reference, the body keeps its patterns.
#![deny(warnings)]

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{FromRef, FromRequestParts, MatchedPath, OriginalUri, Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, Uri, request::Parts},
    routing::get,
};
use handler_cache::cache;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Deserialize, Serialize)]
struct Page {
    number: u32,
    size: u32,
    r#type: u8,
}

#[derive(Clone, Serialize)]
struct Tenant(&'static str);

impl std::fmt::Display for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("redacted")
    }
}

#[derive(Clone)]
struct Db;

impl FromRef<()> for Db {
    fn from_ref((): &()) -> Self {
        Self
    }
}

/// An extractor without a text form.
struct Guard;

impl<S: Sync> FromRequestParts<S> for Guard {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Ok(Self)
    }
}

#[cache(expire = 30)]
async fn mutable(Path(mut id): Path<u64>) -> String {
    id += 1;
    id.to_string()
}

#[cache(expire = 30)]
async fn tuple(Path((ref owner, mut id)): Path<(String, u64)>) -> String {
    id += 1;
    format!("{owner}{id}")
}

#[cache(expire = 30, ignore = [size])]
async fn nested(
    Query(Page { number, size, .. }): Query<Page>,
    Json(Page { number: other, r#type, .. }): Json<Page>,
) -> String {
    format!("{number}{size}{other}{type}", r#type = r#type)
}

#[cache(expire = 30, ignore = [r#type])]
async fn raw_binding(Query(Page { r#type, .. }): Query<Page>) -> String {
    r#type.to_string()
}

#[cache(expire = 30)]
async fn r#type(r#fn: Path<u64>) -> String {
    r#fn.to_string()
}

#[cache(expire = 30)]
async fn wild(_: Guard, _: HeaderMap) {}

#[cache(expire = 30, ignore = [_guard])]
async fn guarded(_guard: Guard, Path(_id): Path<u64>) {}

#[cache(expire = 30, ignore = [all])]
async fn at(all @ Path((id, _)): Path<(u64, u64)>, page @ Query(_): Query<Page>) -> String {
    format!("{}{id}{}", all.1, page.number)
}

#[cache(expire = 30)]
async fn references(Extension(&tenant): Extension<&'static u64>, Path([first, .., last]): Path<[u64; 3]>) -> String {
    format!("{tenant}{first}{last}")
}

#[cache(expire = 30, ignore = [rest])]
async fn slices(Path([first, rest @ ..]): Path<[u64; 3]>) -> String {
    format!("{first}{}", rest.len())
}

macro_rules! number_of {
    ($name:pat) => {
        Page { number: $name, .. }
    };
}

#[cache(expire = 30)]
async fn hidden_by_a_macro(Query(number_of!(number)): Query<Page>) -> String {
    number.to_string()
}

#[cache(expire = 30)]
async fn partly_hidden_by_a_macro(Path((id, number_of!(number))): Path<(u64, Page)>) -> String {
    format!("{id}{number}")
}

#[cache(expire = 30)]
async fn alternatives(Extension(Ok(id) | Err(id)): Extension<Result<u64, u64>>) -> String {
    id.to_string()
}

#[cache(expire = 30)]
async fn undestructured(p: Path<u64>, uri: Uri, original: OriginalUri, matched: MatchedPath) -> String {
    format!("{}{uri}{}{}", p.0, original.0, matched.as_str())
}

#[cache(expire = 30)]
async fn optional(id: Option<Path<u64>>, page: Result<Query<Page>, QueryRejection>) -> String {
    format!("{}{}", id.is_some(), page.is_ok())
}

#[cache(expire = 30)]
async fn shared(Extension(tenant): Extension<Arc<Tenant>>, Extension(other): Extension<Box<Tenant>>) -> String {
    format!("{tenant}{other}")
}

#[cache(expire = 30)]
async fn state_is_left_out(Path(id): Path<u64>, State(_db): State<Db>) -> String {
    id.to_string()
}

#[cache(expire = 30, ignore = [ID])]
#[allow(non_snake_case)]
async fn upper_case(Path((ID, Other)): Path<(u64, u64)>) -> String {
    format!("{ID}{Other}")
}

// Names that generated code uses too.
#[cache(expire = 30)]
async fn names(
    Path((__arg0, __arg1, __key)): Path<(u64, u64, u64)>,
    Query(__context): Query<u64>,
    __ready: Uri,
) -> String {
    format!("{__arg0}{__arg1}{__key}{__context}{__ready}")
}

fn main() {
    let _: Router = Router::new()
        .route("/mutable/{id}", get(mutable))
        .route("/tuple/{owner}/{id}", get(tuple))
        .route("/nested", get(nested))
        .route("/raw", get(raw_binding))
        .route("/type/{fn}", get(r#type))
        .route("/wild", get(wild))
        .route("/guarded/{id}", get(guarded))
        .route("/at/{a}/{b}", get(at))
        .route("/references", get(references))
        .route("/slices", get(slices))
        .route("/macro", get(hidden_by_a_macro))
        .route("/partly/{id}/{number}", get(partly_hidden_by_a_macro))
        .route("/alternatives", get(alternatives))
        .route("/undestructured/{id}", get(undestructured))
        .route("/optional/{id}", get(optional))
        .route("/shared", get(shared))
        .route("/state/{id}", get(state_is_left_out))
        .route("/upper/{a}/{b}", get(upper_case))
        .route("/names", get(names));
    let page = Page { number: 1, size: 2, r#type: 3 };
    let _ = nested::key(Query(page), Json(page));
    let _ = raw_binding::evict_all();
    let _ = wild::key();
    let _ = guarded::key(Path(1));
    let _ = state_is_left_out::key(Path(1));
    let _ = r#type::evict(Path(1));
}
