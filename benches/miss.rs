//! What a miss in memory costs beside the handler alone, through the `Router`, without a network. Each request has an id
//! of its own, so that none is a hit.

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

fn page() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        Bytes::from_static(&BODY),
    )
}

async fn bare(Path(_id): Path<u64>) -> impl IntoResponse {
    page()
}

#[cache(expire = 3600)]
async fn cached(Path(id): Path<u64>) -> impl IntoResponse {
    let _ = id;
    page()
}

fn ask(runtime: &Runtime, app: &Router, path: &str) {
    let request = Request::get(path).body(Body::empty());
    let request = request.expect("the request is well-formed");
    runtime.block_on(async {
        let response = app.clone().oneshot(request).await.expect("a router cannot fail");
        let body = response.into_body().collect().await;
        black_box(body.expect("the body ends well").to_bytes());
    });
}

fn miss(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let cache = runtime
        .block_on(Cache::builder().build())
        .expect("the settings are good");
    let app = Router::new()
        .route("/bare/{id}", get(bare))
        .route("/cached/{id}", get(cached))
        .layer(cache.attach());

    let mut ids = 10_000_000_u64..;
    let mut path = |route: &str| format!("/{route}/{}", ids.next().expect("there are enough ids"));
    let mut group = criterion.benchmark_group("miss of 1 KiB");
    group.throughput(Throughput::Elements(1));
    for route in ["bare", "cached"] {
        group.bench_function(route, |bencher| {
            bencher.iter(|| ask(&runtime, &app, &path(route)))
        });
    }
    group.finish();
    let counts = cache.stats().total;
    assert_eq!(counts.hits, 0, "a request was no miss");
}

criterion_group!(benches, miss);
criterion_main!(benches);
