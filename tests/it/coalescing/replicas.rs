//! Coalescing across replicas that share a Redis server.

use std::time::{Duration, Instant};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use handler_cache::{Cache, cache};

use crate::{
    handlers::gated::{page, pages},
    support::{
        RedisServer,
        app::{App, PATIENCE, Runs, eventually},
        gate::{Gate, ask},
    },
};

async fn cache_on(server: &RedisServer) -> Cache {
    let cache = Cache::builder().prefix("test").url(server.url()).build().await;
    cache.expect("the settings are good")
}

async fn replica(server: &RedisServer, gate: &Gate) -> (Cache, App) {
    let cache = cache_on(server).await;
    let app = App(pages(gate).layer(cache.attach()));
    (cache, app)
}

#[tokio::test]
async fn p4_replicas_run_the_handler_once_between_them() {
    let server = RedisServer::start();
    let gate = Gate::new();
    let (_, here) = replica(&server, &gate).await;
    let (_, there) = replica(&server, &gate).await;
    let asked: Vec<_> = (0..50)
        .flat_map(|_| [ask(&here, "/pages/1"), ask(&there, "/pages/1")])
        .collect();
    gate.entered().await;
    gate.let_through(1);
    for answer in asked {
        assert_eq!(answer.await.unwrap().text(), "page 1, run 1");
    }
    assert_eq!(gate.runs.total(), 1);
}

#[tokio::test]
async fn p3_eviction_on_one_replica_fences_the_fill_on_another() {
    let server = RedisServer::start();
    let gate = Gate::new();
    let (_, here) = replica(&server, &gate).await;
    let (cache, there) = replica(&server, &gate).await;
    let early = ask(&here, "/pages/1");
    gate.entered().await;
    cache.evict(page::key(Path(1))).await.unwrap();
    let late = ask(&here, "/pages/1");
    gate.entered().await;
    gate.let_through(2);
    assert_eq!(early.await.unwrap().text(), "page 1, run 1");
    assert_eq!(late.await.unwrap().text(), "page 1, run 2");
    assert_eq!(there.get("/pages/1").await.text(), "page 1, run 2");
    assert_eq!(gate.runs.total(), 2);
}

#[tokio::test]
async fn p4_another_replica_takes_over_when_the_holder_dies() {
    let server = RedisServer::start();
    let (dead, alive) = (Gate::new(), Gate::new());
    let (_, there) = replica(&server, &alive).await;
    // The holder's runtime has ended during the fill, as when its process is killed: nothing is released.
    let holder = std::thread::spawn({
        let dead = dead.clone();
        let url = server.url();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let cache = Cache::builder().prefix("test").url(url).build().await.unwrap();
                let app = App(pages(&dead).layer(cache.attach()));
                let _leader = ask(&app, "/pages/1");
                dead.entered().await;
            });
            runtime.shutdown_timeout(Duration::ZERO);
        }
    });
    holder.join().unwrap();
    alive.let_through(1);
    let answer = there.get("/pages/1").await;
    assert_eq!(answer.text(), "page 1, run 1");
    assert_eq!((Runs::total(&dead.runs), Runs::total(&alive.runs)), (1, 1));
    assert_eq!(
        there.get("/pages/1").await.x_cache(),
        Some("Hit"),
        "and stores it"
    );
}

#[cache(expire = 60, client_max_age = "remaining")]
async fn counted(State(runs): State<Runs>) -> String {
    format!("run {}", runs.increment())
}

/// Clocks five minutes apart, and a TTL of one: by its own clock, each would find the other's entries expired or in the future.
#[tokio::test]
async fn replicas_whose_clocks_are_minutes_apart_have_the_same_hits() {
    let server = RedisServer::start();
    let runs = Runs::default();
    let replica = async |ahead| {
        let builder = Cache::builder().prefix("test").url(server.url());
        let cache = builder.clock_ahead(ahead).build().await.unwrap();
        let router = Router::new().route("/", get(counted)).with_state(runs.clone());
        let app = App(router.layer(cache.attach()));
        (cache, app)
    };
    let replicas = [replica(-300).await, replica(0).await, replica(300).await];
    for (number, (cache, app)) in replicas.iter().enumerate() {
        let answer = app.get("/").await;
        // Committed after the response.
        cache.shutdown().await.unwrap();
        let expected = if number == 0 { "Miss" } else { "Hit" };
        assert_eq!((answer.x_cache(), answer.text()), (Some(expected), "run 1"));
        let left = answer
            .header("cache-control")
            .and_then(|value| value.strip_prefix("private, max-age="));
        let left: u64 = left.unwrap().parse().unwrap();
        assert!((60 - PATIENCE.as_secs()..=60).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn entries_outlive_the_process_that_made_them() {
    let server = RedisServer::start();
    let gate = Gate::new();
    gate.let_through(1);
    let (cache, app) = replica(&server, &gate).await;
    app.get("/pages/1").await;
    // Joins the fill while it is being stored; from then on the entry is there.
    app.get("/pages/1").await;
    while server.get("test:it::handlers::gated::page(id=1)").is_none() {
        tokio::task::yield_now().await;
    }
    drop((cache, app));
    let (_, again) = replica(&server, &gate).await;
    assert_eq!(again.get("/pages/1").await.x_cache(), Some("Hit"));
    assert!((1..=60_000).contains(&server.pttl("test:it::handlers::gated::page(id=1)")));
}

#[tokio::test]
async fn waiters_of_one_process_ask_for_a_foreign_lease_through_one_poller() {
    let server = RedisServer::start();
    let gate = Gate::new();
    let (_, here) = replica(&server, &gate).await;
    let (_, there) = replica(&server, &gate).await;
    let leader = ask(&here, "/pages/1");
    gate.entered().await;
    let waiters: Vec<_> = (0..50).map(|_| ask(&there, "/pages/1")).collect();
    // Each asks for the lease itself, once; from then on one looks for all of them.
    let lease = "{test:it::handlers::gated::page(id=1)}:lease";
    let asked = server.calls("eval");
    assert!(asked <= 51);
    while server.calls("eval") < 51 {
        tokio::task::yield_now().await;
    }
    assert!(server.exists(lease));
    let before = server.calls("get");
    let looked_at = Instant::now();
    while server.calls("get") < before + 10 {
        tokio::task::yield_now().await;
    }
    // Ten looks of one poller take a while; ten of fifty pollers take no longer than the first pause.
    assert!(looked_at.elapsed() > Duration::from_millis(50));
    gate.let_through(1);
    for answer in waiters.into_iter().chain([leader]) {
        assert_eq!(answer.await.unwrap().text(), "page 1, run 1");
    }
}

/// Fails when it is called for the second time.
#[cache(expire = 60)]
async fn moody(State(gate): State<Gate>) -> Result<String, StatusCode> {
    match gate.pass().await {
        2 => Err(StatusCode::INTERNAL_SERVER_ERROR),
        run => Ok(format!("run {run}")),
    }
}

/// The entry that a waiter finds after the fill of another replica may be older than that fill.
#[tokio::test]
async fn an_older_entry_is_not_taken_for_the_fill_of_another_replica() {
    let server = RedisServer::start();
    let gate = Gate::new();
    let pages = || Router::new().route("/", get(moody)).with_state(gate.clone());
    let [here, there] =
        [cache_on(&server).await, cache_on(&server).await].map(|cache| App(pages().layer(cache.attach())));
    gate.let_through(1);
    assert_eq!(here.get("/").await.text(), "run 1");
    gate.entered().await;
    eventually("the page is stored", async || {
        there.get("/").await.x_cache() == Some("Hit")
    })
    .await;
    let anew = |app: &App| {
        let app = app.clone();
        tokio::spawn(async move { app.get_with("/", [("cache-control", "max-age=0")]).await })
    };
    let failing = anew(&here);
    gate.entered().await;
    let before = server.calls("get");
    let other = anew(&there);
    while server.calls("get") == before {
        tokio::task::yield_now().await;
    }
    gate.let_through(2);
    assert_eq!(failing.await.unwrap().status, 500);
    assert_eq!(other.await.unwrap().text(), "run 3");
}

/// A rolling restart: the process ends before its handler does.
#[tokio::test]
async fn p4_shutdown_that_times_out_leaves_the_fill_to_other_replicas() {
    let server = RedisServer::start();
    let gate = Gate::new();
    let ending = Cache::builder().prefix("test").url(server.url());
    let ending = ending.coalesce_timeout(Duration::from_millis(50)).build().await;
    let ending = ending.expect("the settings are good");
    let here = App(pages(&gate).layer(ending.attach()));
    let (cache, there) = replica(&server, &gate).await;
    let abandoned = ask(&here, "/pages/1");
    gate.entered().await;
    assert!(server.is_being_filled());
    let shutdown = tokio::spawn(async move { ending.shutdown().await });
    shutdown.await.unwrap().unwrap();
    assert!(!server.is_being_filled(), "the lease stays");
    let taken_over = ask(&there, "/pages/1");
    gate.entered().await;
    // The abandoned fill ends first, and is fenced.
    gate.let_through(1);
    assert_eq!(abandoned.await.unwrap().text(), "page 1, run 1");
    gate.let_through(1);
    assert_eq!(taken_over.await.unwrap().text(), "page 1, run 2");
    cache.shutdown().await.unwrap();
    assert_eq!(there.get("/pages/1").await.text(), "page 1, run 2");
}
