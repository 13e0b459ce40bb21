//! Functions of every shape that axum serves, wherever they stand.
#![deny(warnings)]

use axum::{
    Form, Json, Router,
    body::Bytes,
    extract::{FromRequestParts, Path, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, Version, request::Parts},
    response::{Html, IntoResponse},
    routing::{get, post},
};
use handler_cache::{
    cache, cache_one_day, cache_one_hour, cache_one_minute, cache_one_month, cache_one_week, cache_one_year,
};

#[cache_one_minute]
async fn nothing() {}

#[cache_one_hour]
async fn an_impl(Path(id): Path<u64>) -> impl IntoResponse {
    (StatusCode::OK, id.to_string())
}

#[cache_one_day]
async fn a_result(Path(id): Path<String>) -> Result<impl IntoResponse, StatusCode> {
    let id: u64 = id.parse().map_err(|_| StatusCode::BAD_REQUEST)?;
    if id == 0 {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(Html(id.to_string()))
}

#[cache_one_week]
async fn a_tuple() -> (StatusCode, [(&'static str, &'static str); 1], Json<u8>) {
    (StatusCode::OK, [("x-a", "b")], Json(1))
}

#[cache_one_month]
async fn static_text() -> &'static str {
    "text"
}

#[cache_one_year(name = "shop::year", version = 2)]
pub(crate) async fn a_year() {}

#[cache(expire = 30, methods = [POST])]
async fn json(Json(body): Json<Vec<u64>>) -> Json<Vec<u64>> {
    Json(body)
}

#[cache(expire = 30, methods = [POST])]
async fn form(Path(id): Path<u64>, Form(body): Form<Vec<(String, String)>>) -> String {
    format!("{id}{body:?}")
}

#[cache(expire = 30, methods = [POST], ignore = [body])]
async fn text(body: String) -> String {
    body
}

#[cache(expire = 30, methods = [GET, POST])]
async fn bytes(body: Bytes) -> Bytes {
    body
}

pub trait Repo: Clone + Send + Sync {
    fn find(&self, id: u64) -> impl Future<Output = String> + Send;
}

#[derive(Clone)]
struct Memory;

impl Repo for Memory {
    async fn find(&self, id: u64) -> String {
        id.to_string()
    }
}

#[cache(expire = 30)]
async fn generic<R: Repo, const N: usize>(Path(id): Path<u64>, State(repo): State<R>) -> String
where
    R: Repo,
{
    repo.find(id + N as u64).await
}

#[cache(expire = 30)]
async fn generic_argument<T>(Path(id): Path<T>) -> StatusCode
where
    T: handler_cache::key::CacheKeyPart + Send,
{
    let _ = id;
    StatusCode::OK
}

#[cache(expire = 30)]
async fn conditional(
    #[cfg(any())] Path(gone): Path<Missing>,
    #[cfg(all())] Path(id): Path<u64>,
    #[cfg(all())] method: Method,
) -> String {
    format!("{method}{id}")
}

#[cache(expire = 30)]
async fn partly_conditional(#[cfg(any())] Path(gone): Path<Missing>, Path(id): Path<u64>, #[cfg(any())] gone: Missing) -> String {
    id.to_string()
}

struct Unit;

impl<S: Sync> FromRequestParts<S> for Unit {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Ok(Self)
    }
}

#[cache(expire = 30)]
#[allow(clippy::too_many_arguments)]
async fn sixteen(
    Path(a): Path<u8>,
    Query(b): Query<u8>,
    c: Uri,
    d: Method,
    _: HeaderMap,
    _: Version,
    _: Unit,
    _: Unit,
    _: Unit,
    _: Unit,
    _: Unit,
    _: Unit,
    _: Unit,
    _: Unit,
    _: Unit,
    Json(body): Json<u8>,
) -> String {
    format!("{a}{b}{c}{d}{body}")
}

// What the companion has too.
#[cache(expire = 30)]
async fn key(Path(key): Path<u64>) -> String {
    key.to_string()
}

#[cache(expire = 30)]
async fn evict(evict_all: Path<u64>) -> String {
    evict_all.to_string()
}

#[cache(expire = 30)]
async fn uncached() {}

struct Api;
struct Other<T>(T);

impl Api {
    const PAGE: u64 = 3;

    #[cache(expire = 30, associated)]
    async fn get(Path(id): Path<u64>) -> String {
        format!("{}", Self::PAGE + id)
    }
}

impl<T: Default + ToString + 'static> Other<T> {
    #[cache(expire = 30, associated, ignore = [repo], lazy = [uri])]
    pub async fn get<R: Repo>(Path(id): Path<u64>, State(repo): State<R>, uri: Uri) -> String {
        repo.find(id).await + &T::default().to_string() + &uri.to_string()
    }
}

mod product {
    use axum::extract::Path;
    use handler_cache::cache;

    #[cache(expire = 30, companion = ProductCache)]
    pub async fn product(Path(id): Path<u64>) -> String {
        id.to_string()
    }

    #[cache(expire = 30)]
    pub async fn list() {}
}
pub use product::{ProductCache, product};

mod orders {
    #[handler_cache::cache(expire = 30)]
    pub async fn list() {}
}

// Invisible groups, as `macro_rules!` makes them.
macro_rules! handler {
    ($name:ident, $state:ty, $expire:expr, $bind:pat, $body:expr) => {
        #[cache(expire = $expire, ignore = [id])]
        async fn $name($bind: $state, Path(id): Path<u64>) -> String {
            let _ = id;
            $body
        }
    };
}
handler!(produced, State<u8>, 60, State(_), String::new());
handler!(produced_too, State<u8>, "1h", _, String::new());

mod shadowed {
    #![allow(dead_code, non_camel_case_types)]
    use ::axum as web;
    use handler_cache::cache;
    use web::extract::Path;

    struct Response;
    struct Option;
    struct Result;
    struct String;
    struct Send;
    struct CacheKey;
    struct KeyArgs;
    struct Part;
    enum Other {
        Ok,
        Err,
        Some,
        None,
    }
    use Other::{Err, None, Ok, Some};
    mod axum {}
    mod std {}
    mod core {}
    mod handler_cache_private {}
    macro_rules! unreachable {
        () => {};
    }

    #[cache(expire = 30, name = "shadowed")]
    pub async fn handler(Path(id): Path<u64>) -> ::std::string::String {
        let _ = (Ok as u8, Err as u8, Some as u8, None as u8);
        unreachable!();
        id.to_string()
    }
}

fn main() {
    #[cache(expire = 30)]
    async fn local(Path(id): Path<u64>) -> String {
        id.to_string()
    }

    let _: Router = Router::new()
        .route("/nothing", get(nothing))
        .route("/impl/{id}", get(an_impl))
        .route("/result/{id}", get(a_result))
        .route("/tuple", get(a_tuple))
        .route("/static", get(static_text))
        .route("/year", get(a_year))
        .route("/json", post(json))
        .route("/form/{id}", post(form))
        .route("/text", post(text))
        .route("/bytes", post(bytes))
        .route("/generic/{id}", get(generic::<Memory, 3>))
        .route("/argument/{id}", get(generic_argument::<String>))
        .route("/conditional/{id}", get(conditional))
        .route("/partly/{id}", get(partly_conditional))
        .route("/sixteen/{id}", get(sixteen))
        .route("/key/{id}", get(key))
        .route("/evict/{id}", get(evict))
        .route("/uncached", get(uncached))
        .route("/api/{id}", get(Api::get))
        .route("/other/{id}", get(Other::<u8>::get::<Memory>))
        .route("/product/{id}", get(product))
        .route("/products", get(product::list))
        .route("/orders", get(orders::list))
        .route("/shadowed/{id}", get(shadowed::handler))
        .route("/local/{id}", get(local))
        .with_state(Memory);
    let _: Router = Router::new()
        .route("/produced/{id}", get(produced))
        .route("/produced_too/{id}", get(produced_too))
        .with_state(1);

    let _ = generic::key::<Memory, 3>(Path(1));
    let _ = generic::evict_all::<Memory, 3>();
    let _ = generic_argument::evict(Path(String::new()));
    let _ = key::key(Path(1));
    let _ = evict::evict(Path(1));
    let _ = ProductCache::evict(Path(1));
    let _ = ProductCache::uncached(Path(1));
    let _ = shadowed::handler::key(Path(1));
    let _ = local::key(Path(1));
    let _ = (Other(1).0, Unit);
}
