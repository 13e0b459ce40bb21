//! Leases: who runs the handler across replicas, renewal, and release.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::Method,
    response::Response,
    routing::get,
};
use bytes::Bytes;
use handler_cache::{Cache, cache, clock::ManualClock, policy::ClientControl, store::LEASE_TTL};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::{
    handlers::{counted::page, gated},
    support::{
        RedisServer,
        app::{App, Bench, PATIENCE, Runs},
        gate::{Gate, ask, settle},
        link::{Link, LinkState},
    },
};

/// Waits for round trips behind those of requests that were sent before, on the same connection.
async fn round_trips(bench: &Bench) {
    settle().await;
    for _ in 0..10 {
        let evicted = bench.cache.evict(page::key(Path(2))).await;
        evicted.expect("the store is well");
    }
}

#[tokio::test]
async fn p4_one_fill_before_a_handler_has_tags_and_after_they_were_evicted() {
    for bench in Bench::every().await {
        for _ in 0..3 {
            let gate = Gate::new();
            let app = bench.app(gated::pages(&gate));
            let clients: Vec<_> = (0..20).map(|_| ask(&app, "/pages/1")).collect();
            gate.entered().await;
            round_trips(&bench).await;
            gate.let_through(clients.len());
            for client in clients {
                assert_eq!(client.await.unwrap().text(), "page 1, run 1");
            }
            assert_eq!(gate.runs.total(), 1);
            bench.settled().await;
            app.send(Method::DELETE, "/pages", [], "").await;
        }
    }
}

#[tokio::test]
async fn p4_concurrent_refreshes_run_the_handler_once() {
    for bench in Bench::every_with(|builder| builder.client_control(ClientControl::Refresh)).await {
        let gate = Gate::new();
        let app = bench.app(gated::pages(&gate));
        let refresh = || {
            let app = app.clone();
            tokio::spawn(async move { app.get_with("/pages/1", [("cache-control", "no-cache")]).await })
        };
        let first = refresh();
        gate.entered().await;
        let others: Vec<_> = (0..9).map(|_| refresh()).collect();
        round_trips(&bench).await;
        gate.let_through(10);
        for client in others.into_iter().chain([first]) {
            assert_eq!(client.await.unwrap().text(), "page 1, run 1");
        }
        assert_eq!(gate.runs.total(), 1);
    }
}

/// Blocks its thread, as a computation does: it awaits nothing.
#[cache(expire = 60)]
async fn computes(State(done): State<Arc<Mutex<mpsc::Receiver<()>>>>) -> &'static str {
    let done = done.lock().expect("nobody panicked");
    tokio::task::block_in_place(|| done.recv_timeout(PATIENCE)).expect("the test ends it");
    "computed"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_lease_in_redis_is_renewed_while_a_handler_computes_without_a_pause() {
    let bench = Bench::redis().await;
    let (end, done) = mpsc::channel();
    let done = Arc::new(Mutex::new(done));
    let app = bench.app(Router::new().route("/", get(computes)).with_state(done));
    let leader = ask(&app, "/");
    let lease = "{test:it::coalescing::leases::computes()}:lease";
    let left = async |wanted: fn(i64) -> bool| {
        let deadline = Instant::now() + PATIENCE;
        // A record outlives its lease by 55 s.
        while !wanted(bench.server().pttl(lease) - 55_000) {
            assert!(
                Instant::now() < deadline,
                "its TTL is {} ms",
                bench.server().pttl(lease)
            );
            sleep(Duration::from_millis(5)).await;
        }
    };
    left(|millis| (1..4_000).contains(&millis)).await;
    left(|millis| millis > 4_000).await;
    end.send(()).unwrap();
    assert_eq!(leader.await.unwrap().text(), "computed");
    bench.settled().await;
    assert_eq!(app.get("/").await.x_cache(), Some("Hit"));
}

#[tokio::test]
async fn p4_fill_without_renewal_for_half_a_minute_keeps_its_lease_in_memory() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let app = bench.app(gated::pages(&gate));
    let leader = ask(&app, "/pages/1");
    gate.entered().await;
    // As if a handler had computed and blocked the whole runtime.
    bench.clock.advance(Duration::from_secs(30));
    let waiter = ask(&app, "/pages/1");
    settle().await;
    gate.let_through(2);
    assert_eq!(leader.await.unwrap().text(), "page 1, run 1");
    assert_eq!(waiter.await.unwrap().text(), "page 1, run 1");
    assert_eq!(app.get("/pages/1").await.x_cache(), Some("Hit"));
}

/// Ends after this many chunks, or never; each takes ten seconds.
struct Slow {
    left: Option<u64>,
    next: Pin<Box<Sleep>>,
    shared: Shared,
}

#[derive(Clone)]
struct Shared {
    chunks: Runs,
    clock: ManualClock,
}

const PAUSE: Duration = Duration::from_secs(10);

impl Slow {
    fn body(left: Option<u64>, shared: Shared) -> Body {
        let next = Box::pin(sleep(PAUSE));
        Body::new(Self { left, next, shared })
    }
}

impl http_body::Body for Slow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == Some(0) {
            return Poll::Ready(None);
        }
        ready!(self.next.as_mut().poll(context));
        self.next = Box::pin(sleep(PAUSE));
        self.left = self.left.map(|left| left - 1);
        self.shared.chunks.increment();
        self.shared.clock.advance(PAUSE);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cache(expire = 600)]
async fn passes_on(State(shared): State<Shared>) -> Response {
    Response::new(Slow::body(Some(8), shared))
}

#[cache(expire = 600)]
async fn never_ends(State(shared): State<Shared>) -> Response {
    Response::new(Slow::body(None, shared))
}

fn slow_bodies(bench: &Bench) -> (Runs, Router) {
    let chunks = Runs::default();
    let shared = Shared {
        chunks: chunks.clone(),
        clock: bench.clock.clone(),
    };
    let router = Router::new()
        .route("/sized", get(passes_on))
        .route("/endless", get(never_ends));
    (chunks, router.with_state(shared))
}

#[tokio::test(start_paused = true)]
async fn p4_slow_body_of_known_size_keeps_its_lease() {
    let bench = Bench::memory().await;
    let (chunks, router) = slow_bodies(&bench);
    let app = bench.app(router);
    let leader = ask(&app, "/sized");
    // On the paused clock: longer than the TTL of a lease in memory.
    sleep(PAUSE * 15 / 2).await;
    let second = app.get("/sized").await;
    assert_eq!((second.x_cache(), second.text()), (Some("Hit"), "xxxxxxxx"));
    assert_eq!(leader.await.unwrap().text(), "xxxxxxxx");
    assert_eq!(chunks.total(), 8);
}

#[tokio::test(start_paused = true)]
async fn p6_stream_whose_client_left_ends_with_its_lease() {
    let bench = Bench::memory().await;
    let (chunks, router) = slow_bodies(&bench);
    let app = bench.app(router);
    drop(app.open("/endless").await);
    sleep(Duration::from_secs(3600)).await;
    // The lease is renewed for a minute. After that nothing can be stored, and no client reads.
    assert!(chunks.total() <= 12, "read {} times in an hour", chunks.total());
}

/// Its lease stays in Redis for the rest of its five seconds, although no fill is in progress.
#[tokio::test]
async fn p4_lease_that_could_not_be_released_in_redis_is_not_waited_for() {
    let server = RedisServer::start();
    let link = Link::to(&server).start().await;
    let builder = Cache::builder().prefix("test").url(link.url());
    let cache = builder.build().await.unwrap();
    let gate = Gate::new();
    let app = App(gated::pages(&gate).layer(cache.attach()));
    let begun = Instant::now();
    let first = ask(&app, "/pages/1");
    gate.entered().await;
    link.set_state(LinkState::Cut);
    gate.let_through(100);
    assert_eq!(first.await.unwrap().text(), "page 1, run 1");
    cache.shutdown().await.unwrap();
    link.set_state(LinkState::Open);
    while cache.stats().store_unavailable || app.get("/pages/2").await.x_cache() != Some("Hit") {
        assert!(begun.elapsed() < PATIENCE, "it does not reconnect");
        tokio::task::yield_now().await;
    }
    assert!(
        server.is_being_filled(),
        "gone already after {:?}",
        begun.elapsed()
    );
    assert_ne!(app.get("/pages/1").await.text(), "page 1, run 1");
    assert!(begun.elapsed() < LEASE_TTL, "it waited for {:?}", begun.elapsed());
}

async fn replica_at(url: String, gate: &Gate) -> App {
    let cache = Cache::builder().prefix("test").url(url);
    let cache = cache.store_budget(PATIENCE).build().await;
    App(gated::pages(gate).layer(cache.expect("the settings are good").attach()))
}

/// Far below the time that other replicas wait for a lease to lapse.
const SOON: Duration = Duration::from_secs(3);

#[tokio::test]
async fn p4_lease_is_released_though_the_redis_connection_broke_as_its_fill_ended() {
    let server = RedisServer::start();
    let link = Link::to(&server).start().await;
    let (here_gate, there_gate) = (Gate::new(), Gate::new());
    let here = replica_at(link.url(), &here_gate).await;
    let there = replica_at(server.url(), &there_gate).await;
    let leader = ask(&here, "/pages/1");
    here_gate.entered().await;
    link.set_state(LinkState::Cut);
    here_gate.let_through(1);
    assert_eq!(leader.await.unwrap().text(), "page 1, run 1");
    link.set_state(LinkState::Open);
    there_gate.let_through(1);
    let answer = timeout(SOON, there.get("/pages/1")).await;
    let answer = answer.expect("nobody waits for a fill that has ended");
    assert_eq!(answer.text(), "page 1, run 1");
}

/// As after a failover to a server whose clock is behind: the lease outlives its holder by the difference.
#[tokio::test]
async fn p4_lease_in_redis_with_a_longer_ttl_than_any_lease_has_may_be_taken() {
    let server = RedisServer::start();
    let (held, free) = (Gate::new(), Gate::new());
    let here = replica_at(server.url(), &held).await;
    let there = replica_at(server.url(), &free).await;
    let leader = ask(&here, "/pages/1");
    held.entered().await;
    server.command([
        "PEXPIRE",
        "{test:it::handlers::gated::page(id=1)}:lease",
        "3600000",
    ]);
    free.let_through(1);
    let answer = timeout(SOON, there.get("/pages/1")).await;
    assert_eq!(answer.expect("nobody waits for an hour").text(), "page 1, run 1");
    held.let_through(1);
    leader.await.unwrap();
    assert_eq!(there.get("/pages/1").await.x_cache(), Some("Hit"));
}
