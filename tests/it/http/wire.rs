//! Message framing over HTTP/1.1: where a response ends, and that the next one follows.

use std::{io, net::Ipv4Addr};

use axum::{
    Router,
    body::Body,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::{
    handlers::origin::{Origin, pages, streamed},
    support::{
        app::{Bench, PATIENCE},
        body::announced,
    },
};

/// A connection to a server of its own.
struct Connection(BufReader<TcpStream>);

struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    #[track_caller]
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.iter().filter(|(other, _)| other == name);
        let value = lines.next().map(|(_, value)| &**value);
        assert!(lines.next().is_none(), "{name} is repeated");
        value
    }
}

impl Connection {
    async fn to(router: Router) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    /// One exchange, read as RFC 9112 section 6.3 has it. What is left over breaks the next.
    async fn ask(&mut self, method: &str, path: &str, headers: &str) -> Reply {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{headers}\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
        timeout(PATIENCE, self.reply(method))
            .await
            .expect("the response has an end")
    }

    async fn reply(&mut self, method: &str) -> Reply {
        let start = self.line().await;
        let status = start.strip_prefix("HTTP/1.1 ").expect("a response begins here");
        let status = status[..3].parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        if method == "HEAD" || status == 204 || status == 304 {
            return reply;
        }
        if reply.header("transfer-encoding") == Some("chunked") {
            assert_eq!(reply.header("content-length"), None);
            loop {
                let size = usize::from_str_radix(&self.line().await, 16).unwrap();
                let chunk = self.bytes(size).await;
                reply.body.extend(chunk);
                assert_eq!(self.line().await, "");
                if size == 0 {
                    return reply;
                }
            }
        }
        let length = reply.header("content-length").expect("the response has a length");
        reply.body = self.bytes(length.parse().unwrap()).await;
        reply
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.strip_suffix("\r\n").expect("lines end so").to_owned()
    }

    async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    /// Waits until the entry is in the store.
    async fn stored(&mut self, path: &str) {
        let looking = async {
            while self
                .ask("GET", path, "cache-control: only-if-cached\r\n")
                .await
                .status
                == 504
            {}
        };
        timeout(PATIENCE, looking).await.expect("the entry is stored");
    }
}

#[tokio::test]
async fn head_304_and_204_have_no_body_and_the_connection_stays_usable() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| "twelve bytes");
        let mut connection = Connection::to(bench.app(pages(&origin)).0).await;
        for x_cache in ["Miss", "Hit"] {
            let head = connection.ask("HEAD", "/", "").await;
            assert_eq!((head.status, head.header("x-cache")), (200, Some(x_cache)));
            assert_eq!(head.header("content-length"), Some("12"));
            assert_eq!(head.header("transfer-encoding"), None);
            let page = connection.ask("GET", "/", "").await;
            assert_eq!((page.status, &page.body[..]), (200, &b"twelve bytes"[..]));
            assert_eq!(page.header("content-length"), Some("12"));
            assert_eq!(page.header("x-cache"), Some(x_cache));
            let etag = format!("if-none-match: {}\r\n", page.header("etag").unwrap());
            connection.stored("/").await;
            for method in ["GET", "HEAD"] {
                let unchanged = connection.ask(method, "/", &etag).await;
                assert_eq!(
                    (unchanged.status, unchanged.header("x-cache")),
                    (304, Some("Hit"))
                );
                assert!(
                    matches!(unchanged.header("content-length"), None | Some("12")),
                    "what a 304 says of the length is the 200's: {:?}",
                    unchanged.headers
                );
                assert_eq!(unchanged.header("transfer-encoding"), None);
            }
            origin.ran(2);
        }
    }
}

#[tokio::test]
async fn a_304_to_a_miss_has_no_body() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| ([("etag", "\"a\"")], "text"));
        let mut connection = Connection::to(bench.app(pages(&origin)).0).await;
        let unchanged = connection.ask("GET", "/", "if-none-match: \"a\"\r\n").await;
        assert_eq!(
            (unchanged.status, unchanged.header("x-cache")),
            (304, Some("Miss"))
        );
        assert!(matches!(unchanged.header("content-length"), None | Some("4")));
        let page = connection.ask("GET", "/", "").await;
        assert_eq!((page.status, &page.body[..]), (200, &b"text"[..]));
        origin.ran(1);
    }
}

#[tokio::test]
async fn a_204_has_neither_body_nor_length() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| StatusCode::NO_CONTENT);
        let mut connection = Connection::to(bench.app(pages(&origin)).0).await;
        for method in ["GET", "GET", "HEAD"] {
            if method == "HEAD" {
                connection.stored("/").await;
            }
            let reply = connection.ask(method, "/", "").await;
            assert_eq!(reply.status, 204);
            assert_eq!(
                (reply.header("content-length"), reply.header("transfer-encoding")),
                (None, None)
            );
            assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
        }
        origin.ran(1);
    }
}

#[tokio::test]
async fn empty_pages_redirects_and_504_end_where_they_say() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| (StatusCode::PERMANENT_REDIRECT, [("location", "/there")]));
        let mut connection = Connection::to(bench.app(pages(&origin)).0).await;
        let refused = connection
            .ask("GET", "/", "cache-control: only-if-cached\r\n")
            .await;
        assert_eq!(
            (refused.status, refused.header("content-length")),
            (504, Some("0"))
        );
        for x_cache in ["Miss", "Hit"] {
            let reply = connection.ask("GET", "/", "").await;
            assert_eq!((reply.status, reply.header("location")), (308, Some("/there")));
            assert_eq!(
                (reply.header("content-length"), reply.header("x-cache")),
                (Some("0"), Some(x_cache))
            );
        }
        origin.ran(1);
    }
}

#[tokio::test]
async fn a_stream_goes_out_in_chunks_and_its_copy_with_its_length() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| streamed(&["one ", "two"]));
        let mut connection = Connection::to(bench.app(pages(&origin)).0).await;
        let miss = connection.ask("GET", "/", "").await;
        assert_eq!(
            (miss.header("transfer-encoding"), miss.header("x-cache")),
            (Some("chunked"), Some("Miss"))
        );
        assert_eq!(miss.body, b"one two");
        connection.stored("/").await;
        let hit = connection.ask("GET", "/", "").await;
        assert_eq!(
            (hit.header("content-length"), hit.header("x-cache")),
            (Some("7"), Some("Hit"))
        );
        assert_eq!(hit.body, b"one two");
        let head = connection.ask("HEAD", "/", "").await;
        assert_eq!(
            (head.header("content-length"), head.header("x-cache")),
            (Some("7"), Some("Hit"))
        );
        origin.ran(1);
    }
}

#[tokio::test]
async fn dates_of_a_hit_are_repeated_nowhere() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| [("date", "Tue, 14 Nov 2023 22:13:20 GMT")]);
        let mut connection = Connection::to(bench.app(pages(&origin)).0).await;
        for _ in 0..2 {
            // `header` would tell of a second line.
            assert!(connection.ask("GET", "/", "").await.header("date").is_some());
        }
        origin.ran(1);
    }
}

#[tokio::test]
async fn p5_a_client_learns_that_a_body_was_cut_short() {
    let bodies: [fn() -> Response; 4] = [
        || announced("wh", 5).into_response(),
        || ([("content-length", "5")], "wh").into_response(),
        || ([("content-length", "5")], streamed(&["w", "h"])).into_response(),
        || Body::from_stream(stream::iter([Ok("wh"), Err(io::Error::other("gone"))])).into_response(),
    ];
    for body in bodies {
        for bench in Bench::every().await {
            let origin = Origin::new(move |_| body());
            let router = bench.app(pages(&origin)).0;
            for run in 1..=2 {
                let mut connection = Connection::to(router.clone()).await;
                let request = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
                connection.0.write_all(request).await.unwrap();
                let mut all = Vec::new();
                // However the connection ends, the response has not.
                let _ = timeout(PATIENCE, connection.0.read_to_end(&mut all))
                    .await
                    .unwrap();
                let all = String::from_utf8(all).unwrap();
                assert!(all.is_empty() || all.starts_with("HTTP/1.1 200"), "{all}");
                let is_whole = all.contains("content-length: 2\r\n") || all.ends_with("\r\n0\r\n\r\n");
                assert!(!is_whole, "{all}");
                origin.ran(run);
            }
        }
    }
}
