//! A proxy between a cache and its Redis server that injects network faults.

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

/// Forwards requests to a Redis server and its replies.
#[derive(Debug)]
pub struct Link {
    server: u16,
    port: u16,
    condition: watch::Sender<Condition>,
}

/// What a link does to the bytes it forwards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Condition {
    pub state: LinkState,
    /// Delay of each reply.
    pub delay: Duration,
    /// How many seconds the server's clock appears to be ahead.
    pub ahead: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkState {
    #[default]
    Open,
    /// Every connection is closed, a new one at once.
    Cut,
    /// Connections stay open, and nothing is forwarded until the link is open again.
    Silent,
    /// Requests are forwarded, replies only when the link is open again.
    HalfOpen,
    /// Every reply is replaced by bytes that are no Redis reply.
    Garbage,
}

impl Link {
    /// A link to this server; [`start`](Self::start) opens it.
    pub fn to(server: &RedisServer) -> Self {
        Self {
            server: server.port(),
            port: 0,
            condition: watch::Sender::default(),
        }
    }

    /// Makes the server's clock appear this many seconds ahead.
    pub fn ahead(self, seconds: i64) -> Self {
        self.steps_to(seconds);
        self
    }

    /// Makes the server's clock appear this many seconds ahead from now on.
    pub fn steps_to(&self, seconds: i64) {
        self.condition.send_modify(|condition| condition.ahead = seconds);
    }

    pub async fn start(mut self) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        self.port = listener.local_addr().expect("the listener is bound").port();
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

    /// Delays each reply from now on.
    pub fn delay(&self, delay: Duration) {
        self.condition.send_modify(|condition| condition.delay = delay);
    }

    /// Changes the state of the link.
    pub fn set_state(&self, state: LinkState) {
        self.condition.send_modify(|condition| condition.state = state);
    }
}

/// Forwards one connection until either end or the link closes it.
async fn connect(client: TcpStream, server: u16, condition: watch::Receiver<Condition>) {
    let mut cut = condition.clone();
    let forwarding = async {
        let server = TcpStream::connect(("127.0.0.1", server)).await.ok()?;
        let (requests, to_client) = client.into_split();
        let (replies, to_server) = server.into_split();
        tokio::select! {
            () = pass(requests, to_server, condition.clone(), Stream::Requests) => {}
            () = pass(replies, to_client, condition, Stream::Replies) => {}
        }
        Some(())
    };
    tokio::select! {
        _ = cut.wait_for(|condition| condition.state == LinkState::Cut) => {}
        _ = forwarding => {}
    }
}

#[derive(Clone, Copy)]
enum Stream {
    /// From the cache to the server. `TIME` is rewritten when the clock is to differ.
    Requests,
    Replies,
}

impl Stream {
    fn is_forwarded(self, state: LinkState) -> bool {
        match state {
            LinkState::Silent => false,
            LinkState::HalfOpen => matches!(self, Self::Requests),
            LinkState::Open | LinkState::Cut | LinkState::Garbage => true,
        }
    }

    fn rewritten(self, bytes: &[u8], Condition { state, ahead, .. }: Condition) -> Vec<u8> {
        match self {
            Self::Requests if ahead != 0 => with_shifted_time(bytes, ahead),
            Self::Replies if state == LinkState::Garbage => b"?\x00 garbage \xff\r\n".to_vec(),
            Self::Requests | Self::Replies => bytes.to_vec(),
        }
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut condition: watch::Receiver<Condition>,
    stream: Stream,
) {
    // Reading and writing are separate, so that a delayed chunk does not delay the next read.
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let now = condition.clone();
    let reading = async move {
        let mut buffer = vec![0; 65536];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let condition = *now.borrow();
            let due = match stream {
                Stream::Requests => Instant::now(),
                Stream::Replies => Instant::now() + condition.delay,
            };
            if sender
                .send((due, stream.rewritten(&buffer[..length], condition)))
                .is_err()
            {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = receiver.recv().await {
            // A timer takes at least a millisecond.
            if due > Instant::now() {
                sleep_until(due).await;
            }
            let forwarded = condition.wait_for(|condition| stream.is_forwarded(condition.state));
            if forwarded.await.is_err() || to.write_all(&bytes).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(reading, writing);
}

fn with_shifted_time(bytes: &[u8], ahead: i64) -> Vec<u8> {
    let time = b"*1\r\n$4\r\nTIME\r\n".as_slice();
    let lua =
        format!("local now = redis.call('TIME') return {{tostring(tonumber(now[1]) + {ahead}), now[2]}}");
    let moved = format!("*3\r\n$4\r\nEVAL\r\n${}\r\n{lua}\r\n$1\r\n0\r\n", lua.len());
    let mut rewritten = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(time.len()).position(|window| window == time) {
        rewritten.extend_from_slice(&rest[..at]);
        rewritten.extend_from_slice(moved.as_bytes());
        rest = &rest[at + time.len()..];
    }
    rewritten.extend_from_slice(rest);
    rewritten
}
