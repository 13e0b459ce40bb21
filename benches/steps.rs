//! The steps of a hit, one by one: the key, the lookup in memory, the wire format, the response.

#![allow(missing_docs, reason = "criterion's macros make public items")]

use axum::body::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use handler_cache_runtime::steps::Steps;
use serde::Serialize;

/// The query of a list of products.
#[derive(Serialize)]
struct Query {
    search: &'static str,
    page: u32,
    in_stock: Option<bool>,
    categories: [&'static str; 3],
}

const QUERY: Query = Query {
    search: "a teapot of porcelain",
    page: 2,
    in_stock: Some(true),
    categories: ["kitchen", "tea", "porcelain"],
};

fn steps(criterion: &mut Criterion) {
    let steps = Steps::new(Bytes::from(vec![b'x'; 1024]));
    // A key of more than 240 bytes is capped and ends in a hash.
    let text = "a text longer than a key may be; ".repeat(16);

    let mut group = criterion.benchmark_group("key");
    group.bench_function("number", |bencher| bencher.iter(|| steps.key(&42_u64)));
    group.bench_function("query", |bencher| bencher.iter(|| steps.key(&QUERY)));
    group.bench_function("long text", |bencher| bencher.iter(|| steps.key(&text)));
    group.finish();

    let mut group = criterion.benchmark_group("entry of 1 KiB");
    group.bench_function("look-up in memory", |bencher| bencher.iter(|| steps.look_up()));
    group.bench_function("decoding", |bencher| bencher.iter(|| steps.decode()));
    group.finish();

    let mut group = criterion.benchmark_group("response of 1 KiB");
    group.bench_function("hit", |bencher| bencher.iter(|| steps.hit()));
    group.bench_function("304", |bencher| bencher.iter(|| steps.not_modified()));
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
