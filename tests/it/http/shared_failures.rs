//! What waiters get when the request of the leader fails.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use handler_cache::cache;

use crate::support::{
    app::Bench,
    gate::{Gate, ask, settle},
};

/// The handler decides who may see the page.
#[cache(expire = 60, ignore = [headers])]
async fn guarded(State(gate): State<Gate>, headers: HeaderMap) -> Result<&'static str, StatusCode> {
    gate.pass().await;
    match headers.get(header::AUTHORIZATION) {
        Some(login) if login == "Bearer boss" => Ok("the page"),
        _ => Err(StatusCode::FORBIDDEN),
    }
}

#[tokio::test]
async fn p5_refusal_of_one_client_is_not_given_to_another() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(Router::new().route("/", get(guarded)).with_state(gate.clone()));
    let ask_as = |login: &'static str| {
        let app = app.clone();
        tokio::spawn(async move { app.get_with("/", [("authorization", login)]).await })
    };
    let leader = ask_as("Bearer mallory");
    gate.entered().await;
    let waiter = ask_as("Bearer boss");
    settle().await;
    gate.let_through(2);
    assert_eq!(leader.await.unwrap().status, StatusCode::FORBIDDEN);
    let waiter = waiter.await.unwrap();
    assert_eq!((waiter.status, waiter.text()), (StatusCode::OK, "the page"));
}

#[cache(expire = 60)]
async fn fails(State(gate): State<Gate>) -> impl IntoResponse {
    gate.pass().await;
    let headers = [
        ("connection", "close, x-hop"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("x-end", "1"),
    ];
    (StatusCode::BAD_GATEWAY, headers, "no")
}

#[tokio::test]
async fn shared_failure_has_no_hop_by_hop_headers() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(Router::new().route("/", get(fails)).with_state(gate.clone()));
    let leader = ask(&app, "/");
    gate.entered().await;
    let waiter = ask(&app, "/");
    settle().await;
    gate.let_through(2);
    leader.await.unwrap();
    let waiter = waiter.await.unwrap();
    assert_eq!(gate.runs.total(), 1);
    assert_eq!(
        (waiter.status, waiter.header("x-end")),
        (StatusCode::BAD_GATEWAY, Some("1"))
    );
    for name in ["connection", "x-hop", "keep-alive"] {
        assert_eq!(waiter.header(name), None, "{name}");
    }
}
