//! Waiters when the leader fails, disconnects, streams or is too slow.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{Request, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use futures_util::{FutureExt, future::join_all};
use handler_cache::cache;
use tokio::runtime::Builder;
use tower::ServiceExt;

use crate::{
    handlers::gated::{page, pages},
    support::{
        app::Bench,
        gate::{Gate, ask, settle},
    },
};

#[tokio::test]
async fn p4_concurrent_misses_run_the_handler_once() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(pages(&gate));
        let asked = join_all((0..1000).map(|_| app.get("/pages/1")));
        let (answers, ()) = tokio::join!(asked, async {
            gate.entered().await;
            gate.let_through(1);
        });
        assert_eq!(gate.runs.total(), 1);
        assert!(answers.iter().all(|answer| answer.text() == "page 1, run 1"));
        let misses = answers.iter().filter(|answer| answer.x_cache() == Some("Miss"));
        assert_eq!(
            misses.count(),
            1,
            "the leader's response says Miss, the others Hit"
        );
    }
}

/// The tags of a handler that was never asked have no generation yet: all of these read none, and one gives them.
#[tokio::test]
async fn p4_the_very_first_requests_of_a_handler_share_one_run() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(pages(&gate));
        let clients: Vec<_> = (0..8).map(|_| ask(&app, "/pages/1")).collect();
        gate.entered().await;
        // Each is a round trip behind those of the clients, which are on the same connection.
        for _ in 0..10 {
            bench.cache.evict(page::key(Path(2))).await.unwrap();
        }
        assert_eq!(gate.runs.total(), 1);
        gate.let_through(1);
        for client in clients {
            assert_eq!(client.await.unwrap().text(), "page 1, run 1");
        }
    }
}

#[tokio::test]
async fn other_arguments_do_not_wait() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(pages(&gate));
    let (first, second) = (ask(&app, "/pages/1"), ask(&app, "/pages/2"));
    gate.entered().await;
    gate.entered().await;
    gate.let_through(2);
    assert_ne!(first.await.unwrap().text(), second.await.unwrap().text());
}

#[tokio::test]
async fn p4_fill_goes_on_when_the_leader_disconnects() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(pages(&gate));
        let leader = ask(&app, "/pages/1");
        gate.entered().await;
        let waiter = ask(&app, "/pages/1");
        leader.abort();
        assert!(leader.await.unwrap_err().is_cancelled());
        gate.let_through(1);
        let answer = waiter.await.unwrap();
        assert_eq!((answer.x_cache(), answer.text()), (Some("Hit"), "page 1, run 1"));
        assert_eq!(
            app.get("/pages/1").await.x_cache(),
            Some("Hit"),
            "the fill was stored"
        );
        assert_eq!(gate.runs.total(), 1);
    }
}

#[cache(expire = 60)]
async fn signs_in(State(gate): State<Gate>) -> impl IntoResponse {
    let run = gate.pass().await;
    (
        [(header::SET_COOKIE, format!("session={run}"))],
        format!("run {run}"),
    )
}

#[tokio::test]
async fn p5_response_that_must_not_be_stored_is_nobody_elses() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(Router::new().route("/", get(signs_in)).with_state(gate.clone()));
        let leader = ask(&app, "/");
        gate.entered().await;
        let waiters = [ask(&app, "/"), ask(&app, "/")];
        settle().await;
        gate.let_through(1);
        assert_eq!(leader.await.unwrap().header("set-cookie"), Some("session=1"));
        // Both are in the handler before either is let through: they run all at once.
        gate.entered().await;
        gate.entered().await;
        gate.let_through(2);
        let mut cookies = Vec::new();
        for waiter in waiters {
            let answer = waiter.await.unwrap();
            assert_eq!(answer.x_cache(), Some("Miss"));
            cookies.push(answer.header("set-cookie").unwrap().to_owned());
        }
        cookies.sort();
        assert_eq!(cookies, ["session=2", "session=3"]);
    }
}

#[tokio::test]
async fn key_of_an_unstorable_response_is_passed_for_a_while() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(Router::new().route("/", get(signs_in)).with_state(gate.clone()));
    gate.let_through(1);
    app.get("/").await;
    // The marker is there: no request waits for the one in the handler.
    let (first, second) = (ask(&app, "/"), ask(&app, "/"));
    gate.entered().await;
    gate.entered().await;
    gate.let_through(2);
    first.await.unwrap();
    second.await.unwrap();
}

#[cache(expire = 60)]
async fn failing(Path(cookie): Path<bool>, State(gate): State<Gate>) -> impl IntoResponse {
    let run = gate.pass().await;
    let cookie = cookie.then_some([(header::SET_COOKIE, "private=1")]);
    (StatusCode::BAD_GATEWAY, cookie, format!("run {run}"))
}

#[tokio::test]
async fn failure_is_shared_with_waiters_and_is_not_stored() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(
            Router::new()
                .route("/{cookie}", get(failing))
                .with_state(gate.clone()),
        );
        let leader = ask(&app, "/false");
        gate.entered().await;
        let waiter = ask(&app, "/false");
        settle().await;
        if bench.redis.is_some() {
            // The waiter must have learned from the server that the lease is held.
            while app
                .get_with("/false", [("cache-control", "only-if-cached")])
                .await
                .status
                != 504
            {}
        }
        gate.let_through(1);
        for answer in [leader.await.unwrap(), waiter.await.unwrap()] {
            assert_eq!((answer.status, answer.text()), (StatusCode::BAD_GATEWAY, "run 1"));
            assert_eq!(answer.x_cache(), Some("Miss"));
        }
        gate.let_through(1);
        assert_eq!(app.get("/false").await.text(), "run 2");
    }
}

#[tokio::test]
async fn p5_failure_that_sets_a_cookie_is_not_shared() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(
        Router::new()
            .route("/{cookie}", get(failing))
            .with_state(gate.clone()),
    );
    let leader = ask(&app, "/true");
    gate.entered().await;
    let waiter = ask(&app, "/true");
    settle().await;
    gate.let_through(2);
    assert_eq!(leader.await.unwrap().text(), "run 1");
    assert_eq!(waiter.await.unwrap().text(), "run 2");
}

#[tokio::test(start_paused = true)]
async fn p1_request_that_has_waited_long_enough_runs_the_handler_unstored() {
    let bench = Bench::memory_with(|builder| builder.coalesce_timeout(Duration::from_secs(3))).await;
    let (gate, free) = (Gate::new(), Gate::new());
    let (app, other) = (bench.app(pages(&gate)), bench.app(pages(&free)));
    let leader = ask(&app, "/pages/1");
    gate.entered().await;
    let waiters = [ask(&other, "/pages/1"), ask(&other, "/pages/1")];
    // The paused clock moves only when all wait: the waiters time out together, and each runs the handler.
    free.entered().await;
    free.entered().await;
    free.let_through(2);
    for waiter in waiters {
        let answer = waiter.await.unwrap();
        assert_eq!(answer.x_cache(), Some("Miss"));
    }
    assert_eq!(free.runs.total(), 2);
    gate.let_through(1);
    assert_eq!(leader.await.unwrap().text(), "page 1, run 1");
    let answer = app.get("/pages/1").await;
    assert_eq!(answer.x_cache(), Some("Hit"), "only the leader's fill is stored");
    assert_eq!(gate.runs.total(), 1);
}

#[test]
fn p4_waiter_ends_when_the_runtime_of_the_leader_does() {
    let leading = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let waiting = Builder::new_current_thread().enable_all().build().unwrap();
    let bench = waiting.block_on(Bench::memory());
    let gate = Gate::new();
    let app = bench.app(pages(&gate));
    leading.spawn({
        let app = app.clone();
        async move { app.get("/pages/1").await }
    });
    waiting.block_on(gate.entered());
    let waiter = {
        let _entered = waiting.enter();
        ask(&app, "/pages/1")
    };
    waiting.block_on(settle());
    // The runtime ends when its tasks have, the leader's fill among them.
    leading.shutdown_timeout(Duration::from_secs(60));
    gate.let_through(1);
    assert_eq!(waiting.block_on(waiter).unwrap().text(), "page 1, run 2");
}

#[test]
fn p1_without_a_tokio_runtime_the_handler_runs_uncached() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let bench = runtime.block_on(Bench::memory());
    let gate = Gate::new();
    let app = bench.app(pages(&gate)).0;
    gate.let_through(2);
    for run in 1..=2 {
        let request = Request::get("/pages/1").body(Body::empty()).unwrap();
        // Nothing in there waits for a timer or a socket, so one poll is enough.
        let response = app.clone().oneshot(request).now_or_never().unwrap().unwrap();
        assert_eq!(response.headers()["x-cache"], "Miss");
        assert_eq!(gate.runs.total(), run);
    }
}

#[tokio::test]
async fn p6_concurrent_fills_in_tasks_are_limited() {
    for bench in Bench::every_with(|builder| builder.max_fills(1)).await {
        let gate = Gate::new();
        let app = bench.app(pages(&gate));
        let first = ask(&app, "/pages/1");
        gate.entered().await;
        // Above the limit a request fills in its own task: it is answered, and nothing is stored.
        let second = ask(&app, "/pages/2");
        gate.entered().await;
        gate.let_through(2);
        assert_eq!(first.await.unwrap().x_cache(), Some("Miss"));
        assert_eq!(second.await.unwrap().x_cache(), Some("Miss"));
        assert_eq!(bench.cache.stats().rejected.fills, 1);
        bench.settled().await;
        settle().await;
        gate.let_through(2);
        assert_eq!(app.get("/pages/2").await.x_cache(), Some("Miss"));
        bench.settled().await;
        settle().await;
        assert_eq!(app.get("/pages/3").await.x_cache(), Some("Miss"));
        bench.settled().await;
        assert_eq!(
            app.get("/pages/3").await.x_cache(),
            Some("Hit"),
            "the place is free again"
        );
    }
}

#[tokio::test]
async fn p6_number_of_waiters_is_limited() {
    let bench = Bench::memory_with(|builder| builder.max_waiters(2)).await;
    let gate = Gate::new();
    let app = bench.app(pages(&gate));
    let leader = ask(&app, "/pages/1");
    gate.entered().await;
    let waiters = [ask(&app, "/pages/1"), ask(&app, "/pages/1")];
    settle().await;
    let beyond = ask(&app, "/pages/1");
    gate.entered().await;
    assert_eq!(gate.runs.total(), 2);
    assert_eq!(bench.cache.stats().rejected.waiters, 1);
    gate.let_through(2);
    assert_eq!(leader.await.unwrap().text(), "page 1, run 1");
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().text(), "page 1, run 1");
    }
    let beyond = beyond.await.unwrap();
    assert_eq!((beyond.x_cache(), beyond.text()), (Some("Miss"), "page 1, run 2"));
}
