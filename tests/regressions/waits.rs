//! How long a request waits for others, and what a slow store makes of that.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, routing::get};
use handler_cache::{Cache, cache};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Gate, ask, gated_pages,
    support::{
        RedisServer,
        app::{App, Bench, PATIENCE},
        link::Link,
        log::Log,
    },
};

#[derive(Debug, Clone, Default)]
struct Begun(Arc<Mutex<Vec<Instant>>>);

#[cache(expire = 60)]
async fn hangs(State(begun): State<Begun>) -> &'static str {
    begun.0.lock().expect("nobody panicked").push(Instant::now());
    sleep(Duration::from_secs(1000)).await;
    ""
}

#[tokio::test(start_paused = true)]
async fn p1_all_waiting_of_a_request_together_is_bounded_by_wait() {
    let wait = Duration::from_secs(10);
    let bench = Bench::memory_with(|builder| builder.wait(wait)).await;
    let begun = Begun::default();
    let app = bench.app(Router::new().route("/", get(hangs)).with_state(begun.clone()));
    let start = Instant::now();
    let _clients: Vec<_> = (0..3).map(|_| ask(&app, "/")).collect();
    // On the paused clock: time for two waits, one after the other.
    sleep(wait * 3).await;
    let begun = begun.0.lock().unwrap();
    assert_eq!(
        begun.len(),
        2,
        "the first, and one for the two that waited in vain"
    );
    for at in begun.iter() {
        assert!(*at <= start + wait + Duration::from_secs(1));
    }
}

async fn replica(url: &str, gate: &Gate, wait: Duration, budget: Duration) -> App {
    let builder = Cache::builder().prefix("test").url(url);
    let cache = builder
        .wait(wait)
        .store_budget(budget)
        .build()
        .await
        .expect("the settings are good");
    App(gated_pages(gate).layer(cache.attach()))
}

#[tokio::test]
async fn p1_request_waits_for_another_replica_no_longer_than_wait() {
    let server = RedisServer::start();
    let (held, free) = (Gate::new(), Gate::new());
    let wait = Duration::from_millis(300);
    let here = replica(&server.url(), &held, wait, PATIENCE).await;
    let there = replica(&server.url(), &free, wait, PATIENCE).await;
    let leader = ask(&here, "/pages/1");
    held.entered().await;
    free.let_through(1);
    let answer = timeout(PATIENCE, there.get("/pages/1")).await;
    assert_eq!(answer.expect("the leader is not waited for").status, 200);
    held.let_through(1);
    leader.await.unwrap();
}

/// A read and a lease fit into a request's budget, a third call would not; the store never fails.
#[tokio::test]
async fn p4_replicas_on_a_slow_store_share_one_run_and_do_not_call_it_ailing() {
    let (delay, budget) = (Duration::from_millis(600), Duration::from_millis(1600));
    let server = RedisServer::start();
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    let link = Link::to(&server).start().await;
    let gate = Gate::new();
    let here = replica(&link.url(), &gate, PATIENCE, budget).await;
    let there = replica(&link.url(), &gate, PATIENCE, budget).await;
    // The handler's tags are there, so that nothing else is in the way.
    gate.let_through(1);
    here.get("/pages/0").await;
    gate.entered().await;
    while server.is_being_filled() {
        sleep(Duration::from_millis(1)).await;
    }
    link.delay(delay);
    let leader = ask(&here, "/pages/1");
    gate.entered().await;
    let looks = server.calls("get");
    let waiters: Vec<_> = (0..10).map(|_| ask(&there, "/pages/1")).collect();
    let deadline = Instant::now() + PATIENCE;
    // They wait: one looks for all of them.
    while server.calls("get") < looks + 2 {
        assert!(
            Instant::now() < deadline,
            "nobody waits for the other replica's run"
        );
        sleep(Duration::from_millis(5)).await;
    }
    gate.let_through(11);
    for client in waiters.into_iter().chain([leader]) {
        assert_eq!(client.await.unwrap().text(), "page 1, run 2");
    }
    assert!(!log.text().contains("STORE_AILING"), "{}", log.text());
}
