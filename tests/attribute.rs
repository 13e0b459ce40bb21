//! The attribute on real handlers, driven through a router.

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{Request, StatusCode},
    response::IntoResponse,
    routing::get,
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

async fn body_of(app: Router, path: &str) -> String {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn handlers_answer_without_a_cache() {
    let app = Router::new()
        .route("/products/{id}", get(product))
        .route("/countries/{a}/{b}", get(countries))
        .with_state("shop");
    assert_eq!(body_of(app.clone(), "/products/7").await, "shop 7");
    assert_eq!(body_of(app, "/countries/1/2").await, "shop 3");
}

#[tokio::test]
async fn the_companion_runs_the_handler_itself() {
    let response = product::uncached(Path(7), State("db")).await.into_response();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(product::evict(Path(7)).await.unwrap_err().is_not_initialized());
    assert!(countries::evict_all().await.unwrap_err().is_not_initialized());
    let _ = countries::key(Path((1, 2)));
}
