//! Handlers that evict, in every shape.
#![deny(warnings, missing_docs)]

use axum::{
    Extension, Json, Router,
    body::Bytes,
    debug_handler,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{get, put},
};
use handler_cache::{cache, cache_evict, cache_one_hour};
use tracing::instrument;

#[derive(Clone)]
struct Db;

#[derive(Clone, serde::Deserialize, serde::Serialize)]
struct Page {
    number: u64,
    size: u64,
}

#[cache(expire = 30)]
async fn get_product(Path(id): Path<u64>, State(_db): State<Db>) -> String {
    id.to_string()
}

#[cache(expire = 30)]
async fn list_products(Query(Page { number, .. }): Query<Page>, page: Json<Page>) -> String {
    format!("{number} {}", page.0.size)
}

#[cache(expire = 30, companion = Countries)]
async fn countries() {}

mod shops {
    use axum::extract::Path;

    #[handler_cache::cache(expire = 30)]
    pub async fn get_shop(shop: Path<String>) -> String {
        shop.0
    }
}

trait Repo: Clone + Send + Sync {
    fn name(&self) -> String;
}

impl Repo for Db {
    fn name(&self) -> String {
        "db".to_owned()
    }
}

#[cache(expire = 30)]
async fn generic<R: Repo, const N: usize>(Path(id): Path<u64>, State(repo): State<R>) -> String {
    format!("{id} {N} {}", repo.name())
}

/// Documented, with many targets and a comma at the end.
#[debug_handler(state = Db)]
#[cache_evict(
    get_product(Path(id)),
    list_products(..),
    Countries(),
    Countries(..),
    self::shops::get_shop(Path(name)),
    crate::shops::get_shop(..),
    generic::<Db, { 1 + 1 }>(Path(id)),
    generic::<Db, 3>(..),
)]
#[instrument(skip(_db))]
pub(crate) async fn update(
    Path(mut id): Path<u64>,
    State(_db): State<Db>,
    Json(name): Json<String>,
) -> Result<impl IntoResponse, StatusCode> {
    id += 1;
    if id == 7 {
        return Err(StatusCode::NOT_FOUND);
    }
    let name: String = name;
    Ok(format!("{id} {name}"))
}

/// By reference, but for what stands by itself.
#[cache_evict(
    list_products(Query(page), Json(Page { number, ..page.clone() })),
    list_products(Query(Page { number: *first, size: 10 }), Json(Page { number: number + 1, size: rest.len() as u64 })),
    get_product(Path(first as u64)),
    get_product(Path(if *first > 1 { *number } else { 1 })),
    get_product(Path([number, first].map(|number| number)[0])),
    get_product(Path((number, first).0)),
    shops::get_shop(Path(format!("{first}-{number}"))),
    shops::get_shop(Path(name.0.to_lowercase())),
    shops::get_shop(Path(whole.0.1.clone())),
    tag = "pages",
    tag = rest,
    tag = format!("page:{number}"),
)]
async fn expressions(
    Query(page @ Page { number, .. }): Query<Page>,
    name: Extension<String>,
    Path((first, ref rest)): Path<(u64, String)>,
    whole: Json<(u64, String)>,
) -> String {
    format!("{} {number} {} {first} {rest} {}", page.size, name.0, whole.0.1)
}

/// What cannot be in a key is no concern of an eviction.
#[cache_evict(get_product(Path(1)))]
async fn any_arguments(headers: HeaderMap, _guard: Option<Path<u64>>, request: Request) -> String {
    format!("{} {}", headers.len(), request.uri())
}

#[cache_evict(get_product(Path(body.len() as u64)))]
#[axum::debug_handler]
async fn body_alone(body: Bytes) -> Bytes {
    body
}

#[cache_evict(list_products(..))]
async fn no_arguments() {}

/// Sees its own generics, and those of its targets.
#[cache_evict(generic::<R, N>(Path(id)), generic::<R, 0>(..))]
async fn generic_update<R: Repo, const N: usize>(
    State(repo): State<R>,
    Path(id): Path<u64>,
) -> impl IntoResponse
where
    R: 'static,
{
    format!("{id} {}", repo.name())
}

#[cache_evict(get_product(Path(r#type)))]
async fn r#match(Path(r#type): Path<u64>) -> String {
    r#type.to_string()
}

#[cache_evict(get_product(Path(id)))]
async fn configured(#[cfg(all())] Path(id): Path<u64>, #[cfg(any())] missing: Missing) -> String {
    id.to_string()
}

/// Gone.
#[cache_evict(get_product(Path(missing)))]
#[cfg(any())]
pub async fn gone(Path(missing): Path<Missing>) {}

/// Silent about what it expects of the body.
#[cache_evict(get_product(Path(Id)))]
#[expect(unused_variables)]
#[allow(non_snake_case)]
async fn Linted(Path(Id): Path<u64>) {
    let found_by_the_lint = 1;
}

/// Documented below.
#[cache_evict(get_product(Path(id)))]
#[utoipa::path(put, path = "/products/{id}", responses((status = OK, body = String)))]
pub async fn documented(Path(id): Path<u64>) -> String {
    id.to_string()
}

struct Api<T>(T);

impl<T: Repo + 'static> Api<T> {
    const FIRST: u64 = 1;

    #[cache_evict(associated, get_product(Path(Self::FIRST)), generic::<T, 2>(Path(id)))]
    async fn update(Path(id): Path<u64>, State(repo): State<T>) -> String {
        Self(repo).0.name() + &id.to_string()
    }

    #[cache(associated)]
    #[cache_evict(get_product(Path(id)))]
    async fn both(Path(id): Path<u64>) -> String {
        (Self::FIRST + id).to_string()
    }
}

/// On top of the other, imported for this alone.
#[cache_evict(get_product(Path(id)))]
#[cache_one_hour(lazy = [_db])]
#[debug_handler]
async fn cached_too(Path(id): Path<u64>, State(_db): State<Db>) -> String {
    id.to_string()
}

/// Local names that the generated code might use.
async fn shadowed() -> Router<Db> {
    #![allow(unused, nonstandard_style)]
    struct Response;
    struct Clone;
    fn Ok() {}
    mod core {}
    mod handler_cache {}

    #[cache_evict(get_product(Path(__targets)), get_product(Path(__arg0)))]
    async fn local(Path((__arg0, __targets)): Path<(u64, u64)>, __context: HeaderMap) -> String {
        format!("{__arg0} {__targets} {}", __context.len())
    }
    Router::new().route("/local", put(local))
}

/// The renamed facade.
mod renamed {
    use super::{Path, get_product};

    mod facade {
        pub use ::handler_cache as cache;
    }

    #[facade::cache::cache_evict(get_product(Path(id)), crate = facade::cache)]
    pub(super) async fn update(Path(id): Path<u64>) -> String {
        id.to_string()
    }
}

fn main() {
    let _: Router = Router::new()
        .route("/a/{id}", get(get_product).put(update))
        .route("/b/{id}", get(list_products).put(expressions))
        .route("/c/{id}", get(countries).put(any_arguments))
        .route("/d/{id}", get(shops::get_shop).put(body_alone))
        .route("/e/{id}", get(generic::<Db, 2>).put(no_arguments))
        .route("/f/{id}", put(generic_update::<Db, 2>))
        .route("/g/{id}", put(r#match))
        .route("/h/{id}", put(configured))
        .route("/i/{id}", put(Linted))
        .route("/j/{id}", put(documented))
        .route("/k/{id}", get(Api::<Db>::both).put(Api::<Db>::update))
        .route("/l/{id}", get(cached_too))
        .route("/m/{id}", put(renamed::update))
        .with_state(Db);
    let _ = (cached_too::key(Path(1)), shadowed());
}
