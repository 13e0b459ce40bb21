//! Hit-for-miss: requests for responses that cannot be shared do not wait for each other.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::layer::CacheLayer;
use tokio::time::timeout;

use super::support::{
    app::{App, Bench, PATIENCE, eventually},
    gate::{Gate, settle},
};

/// A page of the user who requests it, which waits at the gate.
async fn basket(State(gate): State<Gate>, headers: HeaderMap) -> Response {
    let user = headers.get(header::COOKIE).cloned();
    let run = gate.pass().await;
    let control = [(header::CACHE_CONTROL, "private")];
    (control, format!("basket of {user:?}, run {run}")).into_response()
}

fn baskets(gate: &Gate) -> Router {
    Router::new().route("/", get(basket)).with_state(gate.clone())
}

fn layers() -> [CacheLayer; 2] {
    [CacheLayer::new(), CacheLayer::new().http()]
}

fn ask_as(app: &App, user: &'static str) -> tokio::task::JoinHandle<String> {
    let app = app.clone();
    tokio::spawn(async move { app.get_with("/", [("cookie", user)]).await.text().to_owned() })
}

/// All of them are in the handler at once: none waits for another user's page.
#[tokio::test]
async fn p4_logins_outside_a_partition_do_not_wait_for_one_another() {
    for layer in layers() {
        for bench in Bench::every().await {
            let gate = Gate::new();
            let app = bench.app(baskets(&gate).layer(layer.clone()));
            let users = ["user=mallory", "user=alice", "user=bob"];
            let asked = users.map(|user| ask_as(&app, user));
            for _ in users {
                let entered = timeout(PATIENCE, gate.entered()).await;
                entered.expect("somebody waits for a page that is not theirs");
            }
            gate.let_through(users.len());
            for (user, answer) in users.into_iter().zip(asked) {
                assert!(answer.await.unwrap().contains(user));
            }
        }
    }
}

/// Asks twice at once, and lets both through when both are in the handler.
async fn two_side_by_side(app: &App, gate: &Gate) {
    let asked = [(); 2].map(|()| {
        let app = app.clone();
        tokio::spawn(async move { app.get("/").await })
    });
    for _ in 0..2 {
        let entered = timeout(PATIENCE, gate.entered()).await;
        entered.expect("a request waits for an answer that is never shared");
    }
    gate.let_through(2);
    for answer in asked {
        assert_eq!(answer.await.expect("the request is answered").status, 200);
    }
}

#[tokio::test]
async fn p4_marker_lasts_while_uncached_responses_confirm_it() {
    for layer in layers() {
        let bench = Bench::memory().await;
        let gate = Gate::new();
        let app = bench.app(baskets(&gate).layer(layer));
        gate.let_through(1);
        app.get("/").await;
        gate.entered().await;
        settle().await;
        for _ in 0..5 {
            bench.clock.advance(Duration::from_secs(4));
            two_side_by_side(&app, &gate).await;
        }
    }
}

#[tokio::test]
async fn p4_marker_in_redis_lasts_while_uncached_responses_confirm_it() {
    for layer in layers() {
        let bench = Bench::redis().await;
        let gate = Gate::new();
        let app = bench.app(baskets(&gate).layer(layer));
        gate.let_through(1);
        app.get("/").await;
        gate.entered().await;
        bench.settled().await;
        let server = bench.server();
        let marks: Vec<String> = redis::from_redis_value(server.command(["KEYS", "*:lease"])).unwrap();
        let [mark] = &marks[..] else {
            panic!("one marker, not {marks:?}")
        };
        server.command(["PEXPIRE", mark, "4000"]);
        two_side_by_side(&app, &gate).await;
        eventually("the marker is not renewed", async || server.pttl(mark) > 4000).await;
    }
}
