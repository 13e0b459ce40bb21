//! `gateway` forwards every byte of the origin, also when clients or the origin disconnect.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, Request, StatusCode, header},
    response::Response,
    routing::{any, get},
};
use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    MEMORY,
    support::{RedisServer, app::eventually, example::Example},
};

const CHUNK: usize = 60_000;

/// Bytes whose values show their positions.
fn bytes(length: usize) -> Bytes {
    (0..length).map(|at| (at % 251) as u8).collect()
}

fn chunks(length: usize) -> Vec<Bytes> {
    let all = bytes(length);
    let starts = (0..length).step_by(CHUNK);
    starts.map(|at| all.slice(at..length.min(at + CHUNK))).collect()
}

fn page(body: Body) -> Response {
    let response = Response::builder()
        .header(header::CACHE_CONTROL, "max-age=60")
        .header(header::ETAG, "\"v1\"")
        .header("x-twice", "one")
        .header("x-twice", "two");
    response.body(body).expect("the response is well-formed")
}

async fn whole(Path(length): Path<usize>) -> Response {
    page(Body::from(bytes(length)))
}

async fn chunked(Path(length): Path<usize>) -> Response {
    let chunks = chunks(length).into_iter().map(Ok::<_, Infallible>);
    page(Body::from_stream(stream::iter(chunks)))
}

/// Sends half of the body the first time, all of it from then on.
async fn torn(
    Path((framing, length)): Path<(String, usize)>,
    State(runs): State<Arc<AtomicUsize>>,
) -> Response {
    let torn = runs.fetch_add(1, Ordering::SeqCst) == 0;
    let sent = if torn { length / 2 } else { length };
    let parts = chunks(sent).into_iter().map(Ok);
    let end = torn.then(|| Err(io::Error::other("the origin is gone")));
    // Given away before it breaks: hyper sends nothing of a body that fails at once.
    let parts = stream::iter(parts.chain(end)).then(async |part| {
        tokio::time::sleep(Duration::from_millis(1)).await;
        part
    });
    let mut response = page(Body::from_stream(parts));
    if framing == "whole" {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

/// Echoes the request, and its framing in fields of another name.
async fn echo(mut headers: HeaderMap, body: Bytes) -> (HeaderMap, Bytes) {
    for (name, echoed) in [
        (header::CONTENT_LENGTH, "x-content-length"),
        (header::TRANSFER_ENCODING, "x-transfer-encoding"),
    ] {
        if let Some(value) = headers.remove(name) {
            headers.insert(echoed, value);
        }
    }
    (headers, body)
}

/// Starts an origin of its own; with its URL.
async fn origin() -> String {
    let router = Router::new()
        .route("/whole/{length}", get(whole))
        .route("/chunked/{length}", get(chunked))
        .route("/torn/{framing}/{length}", get(torn))
        .route("/echo", any(echo))
        .with_state(Arc::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
    let address = listener.local_addr().expect("it has one");
    tokio::spawn(axum::serve(listener, router).into_future());
    format!("http://{address}")
}

type Answer = Result<(StatusCode, HeaderMap, Bytes), Box<dyn std::error::Error + Send + Sync>>;

struct Web(Client<HttpConnector, Body>);

impl Web {
    fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    async fn get(&self, url: &str) -> Answer {
        self.ask(Request::get(url).body(Body::empty())?).await
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.0.request(request).await?.into_parts();
        Ok((parts.status, parts.headers, body.collect().await?.to_bytes()))
    }
}

/// What the gateway may add, and how the body is framed.
fn without_hops(mut headers: HeaderMap) -> HeaderMap {
    for name in ["age", "content-length", "date", "transfer-encoding", "x-cache"] {
        headers.remove(name);
    }
    headers
}

async fn bodies_are_the_same_byte_by_byte(cache_url: &str) {
    let origin = origin().await;
    let gateway = Example::start_with("gateway", cache_url, [("ORIGIN", &origin)]);
    let via = gateway.url();
    let web = Web::new();
    let megabyte = 1024 * 1024;
    for length in [
        0,
        1,
        1023,
        65_536,
        megabyte - 1,
        megabyte,
        megabyte + 1,
        50 * megabyte,
    ] {
        for framing in ["whole", "chunked"] {
            let path = format!("/{framing}/{length}");
            let (status, headers, body) = web.get(&format!("{origin}{path}")).await.expect("it answers");
            assert_eq!(body.len(), length);
            for _ in 0..2 {
                let response = web.get(&format!("{via}{path}")).await.expect("it answers");
                assert_eq!(response.0, status, "{path}");
                assert_eq!(without_hops(response.1), without_hops(headers.clone()), "{path}");
                assert!(response.2 == body, "{path} differs");
            }
        }
    }
    let body = bytes(megabyte);
    let echo = Request::post(format!("{via}/echo"))
        .header("x-mine", "1")
        .header("connection", "x-hop")
        .header("x-hop", "1");
    let (_, headers, echoed) = web
        .ask(echo.body(Body::from(body.clone())).expect("it is well-formed"))
        .await
        .expect("it answers");
    assert!(echoed == body);
    assert_eq!(
        (headers.get("x-mine").is_some(), headers.get("x-hop")),
        (true, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_the_same_byte_by_byte_on_memory() {
    bodies_are_the_same_byte_by_byte(MEMORY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_the_same_byte_by_byte_on_redis() {
    bodies_are_the_same_byte_by_byte(&RedisServer::start().url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_in_the_middle_spoils_nothing() {
    let origin = origin().await;
    let gateway = Example::start_with("gateway", MEMORY, [("ORIGIN", &origin)]);
    let web = Web::new();
    for path in [
        "/whole/1000000",
        "/chunked/1000000",
        "/whole/9000000",
        "/chunked/9000000",
    ] {
        let mut stream = TcpStream::connect(gateway.address()).await.expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut start = vec![0; 1000];
        stream.read_exact(&mut start).await.expect("it answers");
        drop(stream);
        let length: usize = path
            .rsplit('/')
            .next()
            .and_then(|length| length.parse().ok())
            .expect("a number");
        for _ in 0..2 {
            let request = Request::get(format!("{}{path}", gateway.url())).header("host", "test");
            let answer = web
                .ask(request.body(Body::empty()).expect("it is well-formed"))
                .await;
            assert!(answer.expect("it answers").2 == bytes(length), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn incomplete_responses_of_the_origin_are_not_stored() {
    for framing in ["whole", "chunked"] {
        let origin = origin().await;
        let gateway = Example::start_with("gateway", MEMORY, [("ORIGIN", &origin)]);
        let web = Web::new();
        let url = format!("{}/torn/{framing}/600000", gateway.url());
        web.get(&url)
            .await
            .expect_err("the client learns that it is not whole");
        let (_, headers, body) = web.get(&url).await.expect("the origin is back");
        assert_eq!(headers["x-cache"], "Miss", "nothing was stored of it");
        assert!(body == bytes(600_000));
    }
}

/// Bodies of all methods, with a length and in chunks.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_requests_are_passed_on_whatever_the_method() {
    let origin = origin().await;
    let gateway = Example::start_with("gateway", MEMORY, [("ORIGIN", &origin)]);
    for method in ["GET", "DELETE", "OPTIONS", "PATCH", "POST", "PUT"] {
        for framed in [
            "content-length: 5\r\n\r\nhello",
            "transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        ] {
            let request = format!("{method} /echo HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{framed}");
            let answer = raw(&gateway, &request).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{request}: {answer}");
            assert!(answer.contains("hello"), "{request}: {answer}");
        }
    }
}

/// Two servers that find two ends of one request can be made to answer one client with another's page.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_passed_on_that_ends_in_two_ways() {
    let origin = origin().await;
    let gateway = Example::start_with("gateway", MEMORY, [("ORIGIN", &origin)]);
    let length = "content-length: 60";
    let chunked = "transfer-encoding: chunked";
    for method in ["GET", "POST"] {
        for fields in [[length, chunked], [chunked, length]] {
            let fields = fields.join("\r\n");
            let request = format!(
                "{method} /echo HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{fields}\r\n\r\n0\r\n\r\n\
                 GET /whole/1 HTTP/1.1\r\nhost: smuggled\r\n\r\n"
            );
            let answer = raw(&gateway, &request).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{request}: {answer}");
            assert!(!answer.contains("x-content-length"), "{request}: {answer}");
            assert!(!answer.contains("smuggled"), "{request}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request}: {answer}");
        }
    }
}

/// The answers to a request, until the gateway closes the connection.
async fn raw(gateway: &Example, request: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address()).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Answers each connection's first request with this, and closes when the next one comes, without a word of that.
async fn closing_origin(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
    let address = listener.local_addr().expect("it has one");
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("it listens");
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"the end") {
                    if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.read_u8().await;
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_closes_after_each_answer_answers_every_request() {
    let origin =
        closing_origin("HTTP/1.1 200 OK\r\ncache-control: no-store\r\ncontent-length: 4\r\n\r\nhere").await;
    let gateway = Example::start_with("gateway", MEMORY, [("ORIGIN", &origin)]);
    let web = &Web::new();
    for method in ["GET", "POST"] {
        let asked = (0..8).map(async |_| {
            for _ in 0..50 {
                let body = Body::from(if method == "POST" { "the end" } else { "" });
                let request = Request::builder()
                    .method(method)
                    .uri(format!("{}/a", gateway.url()));
                let answer = web.ask(request.body(body).expect("it is well-formed")).await;
                let (status, _, body) = answer.expect("it answers");
                assert_eq!((status, &*body), (StatusCode::OK, &b"here"[..]), "{method}");
            }
        });
        join_all(asked).await;
    }
}

/// What counts is where its chunks end.
#[tokio::test(flavor = "multi_thread")]
async fn a_chunked_response_has_no_content_length() {
    let origin = closing_origin(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhere\r\n0\r\n\r\n",
    )
    .await;
    let gateway = Example::start_with("gateway", MEMORY, [("ORIGIN", &origin)]);
    let answer = Web::new().get(&gateway.url()).await.expect("it answers");
    assert_eq!((answer.0, &*answer.2), (StatusCode::OK, &b"here"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_in_front_of_itself_ends_at_once() {
    let origin = origin().await;
    let gateway = Example::start_with("gateway", MEMORY, [("ORIGIN", &origin)]);
    let request = Request::get(format!("{}/whole/1", gateway.url())).header("via", "1.1 gateway");
    let request = request.body(Body::empty()).expect("it is well-formed");
    let answer = Web::new().ask(request).await.expect("it answers");
    assert_eq!(answer.0, StatusCode::LOOP_DETECTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_origin_is_bridged_by_stored_responses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
    let address = listener.local_addr().expect("it has one");
    let router = Router::new().fallback(async || ([(header::CACHE_CONTROL, "max-age=1")], "here"));
    let server = tokio::spawn(axum::serve(listener, router).into_future());
    let gateway = Example::start_with("gateway", MEMORY, [("ORIGIN", &*format!("http://{address}"))]);
    let web = Web::new();
    let get = async |path: &str| {
        web.get(&format!("{}{path}", gateway.url()))
            .await
            .expect("it answers")
    };
    assert_eq!(get("/a").await.1["x-cache"], "Miss");
    server.abort();
    let _ = server.await;
    eventually("the entry does not become stale", async || {
        get("/a").await.1["x-cache"] == "Stale"
    })
    .await;
    assert_eq!(get("/a").await.2, "here");
    eventually("the origin still answers", async || get("/b").await.0 == 502).await;
}
