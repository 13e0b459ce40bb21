//! How many round trips to Redis each step of a request takes.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

/// Proxies between store and server, and counts how often the store sends after the server did.
struct Proxy {
    port: u16,
    turns: Arc<AtomicUsize>,
}

impl Proxy {
    async fn before(server: &RedisServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let turns = Arc::new(AtomicUsize::new(0));
        let (counter, behind) = (Arc::clone(&turns), server.port());
        tokio::spawn(async move {
            let (near, _) = listener.accept().await.expect("the store connects");
            let far = TcpStream::connect(("127.0.0.1", behind))
                .await
                .expect("the server runs");
            let (near_read, near_write) = near.into_split();
            let (far_read, far_write) = far.into_split();
            // Even while the server was the last to speak, odd while the store was.
            let there = pass(near_read, far_write, || counter.fetch_or(1, Ordering::SeqCst));
            let back = pass(far_read, near_write, || {
                let turns = counter.load(Ordering::SeqCst);
                counter.fetch_add(turns % 2, Ordering::SeqCst)
            });
            tokio::join!(there, back);
        });
        Self { port, turns }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Asserts that a call takes one round trip, and returns its result.
    async fn one<T>(&self, what: &str, call: impl Future<Output = T>) -> T {
        let before = self.turns.load(Ordering::SeqCst);
        let result = call.await;
        let trips = (self.turns.load(Ordering::SeqCst) - before) / 2;
        assert_eq!(trips, 1, "{what} took {trips} round trips");
        result
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, heard: impl Fn() -> usize) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        heard();
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn every_step_is_one_round_trip() {
    let server = RedisServer::start();
    let proxy = Proxy::before(&server).await;
    let store = connect(&proxy.url()).await;
    let slot = slot();

    let asked = proxy.one("a read that misses", ask(&store, &slot)).await;
    let leased = proxy
        .one("a lease that names two tags", store.lease(&slot, &asked))
        .await;
    let Ok(LeaseOutcome::Granted(grant)) = leased else {
        panic!("expected the lease, got {leased:?}");
    };
    proxy
        .one("holder", store.holder(&slot))
        .await
        .expect("holder answers");
    proxy
        .one("renew", store.renew(&slot, grant.token))
        .await
        .expect("renew answers");
    let small = entry("small", HOUR);
    let committed = proxy
        .one("a commit that keeps two tags", store.commit(&slot, grant, &small))
        .await;
    assert_eq!(committed.expect("commit answers"), CommitOutcome::Stored);
    let hit = proxy.one("a read that hits", found(&store, &slot)).await;
    assert_eq!(hit.as_deref(), Some(&b"small"[..]));
    proxy
        .one("release", store.release(&slot, grant.token, None))
        .await
        .expect("release answers");
    let keys: Vec<Arc<str>> = (0..20)
        .map(|number| format!("shop:products(id={number})").into())
        .collect();
    proxy
        .one("evict of 20 keys", store.evict(&keys))
        .await
        .expect("evict answers");
    proxy
        .one("retire of two tags", store.invalidate_tags(&slot.tags))
        .await
        .expect("retire answers");
    proxy.one("ping", store.ping()).await.expect("the server answers");
}
