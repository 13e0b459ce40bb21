//! The cost of hits and misses in memory, compared with the same response of plain axum, through a `Router` without a network.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    http::{Request, header},
    response::IntoResponse,
    routing::get,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use handler_cache::{Cache, cache};
use http_body_util::BodyExt;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

static BODY: [u8; 1024] = [b'x'; 1024];

async fn plain(Path(_id): Path<u64>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        Bytes::from_static(&BODY),
    )
}

#[cache(expire = 3600)]
async fn cached(Path(id): Path<u64>) -> impl IntoResponse {
    let _ = id;
    (
        [(header::CONTENT_TYPE, "application/json")],
        Bytes::from_static(&BODY),
    )
}

fn ask(runtime: &Runtime, app: &Router, path: &str, headers: &[(&str, &str)]) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("the request is well-formed");
    runtime.block_on(async {
        let response = app.clone().oneshot(request).await.expect("a router cannot fail");
        black_box(
            response
                .into_body()
                .collect()
                .await
                .expect("the body ends well")
                .to_bytes(),
        );
    });
}

/// A router with its own cache, and the runtime for it.
fn shop() -> (Runtime, Cache, Router) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let cache = runtime
        .block_on(Cache::builder().build())
        .expect("the settings are good");
    let app = Router::new()
        .route("/plain/{id}", get(plain))
        .route("/cached/{id}", get(cached))
        .layer(cache.attach());
    (runtime, cache, app)
}

fn hit(criterion: &mut Criterion) {
    let (runtime, _cache, app) = shop();
    ask(&runtime, &app, "/cached/1", &[]);

    let mut group = criterion.benchmark_group("1 KiB");
    group.throughput(Throughput::Elements(1));
    group.bench_function("plain axum", |bencher| {
        bencher.iter(|| ask(&runtime, &app, "/plain/1", &[]))
    });
    group.bench_function("hit", |bencher| {
        bencher.iter(|| ask(&runtime, &app, "/cached/1", &[]))
    });
    let matching = [("if-none-match", "*")];
    group.bench_function("304", |bencher| {
        bencher.iter(|| ask(&runtime, &app, "/cached/1", &matching))
    });
    let past = [("cache-control", "no-store")];
    group.bench_function("bypass", |bencher| {
        bencher.iter(|| ask(&runtime, &app, "/cached/1", &past))
    });
    group.finish();
}

/// Each request has a new id, so none is a hit.
fn miss(criterion: &mut Criterion) {
    let (runtime, cache, app) = shop();
    let mut ids = 10_000_000_u64..;
    let mut path = |route: &str| format!("/{route}/{}", ids.next().expect("there are enough ids"));

    let mut group = criterion.benchmark_group("miss of 1 KiB");
    group.throughput(Throughput::Elements(1));
    for route in ["plain", "cached"] {
        group.bench_function(route, |bencher| {
            bencher.iter(|| ask(&runtime, &app, &path(route), &[]))
        });
    }
    group.finish();
    assert_eq!(cache.stats().total.hits, 0, "a request was no miss");
}

criterion_group!(benches, hit, miss);
criterion_main!(benches);
