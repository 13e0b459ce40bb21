//! Sends a number of requests of one kind to a router in process, for `scripts/instructions.sh` to count their instructions.
//!
//! `cost <scenario> <times>`; without arguments it names the scenarios.

use std::{borrow::Cow, env, hint::black_box, process::ExitCode, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::Path,
    http::{Request, header},
    response::IntoResponse,
    routing::get,
};
use bytes::Bytes;
use handler_cache::{Cache, cache, layer::CacheLayer};
use http_body_util::BodyExt;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const KIB: [u8; 1024] = [b'x'; 1024];
static SMALL: [u8; 1024] = KIB;
static LARGE: [u8; 64 * 1024] = [b'x'; 64 * 1024];

const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

async fn plain(Path(_id): Path<u64>) -> impl IntoResponse {
    (JSON, Bytes::from_static(&SMALL))
}

async fn plain_large(Path(_id): Path<u64>) -> impl IntoResponse {
    (JSON, Bytes::from_static(&LARGE))
}

#[derive(Serialize)]
struct Product {
    id: u64,
    name: &'static str,
    tags: [&'static str; 32],
    prices: [u64; 32],
}

/// About a kibibyte.
async fn json(Path(id): Path<u64>) -> Json<Product> {
    Json(Product {
        id,
        name: "A teapot of the finest porcelain",
        tags: ["kitchenware, porcelain"; 32],
        prices: [id; 32],
    })
}

#[cache(expire = 3600)]
async fn hit(Path(id): Path<u64>) -> impl IntoResponse {
    let _ = id;
    (JSON, Bytes::from_static(&SMALL))
}

#[cache(expire = 3600)]
async fn hit_large(Path(id): Path<u64>) -> impl IntoResponse {
    let _ = id;
    (JSON, Bytes::from_static(&LARGE))
}

/// No more than `few` in `scripts/instructions.sh`, so that it counts hits alone.
const MANY: u32 = 200;

/// A kind of request: name, method, path, headers. At the end of the path `*` is replaced by the request's number, `?` by one
/// of [`MANY`].
type Scenario = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const SCENARIOS: &[Scenario] = &[
    ("plain", "GET", "/plain/1", &[]),
    ("plain-64k", "GET", "/plain-large/1", &[]),
    ("plain-json", "GET", "/json/1", &[]),
    ("plain-post", "POST", "/plain/1", &[]),
    (
        "plain-no-store",
        "GET",
        "/plain/1",
        &[("cache-control", "no-store")],
    ),
    (
        "plain-with-a-tag",
        "GET",
        "/plain/1",
        &[("if-none-match", "\"x\"")],
    ),
    ("hit", "GET", "/hit/1", &[]),
    ("hit-64k", "GET", "/hit-large/1", &[]),
    ("hit-with-a-tag", "GET", "/hit/1", &[("if-none-match", "\"x\"")]),
    ("304", "GET", "/hit/1", &[("if-none-match", "*")]),
    (
        "bypass-no-store",
        "GET",
        "/hit/1",
        &[("cache-control", "no-store")],
    ),
    ("bypass-post", "POST", "/hit/1", &[]),
    ("layer-hit", "GET", "/layered/1", &[]),
    ("plain-many", "GET", "/plain/?", &[]),
    ("hit-many", "GET", "/hit/?", &[]),
    ("plain-each", "GET", "/plain/*", &[]),
    ("miss", "GET", "/hit/*", &[]),
];

fn ask(runtime: &Runtime, app: &Router, (_, method, path, headers): &Scenario, number: u32) {
    let path = match path.split_at(path.len() - 1) {
        (path, "*") => Cow::Owned(format!("{path}{number}")),
        (path, "?") => Cow::Owned(format!("{path}{}", number % MANY)),
        _ => Cow::Borrowed(*path),
    };
    let mut request = Request::builder().method(*method).uri(&*path);
    for (name, value) in *headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("the request is well-formed");
    runtime.block_on(async {
        let response = app.clone().oneshot(request).await.expect("a router cannot fail");
        let body = response.into_body().collect().await;
        black_box(body.expect("the body ends well").to_bytes());
    });
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(name) = arguments.next() else {
        for (name, ..) in SCENARIOS {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    };
    let times = arguments.next().and_then(|times| times.parse::<u32>().ok());
    let scenario = SCENARIOS.iter().find(|(own, ..)| *own == name);
    let (Some(scenario), Some(times)) = (scenario, times) else {
        eprintln!("usage: cost <scenario> <times>");
        return ExitCode::FAILURE;
    };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let cache = runtime.block_on(Cache::builder().build());
    let cache = cache.expect("the settings are good");
    let layer = CacheLayer::new().expire(Duration::from_secs(3600));
    let app = Router::new()
        .route("/plain/{id}", get(plain).post(plain))
        .route("/plain-large/{id}", get(plain_large))
        .route("/json/{id}", get(json))
        .route("/hit/{id}", get(hit).post(hit))
        .route("/hit-large/{id}", get(hit_large))
        .route("/layered/{id}", get(plain).layer(layer))
        .layer(cache.attach());
    for number in 0..times {
        ask(&runtime, &app, scenario, number);
    }
    ExitCode::SUCCESS
}
