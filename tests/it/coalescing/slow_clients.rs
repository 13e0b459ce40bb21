//! Slow clients hold a bounded amount of memory and delay no other request.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use handler_cache::Cache;
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    handlers::modes::Origin,
    support::{
        app::{App, Bench, PATIENCE, eventually},
        body::announced,
        gate::settle,
    },
};

/// Counts the bytes of its chunks that are not yet dropped.
#[derive(Clone, Default)]
struct Held(Arc<AtomicUsize>);

/// A chunk that is counted until it is dropped.
struct Counted(Box<[u8]>, Held);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.0.fetch_sub(self.0.len(), Ordering::SeqCst);
    }
}

const CHUNK: usize = 64 * 1024;
const MIB: usize = 1024 * 1024;

impl Held {
    fn bytes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// A body of this many bytes and of unknown length, which yields between its chunks.
    fn body(&self, bytes: usize) -> Body {
        let held = self.clone();
        Body::from_stream(stream::iter(0..bytes / CHUNK).then(move |_| {
            let held = held.clone();
            async move {
                tokio::task::yield_now().await;
                held.0.fetch_add(CHUNK, Ordering::SeqCst);
                Ok::<_, Infallible>(Bytes::from_owner(Counted(vec![b'x'; CHUNK].into(), held)))
            }
        }))
    }
}

/// Serves the router over real sockets.
async fn serve(app: App) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app.0).await });
    address
}

/// A client that sends a request and reads nothing.
async fn stalled(address: SocketAddr, path: &str) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

/// A client that reads the whole response.
async fn fast(address: SocketAddr, path: &str) -> Vec<u8> {
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    answer
}

/// The maximum that was held, once every handler has run.
async fn most_held(router: Router, origin: &Origin, held: &Held) -> usize {
    const CLIENTS: usize = 200;
    let address = serve(App(router)).await;
    let runs = origin.runs.total();
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        clients.push(stalled(address, &format!("/{client}")).await);
    }
    eventually("the handlers do not run", async || {
        origin.runs.total() == runs + CLIENTS
    })
    .await;
    let mut most = 0;
    for _ in 0..200 {
        sleep(Duration::from_millis(5)).await;
        most = most.max(held.bytes());
    }
    drop(clients);
    eventually("what was held is not given back", async || held.bytes() == 0).await;
    most
}

#[tokio::test]
async fn p6_clients_that_read_nothing_hold_little_of_a_long_body() {
    let held = Held::default();
    let bodies = held.clone();
    let origin = Origin::new(move |_| bodies.body(5 * MIB));
    for (by, router) in origin.every() {
        let cache = Cache::builder().build().await.unwrap();
        let most = most_held(router.layer(cache.attach()), &origin, &held).await;
        // A window each, the buffers of the connection, and the chunk being made.
        let allowed = 200 * (256 * 1024 + MIB / 2 + CHUNK);
        assert!(most <= allowed, "{by}: {} MiB", most / MIB);
    }
}

#[tokio::test]
async fn p4_a_client_that_reads_nothing_denies_nobody_a_short_body() {
    for is_announced in [true, false] {
        let held = Held::default();
        let bodies = held.clone();
        let origin = Origin::new(move |_| match is_announced {
            true => announced(bodies.body(MIB), MIB as u64),
            false => bodies.body(MIB),
        });
        for (by, router) in origin.every() {
            let runs = origin.runs.total();
            let cache = Cache::builder().build().await.unwrap();
            let address = serve(App(router.layer(cache.attach()))).await;
            let _leader = stalled(address, "/").await;
            eventually("the leader does not run", async || {
                origin.runs.total() == runs + 1
            })
            .await;
            let waiters = join_all((0..4).map(|_| fast(address, "/")));
            let answers = timeout(PATIENCE / 4, waiters)
                .await
                .expect("nobody waits for the leader");
            for answer in answers {
                assert!(answer.len() > MIB, "{by}");
            }
            assert_eq!(origin.runs.total(), runs + 1, "{by}");
        }
    }
}

#[tokio::test]
async fn p6_bodies_beyond_the_buffers_are_passed_on_and_not_stored() {
    let held = Held::default();
    let bodies = held.clone();
    let origin = Origin::new(move |_| announced(bodies.body(MIB / 2), MIB as u64 / 2));
    for (by, router) in origin.every() {
        let bench = Bench::memory_with(|builder| builder.body_buffers(MIB)).await;
        let app = bench.app(router);
        // Their fills run to the end, which the tests of other stores wait for.
        let slow: Vec<_> = join_all((0..8).map(|page| {
            let app = app.clone();
            async move { app.open(&format!("/slow{page}")).await }
        }))
        .await;
        settle().await;
        assert!(held.bytes() <= MIB + 8 * CHUNK, "{by}: {} held", held.bytes());
        for response in slow {
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body.len(), MIB / 2, "{by}");
        }
        let stats = bench.cache.stats().total;
        assert!(stats.not_stored["body buffers full"] >= 4, "{by}: {stats:?}");
        // The buffers are released.
        assert_eq!(app.get("/late").await.body.len(), MIB / 2);
        assert_eq!(app.get("/late").await.x_cache(), Some("Hit"), "{by}");
    }
}

/// It leaves no marker: once there is room, the page is stored.
#[tokio::test]
async fn p1_without_buffers_bodies_still_stream() {
    let held = Held::default();
    let bodies = held.clone();
    let origin = Origin::new(move |_| bodies.body(MIB / 2));
    for (by, router) in origin.every() {
        let app = Bench::memory_with(|builder| builder.body_buffers(0))
            .await
            .app(router);
        for _ in 0..2 {
            let answer = app.get("/").await;
            assert_eq!(
                (answer.x_cache(), answer.body.len()),
                (Some("Miss"), MIB / 2),
                "{by}"
            );
        }
        assert_eq!(held.bytes(), 0);
    }
}
