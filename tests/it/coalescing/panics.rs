//! Waiters when the handler panics.

use axum::{Router, extract::State, routing::get};
use futures_util::future::join_all;
use handler_cache::{Cache, cache};
use tokio::time::timeout;

use crate::support::{
    app::{App, Bench, PATIENCE},
    gate::{Gate, ask, settle},
};

/// The first run panics, the second answers.
#[cache(expire = 60)]
async fn fragile(State(gate): State<Gate>) -> String {
    let run = gate.pass().await;
    assert_ne!(run, 1, "the first run fails");
    format!("run {run}")
}

#[tokio::test]
async fn p4_panic_reaches_the_leader_and_a_waiter_takes_over() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(Router::new().route("/", get(fragile)).with_state(gate.clone()));
        let leader = ask(&app, "/");
        gate.entered().await;
        let waiters = [ask(&app, "/"), ask(&app, "/"), ask(&app, "/")];
        settle().await;
        gate.let_through(2);
        assert!(
            leader.await.unwrap_err().is_panic(),
            "the panic is the leader's to see"
        );
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap().text(), "run 2");
        }
        assert_eq!(gate.runs.total(), 2);
    }
}

#[cache(expire = 60)]
async fn always_panics(State(gate): State<Gate>) -> &'static str {
    panic!("run {}", gate.pass().await);
}

#[tokio::test]
async fn p4_handler_that_always_panics_hangs_nobody() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(
        Router::new()
            .route("/", get(always_panics))
            .with_state(gate.clone()),
    );
    gate.let_through(20);
    let asked = (0..20).map(|_| ask(&app, "/"));
    for answer in join_all(asked).await {
        assert!(answer.unwrap_err().is_panic());
    }
}

/// A cache at this URL, and the handler at `/`.
async fn at(url: &str, router: Router) -> (Cache, App) {
    let builder = Cache::builder().prefix("test").url(url);
    let cache = builder.build().await.expect("the settings are good");
    let app = App(router.layer(cache.attach()));
    (cache, app)
}

#[tokio::test]
async fn p4_waiter_takes_over_when_the_leader_panics_while_the_store_is_down() {
    let gate = Gate::new();
    let router = Router::new().route("/", get(fragile)).with_state(gate.clone());
    let (_cache, app) = at("redis://127.0.0.1:1", router).await;
    let leader = ask(&app, "/");
    gate.entered().await;
    let waiters: Vec<_> = (0..20).map(|_| ask(&app, "/")).collect();
    settle().await;
    gate.let_through(100);
    assert!(leader.await.unwrap_err().is_panic());
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().text(), "run 2");
    }
}

/// A waiter of one fill does not wait for all.
#[tokio::test]
async fn p4_handler_that_always_panics_is_not_waited_for_again_and_again() {
    for url in ["memory://", "redis://127.0.0.1:1"] {
        let gate = Gate::new();
        let router = Router::new()
            .route("/", get(always_panics))
            .with_state(gate.clone());
        let (cache, app) = at(url, router).await;
        let clients: Vec<_> = (0..12).map(|_| ask(&app, "/")).collect();
        let mut rounds = 0;
        while gate.runs.total() < 12 {
            timeout(PATIENCE, gate.entered()).await.expect("one more runs");
            settle().await;
            gate.let_through(12);
            rounds += 1;
            settle().await;
        }
        assert!(rounds <= 5, "{url}: {rounds} runs one after another");
        for client in clients {
            assert!(client.await.unwrap_err().is_panic());
        }
        let total = cache.stats().total;
        assert_eq!(
            (total.misses, total.fills, total.failed_fills),
            (12, 12, 12),
            "{url}"
        );
    }
}
