//! Streamed bodies are forwarded as they arrive, and delay no other request.

use std::{convert::Infallible, sync::Mutex, time::Duration};

use axum::{body::Body, http::StatusCode};
use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use handler_cache::Cache;
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    handlers::modes::{Feed, Origin},
    support::{
        app::{Answer, App, Bench, PATIENCE, eventually},
        gate::{ask, settle},
    },
};

async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    let frame = timeout(PATIENCE, body.frame())
        .await
        .expect("the chunk is not held back")?;
    Some(frame.map(|frame| frame.into_data().expect("there are no trailers")))
}

fn last(feeds: &Mutex<Vec<Feed>>) -> Feed {
    feeds.lock().unwrap().pop().expect("the handler ran")
}

async fn stored(app: &App, path: &str) -> Answer {
    eventually("it is not stored", async || {
        let answer = app.get_with(path, [("cache-control", "only-if-cached")]).await;
        answer.status != StatusCode::GATEWAY_TIMEOUT
    })
    .await;
    app.get(path).await
}

#[tokio::test]
async fn a_body_of_any_length_reaches_its_client_as_it_comes() {
    for length in [Some(10), None] {
        for bench in Bench::every().await {
            let (origin, feeds) = Origin::fed(length);
            for (by, router) in origin.every() {
                bench.cache.clear().await.unwrap();
                let app = bench.app(router);
                let response = timeout(PATIENCE, app.open("/"))
                    .await
                    .expect("the head is not held back");
                assert_eq!(response.headers()["x-cache"], "Miss", "{by}");
                assert!(!response.headers().contains_key("etag"), "{by}");
                assert_eq!(response.body().size_hint().exact(), length);
                let mut body = response.into_body();
                let feed = last(&feeds);
                for chunk in ["first", "-last"] {
                    feed.send(Ok(chunk.into())).unwrap();
                    assert_eq!(next(&mut body).await.unwrap().unwrap(), chunk, "{by}");
                }
                drop(feed);
                assert!(next(&mut body).await.is_none());
                let hit = stored(&app, "/").await;
                assert_eq!((hit.x_cache(), hit.text()), (Some("Hit"), "first-last"), "{by}");
            }
        }
    }
}

/// A request then joins no fill that began before it, so the waiters share the next one.
#[tokio::test]
async fn p4_without_a_store_waiters_share_a_body_of_any_length() {
    for length in [Some(10), None] {
        let (origin, feeds) = Origin::fed(length);
        for (by, router) in origin.every() {
            let cache = Cache::builder().url("redis://127.0.0.1:1").build().await.unwrap();
            let app = App(router.layer(cache.attach()));
            let runs = origin.runs.total();
            let mut body = app.open("/").await.into_body();
            let waiters: Vec<_> = (0..4).map(|_| ask(&app, "/")).collect();
            settle().await;
            let feed = last(&feeds);
            feed.send(Ok("first".into())).unwrap();
            assert_eq!(next(&mut body).await.unwrap().unwrap(), "first", "{by}");
            feed.send(Ok("-last".into())).unwrap();
            drop(feed);
            eventually("no waiter leads", async || !feeds.lock().unwrap().is_empty()).await;
            settle().await;
            let feed = last(&feeds);
            feed.send(Ok("first-last".into())).unwrap();
            drop(feed);
            for waiter in waiters {
                let answer = timeout(PATIENCE, waiter).await.expect("they share it").unwrap();
                assert_eq!(answer.text(), "first-last", "{by}");
            }
            assert_eq!(origin.runs.total(), runs + 2, "{by}");
        }
    }
}

/// An endless body with a chunk each 100 ms.
fn ticking() -> Body {
    Body::from_stream(stream::repeat(()).then(async |()| {
        sleep(Duration::from_millis(100)).await;
        Ok::<_, Infallible>(Bytes::from_static(b"tick"))
    }))
}

async fn first_byte(app: &App) -> Duration {
    let began = Instant::now();
    let mut body = app.open("/").await.into_body();
    body.frame().await.unwrap().unwrap();
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn p4_an_endless_body_keeps_only_the_first_waiters_and_not_for_long() {
    let wait = Duration::from_secs(10);
    let origin = Origin::new(|_| ticking());
    for (by, router) in origin.every() {
        let bench = Bench::memory_with(|builder| builder.coalesce_timeout(wait)).await;
        let app = bench.app(router);
        let reading = app.clone();
        let leader = tokio::spawn(async move {
            let mut body = reading.open("/").await.into_body();
            while body.frame().await.is_some() {}
        });
        settle().await;
        let first = join_all((0..10).map(|_| first_byte(&app))).await;
        assert!(first.iter().all(|taken| *taken <= wait / 2), "{by}: {first:?}");
        // After that no request waits, whether the first stream continues or its marker has expired.
        for _ in 0..300 {
            let later = join_all((0..3).map(|_| first_byte(&app))).await;
            assert!(
                later.iter().all(|taken| *taken < Duration::from_millis(250)),
                "{by}: {later:?}"
            );
            sleep(Duration::from_secs(1)).await;
            bench.clock.advance(Duration::from_secs(1));
        }
        leader.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_of_unknown_length_that_ends_after_some_seconds_is_stored() {
    let origin = Origin::new(|_| {
        Body::from_stream(stream::iter(0..8).then(async |number| {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>(number.to_string())
        }))
    });
    for (by, router) in origin.every() {
        let app = Bench::memory().await.app(router);
        assert_eq!(app.get("/").await.text(), "01234567");
        assert_eq!(app.get("/").await.x_cache(), Some("Hit"), "{by}");
    }
}
