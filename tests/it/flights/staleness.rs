//! Entries past their life: served while another is made, or when none can be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::{Cache, cache, policy::ClientMaxAge};

use super::{
    Gate, ask, settle,
    support::{
        RedisServer,
        app::{Answer, App, Bench},
    },
};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What the handler answers next.
#[derive(Clone)]
struct Origin {
    gate: Gate,
    mode: Arc<AtomicU8>,
}

const WELL: u8 = 0;
const FAILING: u8 = 1;
const PANICKING: u8 = 2;
const MISSING: u8 = 3;

impl Origin {
    fn new() -> Self {
        let mode = Arc::new(AtomicU8::new(WELL));
        Self {
            gate: Gate::new(),
            mode,
        }
    }

    fn is(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }

    async fn answer(&self) -> Response {
        let run = self.gate.pass().await;
        match self.mode.load(Ordering::SeqCst) {
            FAILING => (StatusCode::BAD_GATEWAY, format!("failure {run}")).into_response(),
            PANICKING => panic!("run {run}"),
            MISSING => (StatusCode::NOT_FOUND, format!("nothing {run}")).into_response(),
            _ => format!("run {run}").into_response(),
        }
    }
}

#[cache(expire = 30, stale_while_revalidate = 10, stale_if_error = 60)]
async fn page(Path(_id): Path<u32>, State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[cache(expire = 30, stale_if_error = 60, stale_if_slow = "200ms")]
async fn slow(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[cache(expire = 30, stale_while_revalidate = 10)]
async fn strict(State(origin): State<Origin>) -> Response {
    let own = [(header::CACHE_CONTROL, "max-age=30, must-revalidate")];
    (own, origin.answer().await).into_response()
}

fn routes(origin: &Origin) -> Router {
    Router::new()
        .route("/pages/{id}", get(page))
        .route("/slow", get(slow))
        .route("/strict", get(strict))
        .with_state(origin.clone())
}

/// A page that was stored 30 seconds and `late` ago.
async fn stale_page(bench: &Bench, late: Duration) -> (Origin, App) {
    let origin = Origin::new();
    let app = bench.app(routes(&origin));
    origin.gate.let_through(1);
    assert_eq!(app.get("/pages/1").await.text(), "run 1");
    origin.gate.entered().await;
    bench.settled().await;
    bench.clock.advance(secs(30) + late);
    (origin, app)
}

fn seen(answer: &Answer) -> (StatusCode, Option<&str>, &str) {
    (answer.status, answer.verdict(), answer.text())
}

#[tokio::test]
async fn stale_entry_answers_at_once_while_one_run_renews_it() {
    for bench in
        Bench::every_with(|builder| builder.cache_status(true).client_max_age(ClientMaxAge::Remaining)).await
    {
        let (origin, app) = stale_page(&bench, secs(9)).await;
        for _ in 0..20 {
            let answer = app.get("/pages/1").await;
            assert_eq!(seen(&answer), (StatusCode::OK, Some("Stale"), "run 1"));
            assert_eq!(answer.header("cache-control"), Some("private, max-age=0"));
            assert_eq!(answer.header("cache-status"), Some("test; hit; ttl=-9"));
        }
        origin.gate.entered().await;
        origin.gate.let_through(1);
        bench.settled().await;
        settle().await;
        let renewed = app.get("/pages/1").await;
        assert_eq!(seen(&renewed), (StatusCode::OK, Some("Hit"), "run 2"));
        assert_eq!(renewed.header("cache-control"), Some("private, max-age=30"));
        assert_eq!(origin.gate.runs.total(), 2);
    }
}

#[tokio::test]
async fn replicas_renew_an_entry_once_between_them() {
    let server = RedisServer::start();
    let first = Bench::on(server).await;
    let (origin, here) = stale_page(&first, secs(1)).await;
    let other = Cache::builder()
        .prefix("test")
        .url(first.server().url())
        .clock(&first.clock);
    let other = other.build().await.unwrap();
    let there = App(routes(&origin).layer(other.attach()));
    for _ in 0..10 {
        assert_eq!(here.get("/pages/1").await.verdict(), Some("Stale"));
        assert_eq!(there.get("/pages/1").await.verdict(), Some("Stale"));
    }
    origin.gate.entered().await;
    origin.gate.let_through(1);
    first.settled().await;
    assert_eq!(there.get("/pages/1").await.text(), "run 2");
    assert_eq!(origin.gate.runs.total(), 2);
}

#[tokio::test]
async fn stale_entry_answers_for_a_handler_that_fails_or_panics() {
    for mode in [FAILING, PANICKING] {
        for bench in Bench::every().await {
            let (origin, app) = stale_page(&bench, secs(15)).await;
            origin.is(mode);
            origin.gate.let_through(1);
            let answer = app.get("/pages/1").await;
            assert_eq!(seen(&answer), (StatusCode::OK, Some("Stale"), "run 1"));
            assert_eq!(origin.gate.runs.total(), 2);
            bench.settled().await;
            // The handler is spared for a while.
            assert_eq!(
                seen(&app.get("/pages/1").await),
                (StatusCode::OK, Some("Stale"), "run 1")
            );
            assert_eq!(origin.gate.runs.total(), 2);
        }
    }
}

#[tokio::test]
async fn handler_that_failed_is_tried_again_after_the_pause() {
    let bench = Bench::memory_with(|builder| builder.failure_backoff(secs(20))).await;
    let (origin, app) = stale_page(&bench, secs(15)).await;
    origin.is(FAILING);
    origin.gate.let_through(1);
    assert_eq!(app.get("/pages/1").await.verdict(), Some("Stale"));
    bench.clock.advance(secs(19));
    assert_eq!(app.get("/pages/1").await.verdict(), Some("Stale"));
    assert_eq!(origin.gate.runs.total(), 2);
    bench.clock.advance(secs(1));
    origin.is(WELL);
    origin.gate.let_through(1);
    assert_eq!(
        seen(&app.get("/pages/1").await),
        (StatusCode::OK, Some("Miss"), "run 3")
    );
}

#[tokio::test]
async fn failed_refresh_behind_a_response_is_not_tried_again_at_once() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(1)).await;
        origin.is(FAILING);
        origin.gate.let_through(1);
        assert_eq!(app.get("/pages/1").await.verdict(), Some("Stale"));
        origin.gate.entered().await;
        bench.settled().await;
        settle().await;
        for _ in 0..5 {
            assert_eq!(app.get("/pages/1").await.verdict(), Some("Stale"));
            settle().await;
        }
        assert_eq!(origin.gate.runs.total(), 2);
    }
}

#[tokio::test]
async fn failure_is_answered_once_the_window_is_over() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(60)).await;
        origin.is(FAILING);
        origin.gate.let_through(1);
        let answer = app.get("/pages/1").await;
        assert_eq!(
            seen(&answer),
            (StatusCode::BAD_GATEWAY, Some("Miss"), "failure 2")
        );
    }
}

#[tokio::test]
async fn those_that_wait_for_a_run_that_fails_get_the_stale_entry_too() {
    let bench = Bench::memory().await;
    let (origin, app) = stale_page(&bench, secs(15)).await;
    origin.is(FAILING);
    let asked = [
        ask(&app, "/pages/1"),
        ask(&app, "/pages/1"),
        ask(&app, "/pages/1"),
    ];
    origin.gate.entered().await;
    settle().await;
    origin.gate.let_through(1);
    for answer in asked {
        assert_eq!(
            seen(&answer.await.unwrap()),
            (StatusCode::OK, Some("Stale"), "run 1")
        );
    }
    assert_eq!(origin.gate.runs.total(), 2);
}

#[tokio::test]
async fn p3_stale_entry_is_not_served_after_its_eviction() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(1)).await;
        // A run behind the response is under way, and fenced.
        assert_eq!(app.get("/pages/1").await.verdict(), Some("Stale"));
        origin.gate.entered().await;
        bench.cache.evict(page::key(Path(1))).await.unwrap();
        origin.is(FAILING);
        origin.gate.let_through(2);
        let answer = app.get("/pages/1").await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
        assert_eq!(origin.gate.runs.total(), 3);
    }
}

#[tokio::test]
async fn refresh_that_answers_what_is_not_stored_takes_the_entry_away() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(1)).await;
        origin.is(MISSING);
        origin.gate.let_through(2);
        assert_eq!(app.get("/pages/1").await.verdict(), Some("Stale"));
        origin.gate.entered().await;
        bench.settled().await;
        settle().await;
        let answer = app.get("/pages/1").await;
        assert_eq!(seen(&answer), (StatusCode::NOT_FOUND, Some("Miss"), "nothing 3"));
    }
}

#[tokio::test(start_paused = true)]
async fn slow_handler_is_waited_for_so_long_and_ends_behind_the_response() {
    let bench = Bench::memory().await;
    let origin = Origin::new();
    let app = bench.app(routes(&origin));
    origin.gate.let_through(1);
    app.get("/slow").await;
    origin.gate.entered().await;
    bench.clock.advance(secs(31));
    // Nobody is let through, and time passes only where all wait.
    let answers = [ask(&app, "/slow"), ask(&app, "/slow")];
    for answer in answers {
        assert_eq!(
            seen(&answer.await.unwrap()),
            (StatusCode::OK, Some("Stale"), "run 1")
        );
    }
    assert_eq!(origin.gate.runs.total(), 2);
    origin.gate.let_through(1);
    settle().await;
    assert_eq!(
        seen(&app.get("/slow").await),
        (StatusCode::OK, Some("Hit"), "run 2")
    );
}

#[tokio::test]
async fn fast_handler_is_waited_for() {
    let bench = Bench::memory().await;
    let origin = Origin::new();
    let app = bench.app(routes(&origin));
    origin.gate.let_through(2);
    app.get("/slow").await;
    bench.clock.advance(secs(31));
    assert_eq!(
        seen(&app.get("/slow").await),
        (StatusCode::OK, Some("Miss"), "run 2")
    );
}

#[tokio::test]
async fn handler_may_forbid_staleness() {
    for bench in Bench::every().await {
        let origin = Origin::new();
        let app = bench.app(routes(&origin));
        origin.gate.let_through(2);
        app.get("/strict").await;
        bench.settled().await;
        bench.clock.advance(secs(31));
        assert_eq!(
            seen(&app.get("/strict").await),
            (StatusCode::OK, Some("Miss"), "run 2")
        );
    }
}

#[tokio::test]
async fn head_is_answered_stale_and_renews_nothing() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(1)).await;
        let answer = app.send(Method::HEAD, "/pages/1", [], "").await;
        assert_eq!(
            (answer.verdict(), answer.header("content-length")),
            (Some("Stale"), Some("5"))
        );
        settle().await;
        assert_eq!(origin.gate.runs.total(), 1);
    }
}

#[tokio::test]
async fn client_may_refuse_stale_entries() {
    let bench = Bench::memory().await;
    let (origin, app) = stale_page(&bench, secs(1)).await;
    origin.gate.let_through(1);
    let answer = app.get_with("/pages/1", [("cache-control", "max-age=100")]).await;
    assert_eq!(seen(&answer), (StatusCode::OK, Some("Miss"), "run 2"));
}

#[tokio::test]
async fn p6_only_so_many_entries_are_renewed_at_once() {
    let bench = Bench::memory_with(|builder| builder.max_refreshes(1)).await;
    let (origin, app) = stale_page(&bench, Duration::ZERO).await;
    bench.clock.advance(secs(1));
    origin.gate.let_through(1);
    assert_eq!(app.get("/pages/2").await.text(), "run 2");
    origin.gate.entered().await;
    bench.clock.advance(secs(1));
    assert_eq!(app.get("/pages/1").await.verdict(), Some("Stale"));
    origin.gate.entered().await;
    bench.clock.advance(secs(29));
    assert_eq!(app.get("/pages/2").await.verdict(), Some("Stale"));
    settle().await;
    assert_eq!(origin.gate.runs.total(), 3, "the second has to wait its turn");
    assert_eq!(bench.cache.stats().rejected.refreshes, 1);
    origin.gate.let_through(2);
    settle().await;
    assert_eq!(app.get("/pages/2").await.verdict(), Some("Stale"));
    settle().await;
    assert_eq!(app.get("/pages/2").await.text(), "run 4");
}

#[tokio::test]
async fn early_refresh_renews_before_the_end_and_still_hits() {
    // So eager that the random part does not matter, once the handler took any time at all.
    for bench in Bench::every_with(|builder| builder.early_refresh(1e12)).await {
        let origin = Origin::new();
        let app = bench.app(routes(&origin));
        let first = ask(&app, "/pages/1");
        origin.gate.entered().await;
        bench.clock.advance(secs(2));
        origin.gate.let_through(2);
        first.await.unwrap();
        bench.settled().await;
        assert_eq!(
            seen(&app.get("/pages/1").await),
            (StatusCode::OK, Some("Hit"), "run 1")
        );
        origin.gate.entered().await;
        bench.settled().await;
        settle().await;
        assert_eq!(origin.gate.runs.total(), 2);
    }
}

#[tokio::test]
async fn jitter_shortens_lives_and_clients_are_told() {
    let bench =
        Bench::memory_with(|builder| builder.jitter(0.5).client_max_age(ClientMaxAge::Remaining)).await;
    let origin = Origin::new();
    let app = bench.app(routes(&origin));
    origin.gate.let_through(50);
    let mut lives = Vec::new();
    for id in 0..50 {
        let answer = app.get(&format!("/pages/{id}")).await;
        let told = answer
            .header("cache-control")
            .unwrap()
            .strip_prefix("private, max-age=")
            .unwrap();
        let life: u64 = told.parse().unwrap();
        assert!((15..=30).contains(&life), "{life}");
        lives.push(life);
    }
    lives.dedup();
    assert!(lives.len() > 1, "lives differ");
}

#[tokio::test]
async fn settings_of_staleness_are_checked() {
    for builder in [
        Cache::builder().jitter(1.1),
        Cache::builder().jitter(f64::NAN),
        Cache::builder().early_refresh(-1.0),
        Cache::builder().early_refresh(f64::INFINITY),
    ] {
        assert!(builder.build().await.unwrap_err().is_settings());
    }
}
