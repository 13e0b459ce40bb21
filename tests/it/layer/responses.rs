//! Which responses a layer stores, and what clients get.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, State},
    http::{Method, Request, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodFilter, any, get},
};
use bytes::Bytes;
use futures_util::stream;
use handler_cache::layer::CacheLayer;
use redis::Value;

use super::{
    MINUTE, app,
    support::{
        Options, RedisServer,
        app::{App, Bench, Runs},
    },
};

const BINARY: &[u8] = b"\x00\xff\xfe\r\n\x80caf\xe9\x00";

async fn answer(method: Method, OriginalUri(uri): OriginalUri, State(runs): State<Runs>) -> Response {
    let run = runs.increment();
    match uri.path() {
        "/missing" => (StatusCode::NOT_FOUND, format!("run {run}")).into_response(),
        "/binary" => Bytes::from_static(BINARY).into_response(),
        "/cookies" => {
            let mut response = format!("run {run}").into_response();
            for cookie in ["a=1", "b=2"] {
                response
                    .headers_mut()
                    .append("set-cookie", cookie.parse().expect("it is text"));
            }
            response
        }
        path => format!("{method} {path}, run {run}").into_response(),
    }
}

fn answers() -> Router {
    Router::new().fallback(any(answer)).with_state(Runs::default())
}

async fn every() -> Vec<(App, Bench)> {
    let benches = Bench::every().await;
    let with_app = |bench: Bench| {
        (
            bench.app(answers().layer(CacheLayer::new().expire(MINUTE))),
            bench,
        )
    };
    benches.into_iter().map(with_app).collect()
}

#[tokio::test]
async fn other_methods_get_no_cache_headers() {
    for (app, _bench) in every().await {
        for method in [
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ] {
            let answer = app.send(method.clone(), "/a", [], Body::empty()).await;
            for name in ["cache-control", "expires", "etag", "x-cache"] {
                assert_eq!(answer.header(name), None, "{method}");
            }
        }
    }
}

#[tokio::test]
async fn no_cache_and_no_store_together_bypass() {
    for (app, bench) in every().await {
        app.get("/a").await;
        bench.settled().await;
        let answer = app
            .get_with("/a", [("cache-control", "no-cache, no-store")])
            .await;
        assert_eq!((answer.x_cache(), answer.text()), (None, "GET /a, run 2"));
        assert_eq!(app.get("/a").await.text(), "GET /a, run 1");
    }
}

#[tokio::test]
async fn a_list_of_etags_is_read_as_a_list() {
    for (app, bench) in every().await {
        let miss = app.get("/a").await;
        bench.settled().await;
        let list = format!("\"x\", {}, \"y\"", miss.header("etag").expect("it has one"));
        let answer = app.get_with("/a", [("if-none-match", &*list)]).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::NOT_MODIFIED, ""));
        let other = app.get_with("/a", [("if-none-match", "\"x\"")]).await;
        assert_eq!((other.status, other.x_cache()), (StatusCode::OK, Some("Hit")));
    }
}

#[tokio::test]
async fn a_404_stays_one_and_is_not_stored() {
    for (app, bench) in every().await {
        for run in ["run 1", "run 2"] {
            let answer = app.get("/missing").await;
            bench.settled().await;
            assert_eq!((answer.status, answer.text()), (StatusCode::NOT_FOUND, run));
        }
    }
}

#[tokio::test]
async fn redis_entry_that_cannot_be_read_is_a_miss() {
    let bench = Bench::redis().await;
    let app = bench.app(answers().layer(CacheLayer::new().expire(MINUTE)));
    app.get("/a").await;
    bench.settled().await;
    let Value::Array(keys) = bench.server().command(["KEYS", "test:!*"]) else {
        panic!("KEYS answers with a list");
    };
    let [Value::BulkString(key)] = &keys[..] else {
        panic!("there is one entry: {keys:?}");
    };
    let whole = bench
        .server()
        .get(str::from_utf8(key).expect("keys are text"))
        .expect("it is there");
    for (run, record) in [&whole[..whole.len() - 1], b"\x80\x04\x95", b""]
        .into_iter()
        .enumerate()
    {
        bench.server().command([b"SET", &key[..], record]);
        let answer = app.get("/a").await;
        bench.settled().await;
        let text = format!("GET /a, run {}", run + 2);
        assert_eq!((answer.x_cache(), answer.text()), (Some("Miss"), &*text));
        assert_eq!(app.get("/a").await.x_cache(), Some("Hit"));
    }
}

#[tokio::test]
async fn evictions_are_exact_and_keep_foreign_records() {
    for (app, bench) in every().await {
        let foreign = bench.redis.as_ref();
        if let Some(server) = foreign {
            server.command(["SET", "users", "not ours"]);
        }
        let paths = ["/user", "/user/7", "/users", "/user-list"];
        let fill = async || {
            for path in paths {
                app.get(path).await;
                bench.settled().await;
            }
        };
        let x_caches = async || {
            let mut x_caches = Vec::new();
            for path in paths {
                x_caches.push(app.get(path).await.x_cache().map(str::to_owned));
                bench.settled().await;
            }
            x_caches
                .into_iter()
                .map(|x_cache| x_cache.is_some_and(|it| it == "Hit"))
                .collect::<Vec<_>>()
        };
        fill().await;
        bench
            .cache
            .evict_prefix("/user")
            .await
            .expect("the store acknowledges");
        assert_eq!(x_caches().await, [false, false, true, true]);
        bench.clock.advance(Duration::from_millis(1));
        bench.cache.clear().await.expect("the store acknowledges");
        assert_eq!(x_caches().await, [false; 4]);
        if let Some(server) = foreign {
            assert_eq!(server.get("users"), Some(b"not ours".to_vec()));
        }
    }
}

#[tokio::test]
async fn cookies_are_neither_stored_nor_lost() {
    for (app, bench) in every().await {
        for run in ["run 1", "run 2"] {
            let answer = app.get("/cookies").await;
            bench.settled().await;
            assert_eq!(answer.text(), run);
            let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
            assert_eq!(cookies, ["a=1", "b=2"]);
        }
    }
}

#[tokio::test]
async fn binary_bodies_come_back_as_they_were() {
    for (app, bench) in every().await {
        for x_cache in ["Miss", "Hit"] {
            let answer = app.get("/binary").await;
            bench.settled().await;
            assert_eq!((answer.x_cache(), &*answer.body), (Some(x_cache), BINARY));
        }
    }
}

/// With a length, and with none, as over HTTP/2.
#[tokio::test]
async fn a_request_with_a_body_is_not_cached() {
    for bench in Bench::every().await {
        let methods = MethodFilter::GET.or(MethodFilter::POST);
        let app = bench.app(answers().layer(CacheLayer::new().expire(MINUTE).methods(methods)));
        for method in [Method::GET, Method::POST] {
            let first = app.send(method.clone(), "/a", [], Body::empty()).await;
            bench.settled().await;
            let second = app.send(method.clone(), "/a", [], Body::empty()).await;
            assert_eq!((first.text(), second.x_cache()), (second.text(), Some("Hit")));
            let with_length = app
                .send(method.clone(), "/a", [("content-length", "1")], "x")
                .await;
            assert_eq!(with_length.x_cache(), None);
            let stream = stream::iter([Ok::<_, Infallible>("x")]);
            let request = Request::builder().method(method).uri("/a");
            let request = request
                .body(Body::from_stream(stream))
                .expect("it is well-formed");
            assert_eq!(app.ask(request).await.x_cache(), None);
        }
    }
}

#[tokio::test]
async fn full_redis_fails_no_request() {
    let server = RedisServer::with(Options::default().arguments(["--maxmemory", "1"]));
    let bench = Bench::on(server).await;
    let app = app(&bench, CacheLayer::new().expire(MINUTE));
    for run in 1..=4 {
        let answer = app.get("/a").await;
        assert_eq!(
            (answer.status, answer.text()),
            (StatusCode::OK, &*format!("/a, run {run}"))
        );
    }
}

#[tokio::test]
async fn headers_of_outer_layers_are_never_stored() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let within = Router::new()
            .route("/within", get(answer))
            .layer(CacheLayer::new().expire(MINUTE));
        let app = bench.app(within.route("/outside", get(answer)).with_state(runs));
        for (path, second) in [("/within", Some("Hit")), ("/outside", None)] {
            app.get(path).await;
            bench.settled().await;
            assert_eq!(app.get(path).await.x_cache(), second, "{path}");
        }
    }
}
