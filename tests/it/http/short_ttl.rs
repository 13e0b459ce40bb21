//! TTLs shorter than a second.

use std::{panic::catch_unwind, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use handler_cache::{Policy, cache};
use tokio::time::timeout;

use crate::support::app::{App, Bench, PATIENCE, Runs};

const HALF_A_SECOND: Duration = Duration::from_millis(500);

#[cache(expire = HALF_A_SECOND, client_max_age = "remaining")]
async fn ticker(State(runs): State<Runs>) -> String {
    format!("run {}", runs.increment())
}

fn tickers(bench: &Bench, runs: &Runs) -> App {
    bench.app(Router::new().route("/", get(ticker)).with_state(runs.clone()))
}

/// A TTL of 0 does not compile: `options` and `policy` in `tests/ui/fail`.
#[tokio::test]
async fn half_a_second_is_a_ttl() {
    let bench = Bench::memory().await;
    let runs = Runs::default();
    let app = tickers(&bench, &runs);
    let miss = app.get("/").await;
    assert_eq!((miss.status, miss.text()), (StatusCode::OK, "run 1"));
    assert_eq!(miss.x_cache(), Some("Miss"));
    // Headers have whole seconds only, rounded down.
    assert_eq!(miss.header("cache-control"), Some("private, max-age=0"));
    assert_eq!(miss.header("expires"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));

    bench.clock.advance(Duration::from_millis(499));
    let hit = app.get("/").await;
    assert_eq!((hit.text(), hit.x_cache()), ("run 1", Some("Hit")));
    bench.clock.advance(Duration::from_millis(1));
    let miss = app.get("/").await;
    assert_eq!((miss.text(), miss.x_cache()), ("run 2", Some("Miss")));

    let zero = catch_unwind(|| Policy::new().expire(Duration::ZERO));
    assert!(zero.is_err(), "a constant with it is an error at compile time");
}

/// The same in Redis, whose clock cannot be controlled: half a second may pass between any two requests.
#[tokio::test]
async fn half_a_second_is_a_ttl_in_redis() {
    let bench = Bench::redis().await;
    let runs = Runs::default();
    let app = tickers(&bench, &runs);
    let key = format!("test:{}", ticker::key());
    let seen = async {
        loop {
            let before = runs.total();
            let first = app.get("/").await;
            assert_eq!(first.status, StatusCode::OK);
            bench.settled().await;
            let left = bench.server().pttl(&key);
            assert!(left <= 500, "the record outlives the entry: {left} ms");
            bench.clock.advance(Duration::from_millis(499));
            let second = app.get("/").await;
            assert_eq!(second.status, StatusCode::OK);
            bench.settled().await;
            // However slow the machine is, half a second later the entry has expired.
            bench.clock.advance(HALF_A_SECOND);
            if second.x_cache() == Some("Hit") {
                assert_eq!(first.text(), second.text());
                assert_eq!(runs.total(), before + 1);
                let third = app.get("/").await;
                assert_eq!((third.status, third.x_cache()), (StatusCode::OK, Some("Miss")));
                return;
            }
        }
    };
    timeout(PATIENCE, seen).await.expect("there are hits");
}
