//! Evictions that Redis did not acknowledge are retried, and hold in this process meanwhile.

use std::{
    io,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::get,
};
use futures_util::stream;
use handler_cache::{Cache, Expire, Tags, cache};
use tokio::time::{sleep, timeout};

use crate::support::{
    RedisServer,
    app::{App, Bench, PATIENCE, Runs},
    gate::{Gate, ask},
    link::Link,
};

#[cache(expire = 60)]
async fn tagged(State(gate): State<Gate>) -> impl IntoResponse {
    let run = gate.pass().await;
    (Tags(["x"]), format!("run {run}"))
}

#[tokio::test]
async fn p3_fill_from_before_an_eviction_of_its_own_tag_that_failed_in_redis_is_not_joined() {
    let bench = Bench::redis().await;
    let gate = Gate::new();
    let app = bench.app(Router::new().route("/", get(tagged)).with_state(gate.clone()));
    let first = ask(&app, "/");
    gate.entered().await;
    bench.server().command(["ACL", "SETUSER", "default", "-del"]);
    assert!(bench.cache.evict_tag("x").await.unwrap_err().is_store());
    let leases = bench.server().calls("eval");
    let second = ask(&app, "/");
    let deadline = Instant::now() + PATIENCE;
    while bench.server().calls("eval") == leases {
        assert!(Instant::now() < deadline, "the second does not ask for the lease");
        sleep(Duration::from_millis(1)).await;
    }
    gate.let_through(5);
    assert_eq!(first.await.unwrap().text(), "run 1");
    assert_eq!(second.await.unwrap().text(), "run 2");
}

#[cache(expire = 60)]
async fn gated(Path(_id): Path<u32>, State(gate): State<Gate>) -> String {
    format!("run {}", gate.pass().await)
}

fn gated_routes(gate: &Gate) -> Router {
    Router::new().route("/{id}", get(gated)).with_state(gate.clone())
}

#[tokio::test]
async fn p4_failed_eviction_does_not_end_sharing_in_an_outage() {
    let cache = Cache::builder().prefix("test").url("redis://127.0.0.1:1");
    let cache = cache.build().await.unwrap();
    let gate = Gate::new();
    let app = App(gated_routes(&gate).layer(cache.attach()));
    assert!(cache.evict(gated::key(Path(1))).await.unwrap_err().is_store());
    let asked: Vec<_> = (0..8).map(|_| ask(&app, "/1")).collect();
    gate.entered().await;
    // They wait for the fill only, since the store is known to be unavailable.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    gate.let_through(8);
    let mut runs = Vec::new();
    for answer in asked {
        runs.push(answer.await.unwrap().text().to_owned());
    }
    // While the store is unavailable, a request joins only fills that begin after it: all requests that arrived during the
    // first fill share the next one.
    assert_eq!(runs[0], "run 1");
    assert_eq!(runs[1..], ["run 2"; 7]);
    assert_eq!(gate.runs.total(), 2);
}

#[tokio::test]
async fn p3_used_up_budget_does_not_make_redis_unavailable() {
    let server = RedisServer::start();
    let link = Link::to(&server).start().await;
    let gate = Gate::new();
    let here = Cache::builder().prefix("test").url(link.url());
    let here = here
        .store_budget(Duration::from_millis(1000))
        .build()
        .await
        .unwrap();
    let app = App(gated_routes(&gate).layer(here.attach()));
    let there = Cache::builder().prefix("test").url(server.url());
    let there = there.store_budget(PATIENCE).build().await.unwrap();
    // The read is answered in time, the lease after it is not: the fill has no lease.
    link.delay(Duration::from_millis(450));
    let first = ask(&app, "/1");
    gate.entered().await;
    there.evict(gated::key(Path(1))).await.unwrap();
    let second = ask(&app, "/1");
    let runs_too = timeout(PATIENCE, gate.entered()).await;
    runs_too.expect(
        "the second request read the store after the eviction, so it does not join a fill from before",
    );
    gate.let_through(2);
    assert_eq!(first.await.unwrap().text(), "run 1");
    assert_eq!(second.await.unwrap().text(), "run 2");
}

#[cache(expire = 60)]
async fn page(Path(id): Path<u32>, State(runs): State<Runs>) -> String {
    format!("page {id}, run {}", runs.increment())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_eviction_that_failed_in_redis_is_retried_though_its_runtime_has_ended() {
    let bench = Bench::redis().await;
    let app = bench.app(
        Router::new()
            .route("/{id}", get(page))
            .with_state(Runs::default()),
    );
    app.get("/1").await;
    bench.settled().await;
    bench.server().command(["ACL", "SETUSER", "default", "-unlink"]);
    let cache = bench.cache.clone();
    let evicting = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(cache.evict(page::key(Path(1))))
    });
    assert!(evicting.join().unwrap().unwrap_err().is_store());
    bench.server().command(["ACL", "SETUSER", "default", "+unlink"]);
    let deadline = Instant::now() + PATIENCE;
    while app.get("/1").await.x_cache() != Some("Hit") {
        assert!(Instant::now() < deadline, "the eviction is not retried");
        sleep(Duration::from_millis(10)).await;
    }
}

#[cache(expire = 1, stale_if_error = 600)]
async fn fails_later(State(runs): State<Runs>) -> Result<String, StatusCode> {
    match runs.increment() {
        1 => Ok("good".to_owned()),
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

#[tokio::test]
async fn stale_entry_is_served_for_a_failure_when_redis_rejects_the_lease_too() {
    let bench = Bench::redis().await;
    let app = bench.app(
        Router::new()
            .route("/", get(fails_later))
            .with_state(Runs::default()),
    );
    app.get("/").await;
    bench.settled().await;
    bench.clock.advance(Duration::from_secs(5));
    bench.server().command(["ACL", "SETUSER", "default", "-eval"]);
    let answer = app.get("/").await;
    assert_eq!(
        (answer.status, answer.x_cache(), answer.text()),
        (StatusCode::OK, Some("Stale"), "good")
    );
}

#[cache(expire = 1, stale_if_error = 600)]
async fn breaks_once(State(runs): State<Runs>) -> Body {
    match runs.increment() {
        2 => Body::from_stream(stream::iter([Ok("go"), Err(io::Error::other("cut off"))])),
        _ => Body::from("good"),
    }
}

#[tokio::test]
async fn stale_entry_stays_when_the_body_that_was_to_replace_it_breaks() {
    let bench = Bench::memory().await;
    let app = bench.app(
        Router::new()
            .route("/", get(breaks_once))
            .with_state(Runs::default()),
    );
    app.get("/").await;
    bench.clock.advance(Duration::from_secs(5));
    let broken = app.open("/").await;
    assert!(axum::body::to_bytes(broken.into_body(), 1000).await.is_err());
    bench.cache.shutdown().await.unwrap();
    let answer = app.get("/").await;
    assert_eq!((answer.x_cache(), answer.text()), (Some("Stale"), "good"));
}

#[cache(expire = "1d")]
async fn expiring(Path(seconds): Path<u64>) -> impl IntoResponse {
    (Expire(Duration::from_secs(seconds)), Tags(["x"]), "text")
}

#[tokio::test]
async fn tag_that_responses_name_is_kept_in_redis_as_long_as_its_entries() {
    let bench = Bench::redis().await;
    let app = bench.app(Router::new().route("/{seconds}", get(expiring)));
    for path in ["/1", "/80000"] {
        app.get(path).await;
        bench.settled().await;
    }
    bench.cache.shutdown().await.unwrap();
    let ttl = bench.server().pttl("test:#t:x");
    assert!(ttl >= 80_000_000, "the tag expires in {ttl} ms");
}
