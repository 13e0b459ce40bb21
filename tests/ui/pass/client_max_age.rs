//! A `max-age` is granted where the types of all parameters say that only the URL decides, or where the attribute says what
//! does.
#![deny(warnings)]

use std::time::Duration;

use axum::{
    Router,
    extract::{
        FromRequestParts, MatchedPath, OriginalUri, Path as Captured, Query, RawQuery, State, rejection::PathRejection,
    },
    http::{HeaderMap, Method, StatusCode, Uri, request::Parts},
    routing::get,
};
use handler_cache::{Policy, cache, cache_one_hour, policy::ClientMaxAge};

#[derive(Clone)]
struct Db;

#[derive(Clone, serde::Serialize)]
struct User(String);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Err(StatusCode::UNAUTHORIZED)
    }
}

mod extractors {
    pub(crate) use axum::extract::Path as FromPath;
    pub(crate) type Id = axum::extract::Path<u64>;
    pub(crate) type Both = (Id, axum::extract::Query<Vec<(String, String)>>);
}

const MINUTE: Duration = Duration::from_secs(60);

#[cache(expire = 60, client_max_age = "30s")]
async fn nothing() -> &'static str {
    ""
}

#[cache(expire = 60, client_max_age = MINUTE)]
async fn every_kind(
    Captured(id): Captured<u64>,
    Query(_query): Query<Vec<(String, String)>>,
    RawQuery(_raw): RawQuery,
    _uri: Uri,
    OriginalUri(_original): OriginalUri,
    _route: MatchedPath,
    _method: Method,
    State(_db): State<Db>,
) -> String {
    id.to_string()
}

#[cache_one_hour(client_max_age = "remaining")]
async fn under_other_names(
    extractors::FromPath(_name): extractors::FromPath<String>,
    Query(_query): Query<Vec<(String, String)>>,
) -> String {
    String::new()
}

#[cache(expire = 60, client_max_age = 30)]
async fn by_alias(axum::extract::Path(id): extractors::Id) -> String {
    id.to_string()
}

#[cache(expire = 60, client_max_age = 30, ignore = [_both, _nested])]
async fn tuples(_both: extractors::Both, _nested: ((Captured<u64>, Method), Uri)) -> String {
    String::new()
}

#[cache(expire = 60, client_max_age = 30, ignore = [_id, _perhaps])]
async fn or_rejections(_id: Result<Captured<u64>, PathRejection>, _perhaps: Option<Captured<u64>>) -> String {
    String::new()
}

#[cache(expire = 60, client_max_age = 30)]
async fn generic<S: Clone + Send + Sync>(Captured(id): Captured<u64>, State(_state): State<S>) -> String {
    id.to_string()
}

#[cache(expire = 60, client_max_age = 30, lazy = [_db])]
async fn lazily(Captured(id): Captured<u64>, State(_db): State<Db>) -> String {
    id.to_string()
}

#[cache(expire = 60, client_max_age = 30, public, ignore = [_headers])]
async fn everybodys(_headers: HeaderMap) -> String {
    String::new()
}

#[cache(expire = 60, client_max_age = 30, vary = ["accept-language"], ignore = [_headers])]
async fn by_language(_headers: HeaderMap) -> String {
    String::new()
}

/// Asks each time, so it needs no proof.
#[cache(expire = 60, client_max_age = 0)]
async fn never(user: User) -> String {
    user.0
}

const LANGUAGES: Policy = Policy::new().expire(MINUTE).vary(&["accept-language"]).client_max_age_remaining();
const SHARED: Policy = Policy::new().expire(MINUTE).public().client_max_age(MINUTE);
const BRIEFLY: Policy = Policy::new().expire(MINUTE).client_max_age(MINUTE);

#[cache(policy = LANGUAGES)]
async fn policy_with_vary(user: User) -> String {
    user.0
}

#[cache(policy = SHARED, client_max_age = 5)]
async fn policy_with_public(user: User) -> String {
    user.0
}

#[cache(policy = BRIEFLY)]
async fn policy_for_the_url(Captured(id): Captured<u64>) -> String {
    id.to_string()
}

#[cache(policy = BRIEFLY, client_max_age = 0)]
async fn policy_overridden(user: User) -> String {
    user.0
}

#[cache(policy = BRIEFLY)]
async fn policy_of_a_generic<S: Clone + Send + Sync>(State(_state): State<S>) -> String {
    String::new()
}

#[cache(expire = 60, client_max_age = 30)]
async fn configured(#[cfg(any())] user: User, Captured(id): Captured<u64>) -> String {
    id.to_string()
}

struct Pages;

impl Pages {
    #[cache(expire = 60, client_max_age = 30, associated)]
    async fn page(Captured(id): Captured<u64>, State(_db): State<Db>) -> String {
        id.to_string()
    }
}

fn main() {
    let _: Router = Router::new()
        .route("/nothing", get(nothing))
        .route("/every/{id}", get(every_kind))
        .route("/names/{name}", get(under_other_names))
        .route("/alias/{id}", get(by_alias))
        .route("/tuples/{id}", get(tuples))
        .route("/rejections/{id}", get(or_rejections))
        .route("/generic/{id}", get(generic::<Db>))
        .route("/lazy/{id}", get(lazily))
        .route("/everybodys", get(everybodys))
        .route("/language", get(by_language))
        .route("/never", get(never))
        .route("/policies/vary", get(policy_with_vary))
        .route("/policies/public", get(policy_with_public))
        .route("/policies/{id}", get(policy_for_the_url))
        .route("/policies/zero", get(policy_overridden))
        .route("/policies/generic", get(policy_of_a_generic::<Db>))
        .route("/configured/{id}", get(configured))
        .route("/pages/{id}", get(Pages::page))
        .with_state(Db);
    let _ = handler_cache::Cache::builder().client_max_age(ClientMaxAge::Remaining).client_max_age(MINUTE);
}
