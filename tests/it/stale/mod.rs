//! Stale entries: served during a background refresh, or in place of a failed or slow fill.

mod refresh;
mod fallback;
mod jitter;

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

use crate::support::{
    RedisServer,
    app::{Answer, App, Bench},
    gate::{Gate, ask, settle},
};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The next responses of the handler.
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
    (answer.status, answer.x_cache(), answer.text())
}
