//! A stale entry is served when the handler fails or is slow.

use super::*;

#[tokio::test]
async fn stale_entry_is_served_when_the_handler_fails_or_panics() {
    for mode in [FAILING, PANICKING] {
        for bench in Bench::every().await {
            let (origin, app) = stale_page(&bench, secs(15)).await;
            origin.is(mode);
            origin.gate.let_through(1);
            let answer = app.get("/pages/1").await;
            assert_eq!(seen(&answer), (StatusCode::OK, Some("Stale"), "run 1"));
            assert_eq!(origin.gate.runs.total(), 2);
            bench.settled().await;
            // The handler does not run again during the backoff.
            assert_eq!(
                seen(&app.get("/pages/1").await),
                (StatusCode::OK, Some("Stale"), "run 1")
            );
            assert_eq!(origin.gate.runs.total(), 2);
        }
    }
}

#[tokio::test]
async fn handler_that_failed_is_tried_again_after_the_pause() {
    let bench = Bench::memory_with(|builder| builder.failure_backoff(secs(20))).await;
    let (origin, app) = stale_page(&bench, secs(15)).await;
    origin.is(FAILING);
    origin.gate.let_through(1);
    assert_eq!(app.get("/pages/1").await.x_cache(), Some("Stale"));
    bench.clock.advance(secs(19));
    assert_eq!(app.get("/pages/1").await.x_cache(), Some("Stale"));
    assert_eq!(origin.gate.runs.total(), 2);
    bench.clock.advance(secs(1));
    origin.is(WELL);
    origin.gate.let_through(1);
    assert_eq!(
        seen(&app.get("/pages/1").await),
        (StatusCode::OK, Some("Miss"), "run 3")
    );
}

#[tokio::test]
async fn failed_background_refresh_is_not_retried_at_once() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(1)).await;
        origin.is(FAILING);
        origin.gate.let_through(1);
        assert_eq!(app.get("/pages/1").await.x_cache(), Some("Stale"));
        origin.gate.entered().await;
        bench.settled().await;
        settle().await;
        for _ in 0..5 {
            assert_eq!(app.get("/pages/1").await.x_cache(), Some("Stale"));
            settle().await;
        }
        assert_eq!(origin.gate.runs.total(), 2);
    }
}

#[tokio::test]
async fn failure_is_answered_after_the_stale_window() {
    for bench in Bench::every().await {
        let (origin, app) = stale_page(&bench, secs(60)).await;
        origin.is(FAILING);
        origin.gate.let_through(1);
        let answer = app.get("/pages/1").await;
        assert_eq!(
            seen(&answer),
            (StatusCode::BAD_GATEWAY, Some("Miss"), "failure 2")
        );
    }
}

#[tokio::test]
async fn waiters_of_a_fill_that_fails_get_the_stale_entry_too() {
    let bench = Bench::memory().await;
    let (origin, app) = stale_page(&bench, secs(15)).await;
    origin.is(FAILING);
    let asked = [
        ask(&app, "/pages/1"),
        ask(&app, "/pages/1"),
        ask(&app, "/pages/1"),
    ];
    origin.gate.entered().await;
    settle().await;
    origin.gate.let_through(1);
    for answer in asked {
        assert_eq!(
            seen(&answer.await.unwrap()),
            (StatusCode::OK, Some("Stale"), "run 1")
        );
    }
    assert_eq!(origin.gate.runs.total(), 2);
}

#[tokio::test(start_paused = true)]
async fn slow_handler_is_replaced_by_the_stale_entry_and_ends_in_background() {
    let bench = Bench::memory().await;
    let origin = Origin::new();
    let app = bench.app(routes(&origin));
    origin.gate.let_through(1);
    app.get("/slow").await;
    origin.gate.entered().await;
    bench.clock.advance(secs(31));
    // No run is let through, and time advances only when all tasks wait.
    let answers = [ask(&app, "/slow"), ask(&app, "/slow")];
    for answer in answers {
        assert_eq!(
            seen(&answer.await.unwrap()),
            (StatusCode::OK, Some("Stale"), "run 1")
        );
    }
    assert_eq!(origin.gate.runs.total(), 2);
    origin.gate.let_through(1);
    settle().await;
    assert_eq!(
        seen(&app.get("/slow").await),
        (StatusCode::OK, Some("Hit"), "run 2")
    );
}

#[tokio::test]
async fn fast_handler_is_waited_for() {
    let bench = Bench::memory().await;
    let origin = Origin::new();
    let app = bench.app(routes(&origin));
    origin.gate.let_through(2);
    app.get("/slow").await;
    bench.clock.advance(secs(31));
    assert_eq!(
        seen(&app.get("/slow").await),
        (StatusCode::OK, Some("Miss"), "run 2")
    );
}

#[tokio::test]
async fn handler_may_forbid_staleness() {
    for bench in Bench::every().await {
        let origin = Origin::new();
        let app = bench.app(routes(&origin));
        origin.gate.let_through(2);
        app.get("/strict").await;
        bench.settled().await;
        bench.clock.advance(secs(31));
        assert_eq!(
            seen(&app.get("/strict").await),
            (StatusCode::OK, Some("Miss"), "run 2")
        );
    }
}

#[tokio::test]
async fn client_may_reject_stale_entries() {
    let bench = Bench::memory().await;
    let (origin, app) = stale_page(&bench, secs(1)).await;
    origin.gate.let_through(1);
    let answer = app.get_with("/pages/1", [("cache-control", "max-age=100")]).await;
    assert_eq!(seen(&answer), (StatusCode::OK, Some("Miss"), "run 2"));
}
