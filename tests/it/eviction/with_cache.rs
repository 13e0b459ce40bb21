//! `#[cache]` and `#[cache_evict]` on one function, in either order.

use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    routing::get,
};
use handler_cache::{cache, cache_evict, cache_one_day};

use super::{
    Gate, PAGE_1, PAGE_2, Shop, gone, page, shop,
    support::app::{App, Bench, Runs},
    warm,
};

#[cache(expire = "1h")]
#[cache_evict(page(Path(id)))]
async fn cache_on_top(Path(id): Path<u32>, State(runs): State<Runs>) -> String {
    format!("{id}, run {}", runs.increment())
}

#[cache_evict(page(Path(id)))]
#[cache_one_day]
async fn cache_below(Path(id): Path<u32>, State(runs): State<Runs>) -> String {
    format!("{id}, run {}", runs.increment())
}

struct Desk;

impl Desk {
    #[cache_evict(page(Path(id)))]
    #[cache(associated)]
    async fn associated(Path(id): Path<u32>, State(runs): State<Runs>) -> String {
        format!("{id}, run {}", runs.increment())
    }
}

#[tokio::test]
async fn hit_evicts_nothing() {
    for bench in Bench::every().await {
        let routes = Router::new()
            .route("/top/{id}", get(cache_on_top))
            .route("/below/{id}", get(cache_below))
            .route("/associated/{id}", get(Desk::associated));
        let app = shop(&bench, &Shop::new(), routes);
        for path in ["/top/1", "/below/1", "/associated/1"] {
            warm(&bench, &app, [PAGE_1, PAGE_2]).await;
            let miss = app.get(path).await;
            assert_eq!(miss.x_cache(), Some("Miss"));
            assert_eq!(app.get(PAGE_1).await.x_cache(), Some("Miss"), "{path} ran");
            assert_eq!(app.get(PAGE_2).await.x_cache(), Some("Hit"));
            bench.settled().await;
            let hit = app.get(path).await;
            assert_eq!((hit.x_cache(), hit.text()), (Some("Hit"), miss.text()));
            assert_eq!(app.get(PAGE_1).await.x_cache(), Some("Hit"), "{path} did not run");
        }
    }
}

/// Runs on a miss only, and here not even then.
struct SignedIn;

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Err(StatusCode::UNAUTHORIZED)
    }
}

#[cache(lazy = [_user])]
#[cache_evict(page(Path(id)))]
async fn rejecting(Path(id): Path<u32>, _user: SignedIn) -> String {
    id.to_string()
}

#[cache(expire = 60)]
#[cache_evict(page(Path(id)))]
async fn failing(Path(id): Path<u32>) -> Result<String, StatusCode> {
    let status = u16::try_from(500 + id)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    Err(status.expect("the test asks for a 5xx"))
}

#[tokio::test]
async fn failures_evict_nothing() {
    let bench = Bench::memory().await;
    let routes = Router::new()
        .route("/rejecting/{id}", get(rejecting))
        .route("/failing/{id}", get(failing));
    let app = shop(&bench, &Shop::new(), routes);
    warm(&bench, &app, [PAGE_1]).await;
    assert_eq!(app.get("/rejecting/1").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(app.get("/failing/1").await.status, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(app.get(PAGE_1).await.x_cache(), Some("Hit"));
}

#[cache(expire = 60)]
#[cache_evict(page(Path(id)))]
async fn slow(Path(id): Path<u32>, State(gate): State<Gate>) -> String {
    gate.pass().await;
    assert_ne!(id, 2, "of all numbers");
    id.to_string()
}

fn begin_get(app: &App, path: &'static str) -> tokio::task::JoinHandle<super::Answer> {
    let app = app.clone();
    tokio::spawn(async move { app.get(path).await })
}

#[tokio::test]
async fn fill_continues_without_its_client_and_evicts_at_its_end() {
    for bench in Bench::every().await {
        let state = Shop::new();
        let app = shop(&bench, &state, Router::new().route("/slow/{id}", get(slow)));
        warm(&bench, &app, [PAGE_1, PAGE_2]).await;
        let client = begin_get(&app, "/slow/1");
        state.gate.entered().await;
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        assert_eq!(app.get(PAGE_1).await.x_cache(), Some("Hit"), "it still runs");
        state.gate.let_one_through();
        gone(&app, PAGE_1).await;
        bench.settled().await;
        assert_eq!(app.get("/slow/1").await.x_cache(), Some("Hit"));

        let panicking = begin_get(&app, "/slow/2");
        state.gate.let_one_through();
        assert!(panicking.await.unwrap_err().is_panic());
        gone(&app, PAGE_2).await;
    }
}

#[tokio::test]
async fn requests_that_share_a_fill_share_its_eviction() {
    for bench in Bench::every().await {
        let state = Shop::new();
        let app = shop(&bench, &state, Router::new().route("/slow/{id}", get(slow)));
        warm(&bench, &app, [PAGE_1]).await;
        let clients: Vec<_> = (0..4).map(|_| begin_get(&app, "/slow/1")).collect();
        state.gate.entered().await;
        state.gate.let_one_through();
        for client in clients {
            assert_eq!(client.await.unwrap().text(), "1");
        }
        assert_eq!(app.get(PAGE_1).await.x_cache(), Some("Miss"));
        bench.settled().await;
        assert_eq!(app.get(PAGE_1).await.x_cache(), Some("Hit"));
    }
}

/// It evicts its own entry.
#[cache(expire = 60)]
#[cache_evict(own(..))]
async fn own(State(runs): State<Runs>) -> String {
    format!("run {}", runs.increment())
}

#[tokio::test]
async fn handler_that_evicts_itself_is_not_stored() {
    for bench in Bench::every().await {
        let app = shop(&bench, &Shop::new(), Router::new().route("/own", get(own)));
        for run in ["run 1", "run 2"] {
            let answer = app.get("/own").await;
            assert_eq!((answer.x_cache(), answer.text()), (Some("Miss"), run));
            bench.settled().await;
        }
    }
}
