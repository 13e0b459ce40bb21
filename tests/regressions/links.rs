//! Between a cache and its Redis: what is slow, of another time, or read-only.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{
    pages,
    support::{
        RedisServer,
        app::{Bench, PATIENCE, Runs},
        log::Log,
    },
};

/// Passes on what a Redis is asked and what it answers, later, or with another time.
#[derive(Debug)]
pub(crate) struct Link {
    server: u16,
    port: u16,
    delay: Arc<AtomicU64>,
    /// Seconds that its clock is ahead.
    ahead: i64,
}

impl Link {
    pub(crate) fn to(server: &RedisServer) -> Self {
        Self {
            server: server.port(),
            port: 0,
            delay: Arc::default(),
            ahead: 0,
        }
    }

    /// As if the server's clock were this many seconds ahead.
    pub(crate) fn ahead(mut self, seconds: i64) -> Self {
        self.ahead = seconds;
        self
    }

    pub(crate) async fn start(mut self) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        self.port = listener.local_addr().expect("it is bound").port();
        let (port, ahead, delay) = (self.server, self.ahead, Arc::clone(&self.delay));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port))
                    .await
                    .expect("the server listens");
                let (questions, to_client) = client.into_split();
                let (answers, to_server) = server.into_split();
                tokio::spawn(ask(questions, to_server, ahead));
                tokio::spawn(answer(answers, to_client, Arc::clone(&delay)));
            }
        });
        self
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on each answer comes this much later.
    pub(crate) fn delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).expect("it is short");
        self.delay.store(millis, Ordering::SeqCst);
    }
}

/// Passes questions on; the one for the time becomes one for another time.
async fn ask(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, ahead: i64) {
    let time = b"*1\r\n$4\r\nTIME\r\n".as_slice();
    let lua =
        format!("local now = redis.call('TIME') return {{tostring(tonumber(now[1]) + {ahead}), now[2]}}");
    let moved = format!("*3\r\n$4\r\nEVAL\r\n${}\r\n{lua}\r\n$1\r\n0\r\n", lua.len());
    let mut buffer = vec![0; 65536];
    while let Ok(length @ 1..) = client.read(&mut buffer).await {
        let mut passed = Vec::new();
        let mut rest = &buffer[..length];
        while let Some(at) = rest.windows(time.len()).position(|window| window == time) {
            passed.extend_from_slice(&rest[..at]);
            passed.extend_from_slice(moved.as_bytes());
            rest = &rest[at + time.len()..];
        }
        passed.extend_from_slice(rest);
        if server.write_all(&passed).await.is_err() {
            break;
        }
    }
}

async fn answer(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, delay: Arc<AtomicU64>) {
    // Between two pipes, so that what is under way holds up nothing behind it.
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((due, bytes)) = receiver.recv().await {
            sleep_until(due).await;
            if copy(&mut bytes.as_slice(), &mut client).await.is_err() {
                break;
            }
        }
    });
    let mut buffer = vec![0; 65536];
    while let Ok(length @ 1..) = server.read(&mut buffer).await {
        let due = Instant::now() + Duration::from_millis(delay.load(Ordering::SeqCst));
        if sender.send((due, buffer[..length].to_vec())).is_err() {
            break;
        }
    }
}

/// A replica, or a master that has become one: it answers reads and the probe.
#[tokio::test]
async fn p1_read_only_server_is_dropped_once_and_what_it_has_is_served() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    let bench = Bench::redis().await;
    let app = bench.app(pages(&Runs::default()));
    app.get("/pages/0").await;
    bench.settled().await;
    bench.server().command(["REPLICAOF", "127.0.0.1", "1"]);
    app.get("/pages/1").await;
    // The connection was given up, for a new one might lead to the master. It leads to the same server.
    let deadline = Instant::now() + PATIENCE;
    while app.get("/pages/0").await.verdict() != Some("Hit") {
        assert!(Instant::now() < deadline, "what is there is not found again");
        sleep(Duration::from_millis(5)).await;
    }
    for id in 2..30 {
        assert_eq!(app.get(&format!("/pages/{id}")).await.status, 200);
        assert_eq!(
            app.get("/pages/0").await.verdict(),
            Some("Hit"),
            "after page {id}"
        );
    }
    let text = log.text();
    assert!(text.matches("STORE_AILING").count() <= 1, "{text}");
}
