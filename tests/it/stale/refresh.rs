//! Background refresh: a stale entry is served while one fill replaces it.

use super::*;

#[tokio::test]
async fn stale_entry_is_served_at_once_while_one_fill_refreshes_it() {
    for bench in
        Bench::every_with(|builder| builder.cache_status(true).client_max_age(ClientMaxAge::Remaining)).await
    {
        let (origin, app) = stale_page(&bench, secs(9)).await;
        for _ in 0..20 {
            let answer = app.get("/pages/1").await;
            assert_eq!(seen(&answer), (StatusCode::OK, Some("Stale"), "run 1"));
            assert_eq!(answer.header("cache-control"), Some("private, max-age=0"));
            assert_eq!(answer.header("cache-status"), Some("test; hit; ttl=-9"));
        }
        origin.gate.entered().await;
        origin.gate.let_through(1);
        bench.settled().await;
        settle().await;
        let renewed = app.get("/pages/1").await;
        assert_eq!(seen(&renewed), (StatusCode::OK, Some("Hit"), "run 2"));
        assert_eq!(renewed.header("cache-control"), Some("private, max-age=30"));
        assert_eq!(origin.gate.runs.total(), 2);
    }
}

#[tokio::test]
async fn replicas_refresh_an_entry_once_between_them() {
    let server = RedisServer::start();
    let first = Bench::on(server).await;
    let (origin, here) = stale_page(&first, secs(1)).await;
    let other = Cache::builder()
        .prefix("test")
        .url(first.server().url())
        .clock(&first.clock);
    let other = other.build().await.unwrap();
    let there = App(routes(&origin).layer(other.attach()));
    for _ in 0..10 {
        assert_eq!(here.get("/pages/1").await.x_cache(), Some("Stale"));
        assert_eq!(there.get("/pages/1").await.x_cache(), Some("Stale"));
    }
    origin.gate.entered().await;
    origin.gate.let_through(1);
    first.settled().await;
    assert_eq!(there.get("/pages/1").await.text(), "run 2");
    assert_eq!(origin.gate.runs.total(), 2);
}

#[tokio::test]
async fn p3_stale_entry_is_not_served_after_its_eviction() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(1)).await;
        // A background refresh is in progress, and fenced.
        assert_eq!(app.get("/pages/1").await.x_cache(), Some("Stale"));
        origin.gate.entered().await;
        bench.cache.evict(page::key(Path(1))).await.unwrap();
        origin.is(FAILING);
        origin.gate.let_through(2);
        let answer = app.get("/pages/1").await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
        assert_eq!(origin.gate.runs.total(), 3);
    }
}

#[tokio::test]
async fn refresh_with_an_unstorable_response_removes_the_entry() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(1)).await;
        origin.is(MISSING);
        origin.gate.let_through(2);
        assert_eq!(app.get("/pages/1").await.x_cache(), Some("Stale"));
        origin.gate.entered().await;
        bench.settled().await;
        settle().await;
        let answer = app.get("/pages/1").await;
        assert_eq!(seen(&answer), (StatusCode::NOT_FOUND, Some("Miss"), "nothing 3"));
    }
}

#[tokio::test]
async fn head_is_answered_stale_and_refreshes_nothing() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(1)).await;
        let answer = app.send(Method::HEAD, "/pages/1", [], "").await;
        assert_eq!(
            (answer.x_cache(), answer.header("content-length")),
            (Some("Stale"), Some("5"))
        );
        settle().await;
        assert_eq!(origin.gate.runs.total(), 1);
    }
}

#[tokio::test]
async fn p6_concurrent_refreshes_are_limited() {
    let bench = Bench::memory_with(|builder| builder.max_refreshes(1)).await;
    let (origin, app) = stale_page(&bench, Duration::ZERO).await;
    bench.clock.advance(secs(1));
    origin.gate.let_through(1);
    assert_eq!(app.get("/pages/2").await.text(), "run 2");
    origin.gate.entered().await;
    bench.clock.advance(secs(1));
    assert_eq!(app.get("/pages/1").await.x_cache(), Some("Stale"));
    origin.gate.entered().await;
    bench.clock.advance(secs(29));
    assert_eq!(app.get("/pages/2").await.x_cache(), Some("Stale"));
    settle().await;
    assert_eq!(origin.gate.runs.total(), 3, "the second has to wait its turn");
    assert_eq!(bench.cache.stats().rejected.refreshes, 1);
    origin.gate.let_through(2);
    settle().await;
    assert_eq!(app.get("/pages/2").await.x_cache(), Some("Stale"));
    settle().await;
    assert_eq!(app.get("/pages/2").await.text(), "run 4");
}

#[tokio::test]
async fn early_refresh_fills_before_the_end_of_the_ttl_and_is_still_a_hit() {
    // So high that the random part does not matter, once the handler took any time at all.
    for bench in Bench::every_with(|builder| builder.early_refresh(1e12)).await {
        let origin = Origin::new();
        let app = bench.app(routes(&origin));
        let first = ask(&app, "/pages/1");
        origin.gate.entered().await;
        bench.clock.advance(secs(2));
        origin.gate.let_through(2);
        first.await.unwrap();
        bench.settled().await;
        assert_eq!(
            seen(&app.get("/pages/1").await),
            (StatusCode::OK, Some("Hit"), "run 1")
        );
        origin.gate.entered().await;
        bench.settled().await;
        settle().await;
        assert_eq!(origin.gate.runs.total(), 2);
    }
}
