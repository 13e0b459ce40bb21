//! `Cache::explain` reports the state of one key.

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use handler_cache::{
    Tags, ValueKey, cache,
    explain::{EntryState, Explanation, FillState},
};

use crate::support::{
    app::{App, Bench, PATIENCE, START},
    gate::{Gate, ask},
};

#[derive(serde::Deserialize)]
struct Reader {
    name: String,
}

#[cache(expire = 60, stale_if_error = 60, tags = ["pages", format!("page-{id}")])]
async fn page(Path(id): Path<u64>, State(gate): State<Gate>) -> impl IntoResponse {
    let run = gate.pass().await;
    match id {
        0 => ([(header::SET_COOKIE, "a=b")], "signed in").into_response(),
        _ if run > 1 => StatusCode::BAD_GATEWAY.into_response(),
        _ => (Tags(["by answer"]), format!("page {id}")).into_response(),
    }
}

/// Its key does not show its tag.
#[cache(expire = 60, ignore = [name], tags = [name])]
async fn by_reader(Query(Reader { name }): Query<Reader>) -> String {
    name
}

#[cache(expire = 60, vary = ["accept-language"], methods = [POST], version = 2)]
async fn variants(Path(id): Path<u64>) -> String {
    format!("variant {id}")
}

fn routes(gate: &Gate) -> Router {
    Router::new()
        .route("/pages/{id}", get(page))
        .route("/readers", get(by_reader))
        .route("/variants/{id}", axum::routing::post(variants))
        .with_state(gate.clone())
}

async fn explain(bench: &Bench, id: u64) -> Explanation {
    let explanation = bench.cache.explain(page::key(Path(id))).await;
    explanation.expect("it has a key")
}

#[tokio::test]
async fn entry_is_explained_in_each_state() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(routes(&gate));
        let explanation = explain(&bench, 7).await;
        assert_eq!(explanation.state, EntryState::Absent);
        assert_eq!((&explanation.entry, explanation.fill), (&None, None));
        assert_eq!(explanation.key, "test:it::operations::explain::page(id=7)");
        assert_eq!(
            explanation.to_string(),
            "test:it::operations::explain::page(id=7): no entry"
        );

        gate.let_through(1);
        app.get("/pages/7").await;
        bench.settled().await;
        bench.clock.advance(Duration::from_secs(20));
        let explanation = explain(&bench, 7).await;
        assert_eq!(explanation.state, EntryState::Fresh);
        let entry = explanation.entry.clone().unwrap();
        assert_eq!(
            (entry.status, entry.created_at, entry.bytes),
            (StatusCode::OK, START, 6)
        );
        assert_eq!(entry.fresh_for, Duration::from_secs(40));
        assert_eq!(entry.kept_for, Duration::from_secs(100));
        assert_eq!(entry.tags, ["pages", "page-7", "by answer"]);
        assert_eq!(
            explanation.to_string(),
            "test:it::operations::explain::page(id=7): fresh; status 200, 6 bytes, fresh for 40s, kept for 100s, \
             tags pages, page-7, by answer"
        );

        bench.clock.advance(Duration::from_secs(40));
        let explanation = explain(&bench, 7).await;
        assert_eq!(explanation.state, EntryState::Stale);
        assert_eq!(explanation.entry.unwrap().fresh_for, Duration::ZERO);

        gate.let_through(1);
        assert_eq!(
            app.get("/pages/7").await.x_cache(),
            Some("Stale"),
            "the handler fails"
        );
        bench.settled().await;
        let explanation = explain(&bench, 7).await;
        assert_eq!(explanation.fill, Some(FillState::Backoff));
        assert_eq!(explanation.not_stored.get("status"), Some(&1));

        bench.cache.evict_tag("page-7").await.unwrap();
        let explanation = explain(&bench, 7).await;
        assert_eq!(explanation.state, EntryState::Unusable);
        assert_eq!(explanation.entry, None);
    }
}

#[tokio::test]
async fn fill_under_way_on_redis_is_here_or_elsewhere() {
    let bench = Bench::redis().await;
    let elsewhere = handler_cache::Cache::builder()
        .prefix("test")
        .url(bench.server().url())
        .store_budget(PATIENCE)
        .clock(&bench.clock)
        .build()
        .await
        .unwrap();
    let gate = Gate::new();
    let app = bench.app(routes(&gate));
    let asked = ask(&app, "/pages/7");
    gate.entered().await;
    let key = page::key(Path(7));
    assert_eq!(explain(&bench, 7).await.fill, Some(FillState::Local));
    // Also while somebody there waits for it.
    let other_app = App(routes(&gate).layer(elsewhere.attach()));
    let waiting = ask(&other_app, "/pages/7");
    for _ in 0..100 {
        tokio::task::yield_now().await;
        let explanation = elsewhere.explain(&key).await.unwrap();
        assert_eq!(explanation.fill, Some(FillState::Remote));
    }
    let explanation = elsewhere.explain(&key).await.unwrap();
    assert_eq!(
        explanation.to_string(),
        "test:it::operations::explain::page(id=7): no entry; being filled by another process"
    );
    gate.let_through(1);
    asked.await.unwrap();
    assert_eq!(waiting.await.unwrap().text(), "page 7");
    bench.settled().await;
    assert_eq!(explain(&bench, 7).await.fill, None);
    assert_eq!(elsewhere.explain(&key).await.unwrap().state, EntryState::Fresh);
}

#[tokio::test]
async fn response_that_was_not_stored_is_explained_by_its_reason() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let app = bench.app(routes(&gate));
        gate.let_through(1);
        app.get("/pages/0").await;
        bench.settled().await;
        let explanation = explain(&bench, 0).await;
        assert_eq!(explanation.fill, Some(FillState::HitForMiss));
        assert_eq!(
            explanation.to_string(),
            "test:it::operations::explain::page(id=0): no entry; hit-for-miss: the last response could not be stored, \
             so requests are not coalesced for 5 s; not stored so far, for any arguments: set-cookie (1)"
        );
    }
}

#[tokio::test]
async fn tags_beyond_the_key_leave_an_entry_unclear() {
    for bench in Bench::every().await {
        // Memory keeps the tags beside the entry.
        let (seen, known) = match bench.redis {
            Some(_) => (EntryState::Uncertain, false),
            None => (EntryState::Fresh, true),
        };
        let app = bench.app(routes(&Gate::new()));
        let key = by_reader::key();
        let state = async || bench.cache.explain(&key).await.unwrap().state;
        assert_eq!(state().await, EntryState::Absent);
        app.get("/readers?name=alice").await;
        bench.settled().await;
        assert_eq!(state().await, seen);
        assert_eq!(bench.cache.contains(&key).await, known);
    }
}

#[tokio::test]
async fn variant_of_requests_without_headers_is_explained() {
    for bench in Bench::every_with(|builder| builder.version("3")).await {
        let app = bench.app(routes(&Gate::new()));
        let post = async |headers: [(&str, &str); 1]| {
            app.send(axum::http::Method::POST, "/variants/1", headers, "")
                .await;
            bench.settled().await;
        };
        let key = variants::key(Path(1));
        let explain = async || bench.cache.explain(&key).await.unwrap();
        post([("accept-language", "de")]).await;
        let explanation = explain().await;
        assert_eq!(explanation.state, EntryState::Absent);
        assert_eq!(
            explanation.key,
            "test@3:it::operations::explain::variants@2(id=1);POST;accept-language=none"
        );
        post([("accept", "*/*")]).await;
        assert_eq!(explain().await.state, EntryState::Fresh);
    }
}

#[tokio::test]
async fn variant_of_requests_with_headers_is_explained() {
    for bench in Bench::every().await {
        let app = bench.app(routes(&Gate::new()));
        let german = [("accept-language", "de")];
        app.send(axum::http::Method::POST, "/variants/1", german, "")
            .await;
        bench.settled().await;
        let key = |language| {
            let headers = [
                (header::ACCEPT_LANGUAGE, HeaderValue::from_static(language)),
                (header::ACCEPT, HeaderValue::from_static("*/*")),
            ];
            variants::key(Path(1)).with_headers(&HeaderMap::from_iter(headers))
        };
        let explanation = bench.cache.explain(key("de")).await.unwrap();
        assert_eq!(explanation.state, EntryState::Fresh);
        assert_eq!(
            explanation.key,
            r#"test:it::operations::explain::variants@2(id=1);POST;accept-language="de""#
        );
        assert!(!format!("{:?}", key("s3cret")).contains("s3cret"));
        assert!(bench.cache.ttl(key("de")).await.is_some());
        assert!(!bench.cache.contains(key("fr")).await);
        bench.cache.evict(key("fr")).await.unwrap();
        assert!(!bench.cache.contains(key("de")).await, "all variants are evicted");
    }
}

#[tokio::test]
async fn p1_unavailable_redis_is_reported() {
    let mut bench = Bench::redis().await;
    let key = ValueKey::<u8>::new("it", &());
    bench.cache.set(&key, &1, Duration::from_secs(60)).await.unwrap();
    assert_eq!(bench.cache.explain(&key).await.unwrap().state, EntryState::Fresh);
    bench.redis.take().unwrap().kill();
    crate::support::app::eventually("the breaker does not open", async || {
        bench.cache.stats().store_unavailable
    })
    .await;
    let explanation = bench.cache.explain(&key).await.unwrap();
    assert_eq!(explanation.state, EntryState::Unknown);
    assert!(explanation.store_unavailable);
    assert_eq!(
        explanation.to_string(),
        "test:$it(_);5bc0d0ec: the store does not answer"
    );
}

#[tokio::test]
async fn p8_garbage_in_redis_is_unreadable_and_a_newer_record_is_newer() {
    let bench = Bench::redis().await;
    let key = ValueKey::<u8>::new("it", &());
    let name = bench.cache.explain(&key).await.unwrap().key;
    let record = |bytes: &[u8]| {
        bench
            .server()
            .command([b"SET".as_slice(), name.as_bytes(), bytes])
    };
    let state = async || bench.cache.explain(&key).await.unwrap().state;
    record(b"garbage");
    assert_eq!(state().await, EntryState::Unusable);
    record(b"\xf5hce\xffanything at all, in a later form");
    assert_eq!(state().await, EntryState::NewerFormat);
    assert_eq!(bench.cache.get(&key).await, None);
    let error = bench
        .cache
        .set(&key, &1, Duration::from_secs(60))
        .await
        .unwrap_err();
    assert!(error.is_store(), "{error}");
    let lease = format!("{{{name}}}:lease");
    bench.server().command(["SET", &*lease, "garbage"]);
    assert_eq!(
        bench.cache.explain(&key).await.unwrap().fill,
        Some(FillState::Unreadable)
    );
}
