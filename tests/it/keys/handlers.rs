//! P2: which handler an entry belongs to, and which requests have a key.

use std::marker::PhantomData;

use axum::{
    Json, Router,
    extract::{Path, Query, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect},
    routing::get,
};
use handler_cache::{
    cache,
    key::{CacheKeyPart, KeyError, KeyWriter},
};

use crate::support::app::{Bench, Runs};

struct A;
struct B;

impl A {
    #[cache(expire = 60, associated)]
    async fn get(Path(id): Path<u32>) -> String {
        format!("A {id}")
    }
}

impl B {
    #[cache(expire = 60, associated)]
    async fn get(Path(id): Path<u32>) -> String {
        format!("B {id}")
    }
}

struct Of<T>(PhantomData<T>);

impl<T: Default + ToString + Send + 'static> Of<T> {
    #[cache(expire = 60, associated)]
    async fn get(Path(id): Path<u32>) -> String {
        format!("{} {id}", T::default().to_string())
    }
}

#[cache(expire = 60)]
async fn generic<T: Default + ToString + Send, const N: usize>(Path(id): Path<u32>) -> String {
    format!("{}{N} {id}", T::default().to_string())
}

mod other {
    use super::*;

    #[cache(expire = 60)]
    pub(super) async fn generic(Path(id): Path<u32>) -> String {
        format!("other {id}")
    }
}

#[tokio::test]
async fn p2_handlers_of_one_name_have_entries_of_their_own() {
    #[cache(expire = 60)]
    async fn local(Path(id): Path<u32>) -> String {
        format!("local {id}")
    }
    for bench in Bench::every().await {
        let app = bench.app(
            Router::new()
                .route("/a/{id}", get(A::get))
                .route("/b/{id}", get(B::get))
                .route("/u8/{id}", get(Of::<u8>::get))
                .route("/bool/{id}", get(Of::<bool>::get))
                .route("/u8-1/{id}", get(generic::<u8, 1>))
                .route("/u8-2/{id}", get(generic::<u8, 2>))
                .route("/bool-1/{id}", get(generic::<bool, 1>))
                .route("/other/{id}", get(other::generic))
                .route("/local/{id}", get(local)),
        );
        let pages = [
            ("/a/1", "A 1"),
            ("/b/1", "B 1"),
            ("/u8/1", "0 1"),
            ("/bool/1", "false 1"),
            ("/u8-1/1", "01 1"),
            ("/u8-2/1", "02 1"),
            ("/bool-1/1", "false1 1"),
            ("/other/1", "other 1"),
            ("/local/1", "local 1"),
        ];
        for x_cache in ["Miss", "Hit"] {
            for (path, body) in pages {
                let answer = app.get(path).await;
                assert_eq!((answer.x_cache(), answer.text()), (Some(x_cache), body), "{path}");
            }
        }
    }
}

mod first {
    use super::*;

    #[cache(expire = 60, name = "taken by the first")]
    pub(super) async fn page() -> &'static str {
        "first"
    }
}

mod second {
    use super::*;

    #[cache(expire = 60, name = "taken by the first")]
    pub(super) async fn page() -> &'static str {
        "second"
    }
}

#[tokio::test]
async fn p2_second_handler_of_a_name_bypasses_the_cache() {
    let bench = Bench::memory().await;
    let app = bench.app(
        Router::new()
            .route("/first", get(first::page))
            .route("/second", get(second::page)),
    );
    assert_eq!(app.get("/first").await.x_cache(), Some("Miss"));
    for _ in 0..2 {
        let answer = app.get("/second").await;
        assert_eq!((answer.x_cache(), answer.text()), (None, "second"));
    }
    assert_eq!(app.get("/first").await.x_cache(), Some("Hit"));
    assert!(bench.cache.evict(second::page::key()).await.unwrap_err().is_key());
}

#[derive(Debug, serde::Deserialize, serde::Serialize)]
struct Search {
    page: u32,
}

/// An extractor that may reject without failing the request.
#[cache(expire = 60)]
async fn tolerant(search: Result<Query<Search>, QueryRejection>) -> String {
    match search {
        Ok(Query(search)) => format!("page {}", search.page),
        Err(rejection) => rejection.status().to_string(),
    }
}

#[tokio::test]
async fn p2_rejected_argument_has_no_key_and_bypasses_the_cache() {
    let bench = Bench::memory().await;
    let app = bench.app(Router::new().route("/", get(tolerant)));
    for x_cache in ["Miss", "Hit"] {
        assert_eq!(app.get("/?page=1").await.x_cache(), Some(x_cache));
    }
    for path in ["/?page=x", "/?page=y"] {
        let answer = app.get(path).await;
        assert_eq!((answer.x_cache(), answer.text()), (None, "400 Bad Request"));
    }
}

/// Signed-in users see pages of their own.
struct Anonymous(bool);

impl<S: Sync> axum::extract::FromRequestParts<S> for Anonymous {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &S,
    ) -> Result<Self, std::convert::Infallible> {
        Ok(Self(!parts.headers.contains_key("authorization")))
    }
}

impl CacheKeyPart for Anonymous {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        if self.0 {
            key.str("anonymous")
        } else {
            Err(KeyError::new("signed in"))
        }
    }
}

#[cache(expire = 60)]
async fn front_page(Anonymous(anonymous): Anonymous) -> String {
    format!("anonymous: {anonymous}")
}

#[cache(expire = 60)]
async fn front_page_by_its_own_text(visitor: Anonymous) -> String {
    format!("anonymous: {}", visitor.0)
}

#[tokio::test]
async fn own_text_decides_who_shares_a_page() {
    let bench = Bench::memory().await;
    let app = bench.app(
        Router::new()
            .route("/bound", get(front_page))
            .route("/own", get(front_page_by_its_own_text)),
    );
    for x_cache in [Some("Miss"), Some("Hit")] {
        assert_eq!(app.get("/own").await.x_cache(), x_cache);
        assert_eq!(app.get("/bound").await.x_cache(), x_cache);
    }
    let signed_in = [("authorization", "Bearer x")];
    let answer = app.get_with("/own", signed_in).await;
    assert_eq!((answer.x_cache(), answer.text()), (None, "anonymous: false"));
    // The binding inside is a bool, and each of its values has a page.
    assert_eq!(app.get_with("/bound", signed_in).await.x_cache(), Some("Miss"));
}

#[cache(expire = 60, not_found = 60)]
async fn fallible(
    Path(what): Path<String>,
    axum::extract::State(runs): axum::extract::State<Runs>,
) -> Result<Json<usize>, axum::response::Response> {
    let run = runs.increment();
    match &*what {
        "ok" => Ok(Json(run)),
        "moved" => Err(Redirect::permanent("/elsewhere").into_response()),
        "unknown" => Err((StatusCode::NOT_FOUND, "unknown").into_response()),
        _ => Err("a text, and so 200".into_response()),
    }
}

#[tokio::test]
async fn err_is_never_stored_save_as_not_found() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = bench.app(
            Router::new()
                .route("/{what}", get(fallible))
                .with_state(runs.clone()),
        );
        for path in ["/moved", "/text"] {
            let (first, second) = (app.get(path).await, app.get(path).await);
            assert_eq!(first.status, second.status);
            assert_eq!(
                (first.x_cache(), second.x_cache()),
                (Some("Miss"), Some("Miss")),
                "{path}"
            );
            assert_eq!(first.header("cache-control"), Some("private, no-cache"));
        }
        assert_eq!(runs.total(), 4);
        for path in ["/ok", "/unknown"] {
            let (first, second) = (app.get(path).await, app.get(path).await);
            assert_eq!((first.status, &first.body), (second.status, &second.body));
            assert_eq!(
                (second.x_cache(), second.header("cache-control")),
                (Some("Hit"), Some("private, no-cache"))
            );
        }
        assert_eq!(runs.total(), 6);
    }
}
