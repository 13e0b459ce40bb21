//! `#[cache]` on handlers of many shapes, as axum and the companion module see them.

mod extractors;
mod options;
mod response_parts;
mod state;

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, Path, Query, State},
    http::{Request, StatusCode, request::Parts},
    response::IntoResponse,
    routing::{get, post},
};
use handler_cache::{cache, cache_one_day};
use tower::ServiceExt as _;

#[cache(expire = 30)]
async fn product(Path(id): Path<u64>, State(db): State<&'static str>) -> impl IntoResponse {
    format!("{db} {id}")
}

#[cache_one_day(ignore = [db], lazy = [db])]
async fn countries(
    Path((_a, mut b)): Path<(u8, u8)>,
    State(db): State<&'static str>,
) -> Result<String, StatusCode> {
    b += 1;
    Ok(format!("{db} {b}"))
}

/// Extracts its place in the order of extraction, and rejects `?reject=<place>`.
#[derive(serde::Serialize)]
struct Place(usize);

#[derive(Clone, Default)]
struct Places(usize);

impl<S: Sync> FromRequestParts<S> for Place {
    type Rejection = (StatusCode, String);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let Places(place) = *parts.extensions.get_or_insert_default();
        parts.extensions.insert(Places(place + 1));
        if parts.uri.query() == Some(&format!("reject={place}")) {
            return Err((StatusCode::FORBIDDEN, place.to_string()));
        }
        Ok(Self(place))
    }
}

#[cache(expire = 30, lazy = [b, d])]
async fn lazy_last(a: Place, b: Place, c: Place, d: Place) -> String {
    format!("{}{}{}{}", a.0, b.0, c.0, d.0)
}

#[cache(expire = 30, ignore = [a, c], lazy = [b, d], methods = [POST])]
async fn lazy_beside_a_body(b: Place, a: Place, d: Place, c: Place, body: String) -> String {
    format!("{}{}{}{}{body}", b.0, a.0, d.0, c.0)
}

async fn answer(app: Router, request: Request<Body>) -> (StatusCode, String) {
    let response = app.oneshot(request).await.expect("a router answers");
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 1024)
        .await
        .expect("a short body");
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

fn request(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).expect("a valid path")
}

#[tokio::test]
async fn handlers_answer_without_a_cache() {
    let app = Router::new()
        .route("/products/{id}", get(product))
        .route("/countries/{a}/{b}", get(countries))
        .with_state("shop");
    let ok = |body: &str| (StatusCode::OK, body.to_owned());
    assert_eq!(answer(app.clone(), request("/products/7")).await, ok("shop 7"));
    assert_eq!(answer(app, request("/countries/1/2")).await, ok("shop 3"));
}

#[tokio::test]
async fn lazy_extractors_run_after_the_others_from_left_to_right() {
    let app = Router::new()
        .route("/last", get(lazy_last))
        .route("/beside", post(lazy_beside_a_body));
    assert_eq!(answer(app.clone(), request("/last")).await.1, "0213");
    let with_body = Request::post("/beside").body(Body::from("!")).unwrap();
    // The parts of the request are copied at the position of the last lazy argument.
    assert_eq!(answer(app, with_body).await.1, "1021!");
}

#[tokio::test]
async fn a_lazy_rejection_is_the_response() {
    let app = Router::new().route("/last", get(lazy_last));
    let (status, body) = answer(app, request("/last?reject=3")).await;
    assert_eq!((status, body.as_str()), (StatusCode::FORBIDDEN, "3"));
}

#[tokio::test]
async fn the_companion_runs_the_handler_itself() {
    let response = product::uncached(Path(7), State("db")).await.into_response();
    assert_eq!(response.status(), StatusCode::OK);
}

mod keys {
    use std::sync::Arc;

    use axum::{
        Extension,
        extract::{Path, Query, State},
        http::HeaderMap,
    };
    use handler_cache::cache;

    #[derive(serde::Deserialize)]
    pub(super) struct Page {
        pub(super) number: u32,
        pub(super) size: u32,
    }

    #[cache(ignore = [size])]
    pub(super) async fn named(
        Path(mut r#type): Path<String>,
        Query(Page { number, size }): Query<Page>,
        _: HeaderMap,
        State(_db): State<u8>,
    ) -> String {
        r#type.push('!');
        format!("{type}{number}{size}", r#type = r#type)
    }

    #[cache(key = format!("{id}-{name}"))]
    pub(super) async fn given(Path((id, name)): Path<(u64, String)>, Extension(_x): Extension<Arc<u8>>) {
        drop((id, name));
    }

    #[cache(name = "moved", companion = Instances)]
    pub(super) async fn generic<T: Send, const N: usize>(Path(id): Path<[u8; 2]>, State(_): State<T>) {
        let _ = id;
    }

    pub(super) mod inner {
        #[handler_cache::cache]
        pub(in super::super) async fn named() {}
    }
}

#[test]
fn keys_have_the_handler_and_the_bindings_of_its_body() {
    let page = Query(keys::Page { number: 2, size: 50 });
    let key = keys::named::key(Path("a".to_owned()), page).to_string();
    assert_eq!(key, r#"it::attribute::keys::named(type="a",number=2)"#);

    let key = keys::given::key(Path((1, "x".to_owned()))).to_string();
    assert_eq!(key, r#"it::attribute::keys::given("1-x")"#);

    assert_eq!(
        keys::inner::named::key().to_string(),
        "it::attribute::keys::inner::named()"
    );

    let key = keys::Instances::key::<u8, 3>(Path([1, 2])).to_string();
    assert_eq!(key, "moved(id=(1,2))");
}
