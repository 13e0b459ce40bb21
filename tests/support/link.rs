//! The network between a cache and its Redis, as bad as a test wants it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::server::RedisServer;

/// Passes on what a Redis is asked and what it answers.
#[derive(Debug)]
pub struct Link {
    server: u16,
    port: u16,
    condition: watch::Sender<Condition>,
}

/// What becomes of the bytes on a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Condition {
    pub way: Way,
    /// Answers come this much later.
    pub delay: Duration,
    /// Seconds that the server's clock is ahead.
    pub ahead: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    #[default]
    Open,
    /// Every connection is reset, a new one at once.
    Cut,
    /// Connections stand, and nothing arrives until the link is open again.
    Silent,
    /// Questions arrive, their answers only when the link is open again.
    HalfOpen,
    /// To every question comes an answer that is none.
    Garbage,
}

impl Link {
    /// A link that is to be started.
    pub fn to(server: &RedisServer) -> Self {
        Self {
            server: server.port(),
            port: 0,
            condition: watch::Sender::default(),
        }
    }

    /// As if the server's clock were this many seconds ahead.
    pub fn ahead(self, seconds: i64) -> Self {
        self.steps_to(seconds);
        self
    }

    /// From now on the server's clock is this many seconds ahead.
    pub fn steps_to(&self, seconds: i64) {
        self.condition.send_modify(|condition| condition.ahead = seconds);
    }

    pub async fn start(mut self) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        self.port = listener.local_addr().expect("it is bound").port();
        let (server, condition) = (self.server, self.condition.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connect(client, server, condition.clone()));
            }
        });
        self
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on each answer comes this much later.
    pub fn delay(&self, delay: Duration) {
        self.condition.send_modify(|condition| condition.delay = delay);
    }

    /// From now on the link is like this.
    pub fn becomes(&self, way: Way) {
        self.condition.send_modify(|condition| condition.way = way);
    }
}

/// One connection, until either end or the link ends it.
async fn connect(client: TcpStream, server: u16, condition: watch::Receiver<Condition>) {
    let mut cut = condition.clone();
    let passed = async {
        let server = TcpStream::connect(("127.0.0.1", server)).await.ok()?;
        let (questions, to_client) = client.into_split();
        let (answers, to_server) = server.into_split();
        tokio::select! {
            () = pass(questions, to_server, condition.clone(), Stream::Questions) => {}
            () = pass(answers, to_client, condition, Stream::Answers) => {}
        }
        Some(())
    };
    tokio::select! {
        _ = cut.wait_for(|condition| condition.way == Way::Cut) => {}
        _ = passed => {}
    }
}

#[derive(Clone, Copy)]
enum Stream {
    /// The one for the time becomes one for another time.
    Questions,
    Answers,
}

impl Stream {
    fn is_let_through(self, way: Way) -> bool {
        match way {
            Way::Silent => false,
            Way::HalfOpen => matches!(self, Self::Questions),
            Way::Open | Way::Cut | Way::Garbage => true,
        }
    }

    fn passed_on(self, bytes: &[u8], Condition { way, ahead, .. }: Condition) -> Vec<u8> {
        match self {
            Self::Questions if ahead != 0 => at_another_time(bytes, ahead),
            Self::Answers if way == Way::Garbage => b"?\x00 garbage \xff\r\n".to_vec(),
            Self::Questions | Self::Answers => bytes.to_vec(),
        }
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut condition: watch::Receiver<Condition>,
    stream: Stream,
) {
    // Between two halves, so that what is under way holds up nothing behind it.
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let now = condition.clone();
    let reading = async move {
        let mut buffer = vec![0; 65536];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let condition = *now.borrow();
            let due = match stream {
                Stream::Questions => Instant::now(),
                Stream::Answers => Instant::now() + condition.delay,
            };
            if sender
                .send((due, stream.passed_on(&buffer[..length], condition)))
                .is_err()
            {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = receiver.recv().await {
            // A timer takes a millisecond, however near its time.
            if due > Instant::now() {
                sleep_until(due).await;
            }
            let let_through = condition.wait_for(|condition| stream.is_let_through(condition.way));
            if let_through.await.is_err() || to.write_all(&bytes).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(reading, writing);
}

fn at_another_time(bytes: &[u8], ahead: i64) -> Vec<u8> {
    let time = b"*1\r\n$4\r\nTIME\r\n".as_slice();
    let lua =
        format!("local now = redis.call('TIME') return {{tostring(tonumber(now[1]) + {ahead}), now[2]}}");
    let moved = format!("*3\r\n$4\r\nEVAL\r\n${}\r\n{lua}\r\n$1\r\n0\r\n", lua.len());
    let mut passed = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(time.len()).position(|window| window == time) {
        passed.extend_from_slice(&rest[..at]);
        passed.extend_from_slice(moved.as_bytes());
        rest = &rest[at + time.len()..];
    }
    passed.extend_from_slice(rest);
    passed
}
