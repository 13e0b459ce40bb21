//! How long a request waits for other fills, also on a slow store.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use futures_util::future::join_all;
use handler_cache::{Cache, ValueKey, cache, layer::CacheLayer};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};

use crate::{
    handlers::gated,
    support::{
        RedisServer,
        app::{App, Bench, PATIENCE, Runs, eventually},
        gate::{Gate, ask, settle},
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
    let bench = Bench::memory_with(|builder| builder.coalesce_timeout(wait)).await;
    let begun = Begun::default();
    let app = bench.app(Router::new().route("/", get(hangs)).with_state(begun.clone()));
    let start = Instant::now();
    let _clients: Vec<_> = (0..3).map(|_| ask(&app, "/")).collect();
    // On the paused clock: time for two waits, one after the other.
    sleep(wait * 3).await;
    let begun = begun.0.lock().unwrap();
    assert_eq!(begun.len(), 3, "who waited in vain runs the handler itself");
    for at in begun.iter() {
        assert!(*at <= start + wait + Duration::from_secs(1));
    }
}

async fn replica(url: &str, gate: &Gate, wait: Duration, budget: Duration) -> App {
    let builder = Cache::builder().prefix("test").url(url);
    let cache = builder
        .coalesce_timeout(wait)
        .store_budget(budget)
        .build()
        .await
        .expect("the settings are good");
    App(gated::pages(gate).layer(cache.attach()))
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
async fn p4_replicas_on_a_slow_store_share_one_fill_and_do_not_open_the_breaker() {
    let (delay, budget) = (Duration::from_millis(600), Duration::from_millis(1600));
    let server = RedisServer::start();
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    let link = Link::to(&server).start().await;
    let gate = Gate::new();
    let here = replica(&link.url(), &gate, PATIENCE, budget).await;
    let there = replica(&link.url(), &gate, PATIENCE, budget).await;
    // The handler's tags exist, so that nothing else causes a conflict.
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
    // They wait, and one poller reads for all of them.
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
    assert!(!log.text().contains("STORE_UNAVAILABLE"), "{}", log.text());
}

/// The first runs never return.
#[derive(Debug, Clone)]
struct Hanging {
    runs: Runs,
    first: usize,
}

#[cache(expire = 60)]
async fn hangs_at_first(State(hanging): State<Hanging>) -> String {
    let run = hanging.runs.increment();
    if run <= hanging.first {
        std::future::pending::<()>().await;
    }
    format!("run {run}")
}

#[tokio::test(start_paused = true)]
async fn p1_requests_wait_once_however_many_handlers_never_return() {
    let wait = Duration::from_secs(2);
    for first in [1, 2, 5] {
        let bench = Bench::memory_with(|builder| builder.coalesce_timeout(wait)).await;
        let hanging = Hanging {
            runs: Runs::default(),
            first,
        };
        let app = bench.app(Router::new().route("/", get(hangs_at_first)).with_state(hanging));
        let begun = Instant::now();
        let clients: Vec<_> = (0..100).map(|_| ask(&app, "/")).collect();
        let answers = join_all(clients.into_iter().map(|client| timeout(2 * wait, client))).await;
        let answered = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(answered, 100 - first, "without the cache it is as many");
        assert!(begun.elapsed() <= 2 * wait);
    }
}

/// Three caches around one another, and a handler that hangs for the first request.
#[tokio::test(start_paused = true)]
async fn p1_a_request_waits_once_in_all_the_caches_around_it() {
    let wait = Duration::from_secs(2);
    for attaches in [false, true] {
        let hanging = Hanging {
            runs: Runs::default(),
            first: 1,
        };
        let bare = async |State(hanging): State<Hanging>| match hanging.runs.increment() {
            run if run <= hanging.first => std::future::pending().await,
            run => format!("run {run}"),
        };
        let mut router = Router::new().route("/", get(bare)).with_state(hanging);
        for name in ["one", "two", "three"] {
            let cache = Cache::builder()
                .prefix(name)
                .coalesce_timeout(wait)
                .build()
                .await
                .unwrap();
            router = router.layer(CacheLayer::with_cache(&cache));
            if attaches {
                router = router.layer(cache.attach());
            }
        }
        let app = App(router);
        let _leader = ask(&app, "/");
        settle().await;
        let begun = Instant::now();
        assert_eq!(app.get("/").await.text(), "run 2");
        assert!(
            begun.elapsed() <= wait + Duration::from_millis(100),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[derive(Debug, Clone)]
struct Slow {
    runs: Runs,
    takes: Duration,
}

#[cache(expire = 60)]
async fn slow(State(slow): State<Slow>) -> String {
    let run = slow.runs.increment();
    sleep(slow.takes).await;
    format!("run {run}")
}

/// One request each second, and a handler four times as slow as `coalesce_timeout`.
#[tokio::test(start_paused = true)]
async fn p4_a_waiter_is_served_by_whichever_fill_ends_first() {
    let (wait, takes) = (Duration::from_secs(10), Duration::from_secs(40));
    let bench = Bench::memory_with(|builder| builder.coalesce_timeout(wait)).await;
    let runs = Runs::default();
    let slow_one = Slow { runs, takes };
    let app = bench.app(Router::new().route("/", get(slow)).with_state(slow_one));
    let begun = Instant::now();
    let mut visitors = Vec::new();
    for _ in 0..39 {
        let app = app.clone();
        visitors.push(tokio::spawn(async move {
            let answer = app.get("/").await;
            (answer, Instant::now())
        }));
        sleep(Duration::from_secs(1)).await;
    }
    for (number, visitor) in visitors.into_iter().enumerate() {
        let (answer, at) = visitor.await.unwrap();
        assert_eq!(answer.text(), "run 1", "visitor {number}");
        assert!(
            at - begun < takes + Duration::from_secs(1),
            "visitor {number}: {:?}",
            at - begun
        );
    }
}

#[tokio::test]
async fn p4_requests_join_a_fill_that_goes_on_when_no_other_may_begin() {
    for bench in Bench::every_with(|builder| builder.max_fills(1)).await {
        let gate = Gate::new();
        let app = bench.app(gated::pages(&gate));
        let leader = ask(&app, "/pages/1");
        gate.entered().await;
        let waiters: Vec<_> = (0..50).map(|_| ask(&app, "/pages/1")).collect();
        match &bench.redis {
            Some(server) => {
                while server.calls("get") < 50 {
                    sleep(Duration::from_millis(1)).await;
                }
            }
            None => settle().await,
        }
        gate.let_through(51);
        for client in waiters.into_iter().chain([leader]) {
            assert_eq!(client.await.unwrap().text(), "page 1, run 1");
        }
    }
}

/// No fill may have a task of its own, so it runs in that of its leader, and ends with it.
#[tokio::test]
async fn p4_requests_share_a_fill_when_none_may_have_a_task() {
    let bench = Bench::memory_with(|builder| builder.max_fills(0)).await;
    let gate = Gate::new();
    let app = bench.app(gated::pages(&gate));
    let leader = ask(&app, "/pages/1");
    gate.entered().await;
    let waiters: Vec<_> = (0..50).map(|_| ask(&app, "/pages/1")).collect();
    settle().await;
    leader.abort();
    gate.entered().await;
    settle().await;
    gate.let_through(52);
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().text(), "page 1, run 2");
    }
    assert_eq!(gate.runs.total(), 2);
}

/// Two replicas; one of them begins a fill while the store does not answer, which lasts until after an eviction.
#[tokio::test]
async fn p3_requests_do_not_join_a_fill_from_a_redis_outage_before_an_eviction() {
    let server = RedisServer::start();
    let gate = Gate::new();
    let budget = Duration::from_millis(150);
    let here = replica(&server.url(), &gate, PATIENCE, budget).await;
    let other = Cache::builder().prefix("test").url(server.url());
    let other = other.build().await.unwrap();
    server.freeze();
    let early = ask(&here, "/pages/7");
    gate.entered().await;
    server.thaw();
    other.evict(gated::page::key(Path(7))).await.unwrap();
    server.freeze();
    let late = ask(&here, "/pages/7");
    // Waits for the end of the first fill, then runs the handler.
    gate.let_through(1);
    assert_eq!(early.await.unwrap().text(), "page 7, run 1");
    gate.entered().await;
    gate.let_through(1);
    assert_eq!(late.await.unwrap().text(), "page 7, run 2");
    server.thaw();
}

#[tokio::test]
async fn p3_values_do_not_join_a_fill_from_a_redis_outage_before_an_eviction() {
    let server = RedisServer::start();
    let build = || {
        Cache::builder()
            .prefix("test")
            .url(server.url())
            .store_budget(Duration::from_millis(150))
    };
    let (here, other) = (build().build().await.unwrap(), build().build().await.unwrap());
    let (database, entered, open) = (
        Arc::new(Mutex::new(1)),
        Arc::new(Semaphore::new(0)),
        Arc::new(Semaphore::new(0)),
    );
    let fill = || {
        let (cache, database) = (here.clone(), Arc::clone(&database));
        let (entered, open) = (Arc::clone(&entered), Arc::clone(&open));
        tokio::spawn(async move {
            let key = ValueKey::<u32>::new("number", &7);
            let fill = move || async move {
                let value = *database.lock().unwrap();
                entered.add_permits(1);
                open.acquire().await.unwrap().forget();
                value
            };
            cache.get_or_fill(&key, Duration::from_secs(60), fill).await
        })
    };
    server.freeze();
    let early = fill();
    entered.acquire().await.unwrap().forget();
    server.thaw();
    *database.lock().unwrap() = 2;
    other.evict(ValueKey::<u32>::new("number", &7)).await.unwrap();
    server.freeze();
    let late = fill();
    open.add_permits(2);
    assert_eq!(early.await.unwrap(), 1);
    assert_eq!(late.await.unwrap(), 2);
    server.thaw();
}

/// Replies always come too late, and there are too few requests to fail five times between two probes.
#[tokio::test]
async fn p1_breaker_opens_for_a_redis_that_is_always_late_however_few_requests_there_are() {
    let server = RedisServer::start();
    let link = Link::to(&server).start().await;
    let cache = Cache::builder().prefix("test").url(link.url());
    let cache = cache
        .store_budget(Duration::from_millis(100))
        .build()
        .await
        .unwrap();
    let gate = Gate::new();
    gate.let_through(10_000);
    let app = App(gated::pages(&gate).layer(cache.attach()));
    link.delay(Duration::from_millis(300));
    let deadline = Instant::now() + PATIENCE;
    while !cache.stats().store_unavailable {
        assert!(
            Instant::now() < deadline,
            "each request waits for the store in vain"
        );
        app.get("/pages/1").await;
        sleep(Duration::from_millis(400)).await;
    }
    link.delay(Duration::ZERO);
    eventually("the store is used again", async || {
        !cache.stats().store_unavailable
    })
    .await;
}
