//! `gateway`: every byte as the origin sent it, whoever leaves in the middle.

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
    routing::{get, post},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    MEMORY,
    support::{RedisServer, app::eventually, example::Example},
};

const CHUNK: usize = 60_000;

/// Bytes that tell where they stand.
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

/// Sends half of what it should: the first time, all of it from then on.
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

/// Starts an origin of its own; with its URL.
async fn origin() -> String {
    let router = Router::new()
        .route("/whole/{length}", get(whole))
        .route("/chunked/{length}", get(chunked))
        .route("/torn/{framing}/{length}", get(torn))
        .route(
            "/echo",
            post(async |headers: HeaderMap, body: Bytes| (headers, body)),
        )
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
                let told = web.get(&format!("{via}{path}")).await.expect("it answers");
                assert_eq!(told.0, status, "{path}");
                assert_eq!(without_hops(told.1), without_hops(headers.clone()), "{path}");
                assert!(told.2 == body, "{path} differs");
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
async fn what_the_origin_did_not_finish_is_not_taken_for_whole() {
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
async fn an_origin_that_is_away_is_bridged_by_what_is_stored() {
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
    eventually("its life does not end", async || {
        get("/a").await.1["x-cache"] == "Stale"
    })
    .await;
    assert_eq!(get("/a").await.2, "here");
    eventually("the origin still answers", async || get("/b").await.0 == 502).await;
}
