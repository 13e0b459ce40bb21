//! Evictions happen after a layer outside the handler has committed its transaction.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, put as on_put},
};
use handler_cache::{Cache, cache, cache_evict};
use tokio::{sync::oneshot, time::sleep};

use super::{
    Gate, Shop, begin, begin_put,
    support::app::{App, Bench, PATIENCE, eventually},
};

/// A database with one row, whose new value is visible once it is committed.
#[derive(Debug, Clone, Default)]
struct Database {
    pending: Arc<AtomicU32>,
    committed: Arc<AtomicU32>,
}

impl Database {
    fn commit(&self) {
        let value = self.pending.load(Ordering::SeqCst);
        self.committed.store(value, Ordering::SeqCst);
    }
}

#[derive(Debug, Clone, axum::extract::FromRef)]
struct World {
    database: Database,
    /// The gate between the handler's end and the commit.
    gate: Gate,
}

impl World {
    fn new() -> Self {
        Self {
            database: Database::default(),
            gate: Shop::new().gate,
        }
    }
}

#[cache(expire = "1h")]
async fn row(State(database): State<Database>) -> String {
    database.committed.load(Ordering::SeqCst).to_string()
}

#[cache_evict(row())]
async fn write(Path(value): Path<u32>, State(database): State<Database>) {
    database.pending.store(value, Ordering::SeqCst);
}

/// Both attributes: the handler runs in a task of its own.
#[cache(expire = "1h")]
#[cache_evict(row())]
async fn write_once(Path(value): Path<u32>, State(database): State<Database>) -> String {
    database.pending.store(value, Ordering::SeqCst);
    value.to_string()
}

/// Commits when the handler has succeeded.
async fn transaction(State(world): State<World>, request: Request, next: Next) -> Response {
    let is_write = request.uri().path() != "/row";
    let response = next.run(request).await;
    if is_write {
        world.gate.pass().await;
        world.database.commit();
    }
    response
}

/// As [`transaction`], and panics once it has committed.
async fn panicking(state: State<World>, request: Request, next: Next) -> Response {
    let is_write = request.uri().path() != "/row";
    let response = transaction(state, request, next).await;
    assert!(!is_write, "after the commit");
    response
}

/// An outer layer that turns every response into an error.
async fn broken(request: Request, next: Next) -> Response {
    let is_write = request.uri().path() != "/row";
    let response = next.run(request).await;
    match is_write {
        true => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        false => response,
    }
}

fn routes() -> Router<World> {
    Router::new()
        .route("/row", get(row))
        .route("/rows/{value}", on_put(write))
        .route("/once/{value}", get(write_once))
}

fn within_a_transaction(world: &World) -> Router {
    routes()
        .layer(middleware::from_fn_with_state(world.clone(), transaction))
        .with_state(world.clone())
}

async fn assert_row(app: &App, x_cache: &str, value: &str) {
    let answer = app.get("/row").await;
    assert_eq!((answer.x_cache(), answer.text()), (Some(x_cache), value));
}

/// Sends a write that stops before its commit, lets a reader store the old row, and commits.
async fn write_with_a_reader_in_between(
    bench: &Bench,
    app: &App,
    world: &World,
    path: &'static str,
) -> StatusCode {
    let method = if path.starts_with("/once") {
        Method::GET
    } else {
        Method::PUT
    };
    let writer = begin(app, method, path);
    world.gate.entered().await;
    let before = app.get("/row").await;
    bench.settled().await;
    assert_row(app, "Hit", before.text()).await;
    world.gate.let_one_through();
    writer.await.expect("the write ends").status
}

#[tokio::test]
async fn evictions_come_after_the_commit_of_a_layer_inside() {
    for bench in Bench::every().await {
        for path in ["/rows/1", "/once/2"] {
            let world = World::new();
            let app = bench.app(within_a_transaction(&world));
            let status = write_with_a_reader_in_between(&bench, &app, &world, path).await;
            assert_eq!(status, StatusCode::OK);
            let answer = app.get("/row").await;
            assert_eq!(
                (answer.x_cache(), answer.text()),
                (Some("Miss"), &path[path.len() - 1..])
            );
            bench.settled().await;
        }
    }
}

/// Of the same cache, and of another.
#[tokio::test]
async fn the_outermost_attached_cache_carries_out_all_evictions() {
    for bench in Bench::every().await {
        let other = Cache::builder().prefix("other").build().await.unwrap();
        for inner in [&bench.cache, &other] {
            let world = World::new();
            let router = routes()
                .layer(inner.attach())
                .layer(middleware::from_fn_with_state(world.clone(), transaction))
                .with_state(world.clone());
            let app = bench.app(router);
            write_with_a_reader_in_between(&bench, &app, &world, "/rows/1").await;
            assert_row(&app, "Miss", "1").await;
            bench.settled().await;
            inner.clear().await.unwrap();
        }
    }
}

/// `.layer(Extension(cache))` gives a cache as it always did, and evicts in place.
#[tokio::test]
async fn cache_that_is_an_extension_evicts_in_place() {
    for bench in Bench::every().await {
        let world = World::new();
        let router = within_a_transaction(&world).layer(axum::Extension(bench.cache.clone()));
        let app = App(router);
        assert_row(&app, "Miss", "0").await;
        bench.settled().await;
        let writer = begin_put(&app, "/rows/1");
        world.gate.entered().await;
        assert_row(&app, "Miss", "0").await;
        world.gate.let_one_through();
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn noted_evictions_happen_although_an_outer_layer_answers_with_an_error() {
    for bench in Bench::every().await {
        let world = World::new();
        let router = within_a_transaction(&world).layer(middleware::from_fn(broken));
        let app = bench.app(router);
        let status = write_with_a_reader_in_between(&bench, &app, &world, "/rows/1").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_row(&app, "Miss", "1").await;
    }
}

#[tokio::test]
async fn panic_after_the_commit_evicts_in_the_background() {
    for bench in Bench::every().await {
        let world = World::new();
        let router = routes()
            .layer(middleware::from_fn_with_state(world.clone(), panicking))
            .with_state(world.clone());
        let app = bench.app(router);
        assert_row(&app, "Miss", "0").await;
        bench.settled().await;
        let writer = begin_put(&app, "/rows/1");
        world.gate.entered().await;
        assert_row(&app, "Hit", "0").await;
        world.gate.let_one_through();
        assert!(writer.await.unwrap_err().is_panic());
        eventually("the row stays", async || app.get("/row").await.text() == "1").await;
    }
}

/// The client leaves between the handler's end and the answer of the database: the commit takes place all the same.
#[tokio::test]
async fn cancelled_before_the_commit_is_acknowledged_evicts_twice() {
    for bench in Bench::every().await {
        let world = World::new();
        let app = bench.app(within_a_transaction(&world));
        assert_row(&app, "Miss", "0").await;
        bench.settled().await;
        let writer = begin_put(&app, "/rows/1");
        world.gate.entered().await;
        writer.abort();
        assert!(writer.await.unwrap_err().is_cancelled());
        super::gone(&app, "/row").await;
        eventually("the old row is not stored again", async || {
            app.get("/row").await.x_cache() == Some("Hit")
        })
        .await;
        // The COMMIT that was on its way arrives.
        world.database.commit();
        eventually("the old row stays", async || app.get("/row").await.text() == "1").await;
    }
}

/// A background refresh: its request was answered with the stale entry.
#[cache(expire = 1, stale_while_revalidate = 3600)]
#[cache_evict(row())]
async fn renewed(State(world): State<World>) -> &'static str {
    world.gate.pass().await;
    world.database.commit();
    "renewed"
}

#[tokio::test]
async fn fill_that_outlasts_its_request_evicts_at_once() {
    for bench in Bench::every().await {
        let world = World::new();
        let router = routes().route("/renewed", get(renewed)).with_state(world.clone());
        let app = bench.app(router);
        world.gate.let_one_through();
        app.get("/renewed").await;
        world.gate.entered().await;
        bench.settled().await;
        assert_row(&app, "Miss", "0").await;
        bench.settled().await;
        bench.clock.advance(Duration::from_secs(2));
        assert_eq!(app.get("/renewed").await.x_cache(), Some("Stale"));
        world.gate.entered().await;
        assert_row(&app, "Hit", "0").await;
        world.database.pending.store(7, Ordering::SeqCst);
        world.gate.let_one_through();
        eventually("the row stays", async || app.get("/row").await.text() == "7").await;
    }
}

/// A handler that spawns a task, which continues after the response.
#[tokio::test]
async fn request_made_anew_inside_evicts_with_its_own_response() {
    let bench = Bench::memory().await;
    let world = World::new();
    let inner = bench.app(routes().with_state(world.clone()));
    let (done, finished) = oneshot::channel();
    let done = Arc::new(std::sync::Mutex::new(Some(done)));
    let handler = async move || {
        let (inner, done) = (inner.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            sleep(Duration::from_millis(1)).await;
            super::put(&inner, "/rows/3").await;
            let row = inner.get("/row").await;
            let done = done.lock().unwrap().take().unwrap();
            done.send(row.x_cache().map(str::to_owned)).unwrap();
        });
    };
    let app = bench.app(routes().route("/outer", on_put(handler)).with_state(world));
    assert_row(&app, "Miss", "0").await;
    super::put(&app, "/outer").await;
    let x_cache = tokio::time::timeout(PATIENCE, finished).await.unwrap();
    assert_eq!(x_cache.unwrap().as_deref(), Some("Miss"));
}
