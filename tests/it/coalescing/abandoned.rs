//! Fills without waiters end after a timeout, and release their resources.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use tokio::time::{Instant, sleep};

use crate::{
    handlers::modes::Origin,
    support::{
        app::{App, Bench},
        body::announced,
        gate::{ask, settle},
    },
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A resource that a handler holds while it runs.
struct Connection(Arc<AtomicUsize>);

impl Connection {
    fn open(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The first `hanging` runs take an hour, all others no time.
fn slow_at_first(hanging: usize) -> (Origin, Arc<AtomicUsize>) {
    let open = Arc::new(AtomicUsize::new(0));
    let opened = Arc::clone(&open);
    let origin = Origin::waiting(move |run| {
        let connection = Connection::open(&opened);
        async move {
            if run <= hanging {
                sleep(HOUR).await;
            }
            drop(connection);
            format!("run {run}").into_response()
        }
    });
    (origin, open)
}

/// Sends a request and disconnects before the response.
async fn leaves(app: &App, path: &'static str) {
    let client = ask(app, path);
    settle().await;
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn p6_abandoned_handlers_release_their_permits_and_resources() {
    for by in 0..3 {
        let (origin, connections) = slow_at_first(4);
        let (by, router) = origin.every().into_iter().nth(by).unwrap();
        let settings =
            |builder: handler_cache::CacheBuilder| builder.max_fills(4).abandoned_fill_timeout(MINUTE);
        let bench = Bench::memory_with(settings).await;
        let app = bench.app(router);
        for path in ["/1", "/2", "/3", "/4"] {
            leaves(&app, path).await;
        }
        assert_eq!(
            connections.load(Ordering::SeqCst),
            4,
            "{by}: they go on for a while"
        );
        sleep(2 * MINUTE).await;
        assert_eq!(connections.load(Ordering::SeqCst), 0, "{by}");
        assert_eq!(bench.cache.stats().total.not_stored["abandoned"], 4, "{by}");
        // Permits are free again, and no lease is held.
        for path in ["/1", "/5"] {
            app.get(path).await;
            assert_eq!(app.get(path).await.x_cache(), Some("Hit"), "{by}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p4_a_waiter_keeps_the_fill_of_a_client_that_left() {
    let origin = Origin::waiting(async |run| {
        sleep(5 * MINUTE).await;
        format!("run {run}").into_response()
    });
    for (by, router) in origin.every() {
        let runs = origin.runs.total();
        let settings = |builder: handler_cache::CacheBuilder| {
            builder.coalesce_timeout(HOUR).abandoned_fill_timeout(MINUTE)
        };
        let app = Bench::memory_with(settings).await.app(router);
        leaves(&app, "/").await;
        sleep(MINUTE - Duration::from_secs(1)).await;
        let waiter = app.get("/").await;
        assert_eq!(waiter.text(), format!("run {}", runs + 1), "{by}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_whose_client_stays_has_all_the_time_it_takes() {
    let (origin, _) = slow_at_first(3);
    for (run, (by, router)) in (1..).zip(origin.every()) {
        let app = Bench::memory().await.app(router);
        let began = Instant::now();
        assert_eq!(app.get("/").await.text(), format!("run {run}"), "{by}");
        assert_eq!(began.elapsed(), HOUR);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_a_handler_goes_on_for_ever() {
    let (origin, connections) = slow_at_first(3);
    for (_, router) in origin.every() {
        let settings = |builder: handler_cache::CacheBuilder| builder.abandoned_fill_timeout(Duration::MAX);
        let app = Bench::memory_with(settings).await.app(router);
        leaves(&app, "/").await;
        sleep(HOUR - MINUTE).await;
        assert_eq!(connections.load(Ordering::SeqCst), 1);
        sleep(2 * MINUTE).await;
        assert_eq!(connections.load(Ordering::SeqCst), 0);
    }
}

/// A body that hangs after one chunk; announced as five bytes if `is_announced`.
fn hanging(is_announced: bool, connection: Connection) -> Response {
    let body = Body::from_stream(stream::unfold((connection, 0), async |(connection, chunk)| {
        if chunk > 0 {
            sleep(HOUR).await;
        }
        let data = Ok::<_, std::io::Error>(Bytes::from_static(b"x"));
        Some((data, (connection, chunk + 1)))
    }));
    Response::new(if is_announced { announced(body, 5) } else { body })
}

#[tokio::test(start_paused = true)]
async fn p4_a_body_that_hangs_keeps_nobody_for_ever_and_ends_with_its_client() {
    for is_announced in [true, false] {
        let open = Arc::new(AtomicUsize::new(0));
        let opened = Arc::clone(&open);
        let origin = Origin::new(move |run| match run % 2 {
            1 => hanging(is_announced, Connection::open(&opened)),
            _ => format!("run {run}").into_response(),
        });
        for (by, router) in origin.every() {
            let app = Bench::memory_with(|builder| builder.max_fills(1))
                .await
                .app(router);
            let leader = app.open("/").await;
            let began = Instant::now();
            let waiter = app.get("/").await;
            assert!(waiter.text().starts_with("run "), "{by}");
            assert!(began.elapsed() <= Duration::from_secs(10), "{by}");
            drop(leader);
            sleep(5 * MINUTE).await;
            assert_eq!(open.load(Ordering::SeqCst), 0, "{by}: nobody reads on for ever");
        }
    }
}
