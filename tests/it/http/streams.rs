//! Bodies of unknown length.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{future::join_all, stream};
use http_body_util::BodyExt;
use tokio::{sync::mpsc, time::timeout};

use crate::{
    handlers::origin::{Origin, pages, stored, streamed, together},
    support::app::{Bench, PATIENCE},
};

pub(super) type Chunk = io::Result<&'static str>;

/// A handler that returns a new stream for each call; the test sends the chunks.
pub(super) fn fed() -> (Origin, Arc<Mutex<Vec<mpsc::UnboundedSender<Chunk>>>>) {
    let feeds = Arc::new(Mutex::new(Vec::new()));
    let opened = Arc::clone(&feeds);
    let origin = Origin::new(move |_| {
        let (sender, receiver) = mpsc::unbounded_channel::<Chunk>();
        opened.lock().unwrap().push(sender);
        Body::from_stream(stream::unfold(receiver, |mut receiver| async {
            Some((receiver.recv().await?, receiver))
        }))
    });
    (origin, feeds)
}

/// The next chunk, or how the body ended.
pub(super) async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    let frame = timeout(PATIENCE, body.frame())
        .await
        .expect("the chunk is not held back")?;
    Some(frame.map(|frame| frame.into_data().expect("there are no trailers")))
}

#[tokio::test]
async fn a_stream_is_stored_when_it_ended_well() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| ([("x-own", "1")], streamed(&["one ", "", "two ", "three"])));
        let app = bench.app(pages(&origin));
        let miss = app.get("/").await;
        assert_eq!((miss.x_cache(), miss.text()), (Some("Miss"), "one two three"));
        assert_eq!(
            (miss.header("x-own"), miss.header("content-length")),
            (Some("1"), None)
        );
        let hit = stored(&app, "/").await;
        assert_eq!((hit.x_cache(), hit.text()), (Some("Hit"), "one two three"));
        assert_eq!(
            (hit.header("x-own"), hit.header("content-length")),
            (Some("1"), Some("13"))
        );
        assert_eq!(hit.header("cache-control"), Some("private, no-cache"));
        assert!(hit.header("etag").is_some());
        origin.ran(1);
    }
}

#[tokio::test]
async fn a_stream_without_a_chunk_is_an_empty_page() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| streamed(&[]));
        let app = bench.app(pages(&origin));
        assert!(app.get("/").await.body.is_empty());
        let hit = stored(&app, "/").await;
        assert!(hit.body.is_empty());
        assert_eq!(hit.header("content-length"), Some("0"));
    }
}

#[tokio::test]
async fn the_first_chunk_reaches_the_client_before_the_last_is_made() {
    for bench in Bench::every().await {
        let (origin, feeds) = fed();
        let app = bench.app(pages(&origin));
        let mut body = app.open("/").await.into_body();
        let feed = feeds.lock().unwrap().pop().unwrap();
        for chunk in ["first", "second", "last"] {
            feed.send(Ok(chunk)).unwrap();
            assert_eq!(next(&mut body).await.unwrap().unwrap(), chunk);
        }
        drop(feed);
        assert!(next(&mut body).await.is_none());
        assert_eq!(stored(&app, "/").await.text(), "firstsecondlast");
        origin.ran(1);
    }
}

/// No fill may have a task of its own, in which it could read the body beside its client.
#[tokio::test]
async fn p1_the_first_chunk_is_not_held_back_when_no_task_is_left_for_a_fill() {
    for bench in Bench::every_with(|builder| builder.max_fills(0)).await {
        let (origin, feeds) = fed();
        let app = bench.app(pages(&origin));
        let response = timeout(PATIENCE, app.open("/")).await;
        let mut body = response.expect("the head is not held back").into_body();
        let feed = feeds.lock().unwrap().remove(0);
        for chunk in ["one ", "two"] {
            feed.send(Ok(chunk)).unwrap();
            assert_eq!(next(&mut body).await.unwrap().unwrap(), chunk);
        }
        drop(feed);
        assert!(next(&mut body).await.is_none());
    }
}

#[tokio::test]
async fn p4_requests_during_a_stream_wait_for_its_end() {
    for bench in Bench::every().await {
        let (origin, feeds) = fed();
        let app = bench.app(pages(&origin));
        let mut body = app.open("/").await.into_body();
        let feed = feeds.lock().unwrap().pop().unwrap();
        feed.send(Ok("half, ")).unwrap();
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "half, ");
        let waiting = join_all((0..10).map(|_| app.get("/")));
        let (answers, ()) = tokio::join!(waiting, async move {
            feed.send(Ok("half")).unwrap();
        });
        for answer in answers {
            assert_eq!((answer.x_cache(), answer.text()), (Some("Hit"), "half, half"));
            assert_eq!(answer.header("content-length"), Some("10"));
        }
        origin.ran(1);
    }
}

#[tokio::test]
async fn a_stream_over_the_limit_arrives_whole_and_is_not_stored() {
    for bench in Bench::every_with(|builder| builder.max_body(10)).await {
        for (path, chunks, is_stored) in [
            ("/at", &["12345", "67890"][..], true),
            ("/over", &["12345", "67890", "1"], false),
            ("/far", &["12345", "67890", "12345", "67890", "end"], false),
            ("/once", &["12345678901"], false),
        ] {
            let origin = Origin::new(move |_| streamed(chunks));
            let app = bench.app(pages(&origin));
            assert_eq!(app.get(path).await.text(), chunks.concat());
            if is_stored {
                stored(&app, path).await;
            }
            let again = app.get(path).await;
            assert_eq!(
                again.x_cache(),
                Some(if is_stored { "Hit" } else { "Miss" }),
                "{path}"
            );
            assert_eq!(again.text(), chunks.concat());
            origin.ran(if is_stored { 1 } else { 2 });
        }
    }
}

#[tokio::test]
async fn a_long_stream_is_byte_exact() {
    const CHUNKS: u32 = 300;
    let chunk = |number: u32| -> Bytes {
        (0..10_000 + number)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 ^ number as u8)
            .collect()
    };
    let whole: Vec<u8> = (0..CHUNKS).flat_map(chunk).collect();
    // Past the limit of 1 MiB, and within one of 4 MiB.
    for (limit, is_stored) in [(1 << 20, false), (4 << 20, true)] {
        for bench in Bench::every_with(|builder| builder.max_body(limit)).await {
            let origin = Origin::new(move |_| {
                Body::from_stream(stream::iter(
                    (0..CHUNKS).map(move |number| io::Result::Ok(chunk(number))),
                ))
            });
            let app = bench.app(pages(&origin));
            assert!(app.get("/").await.body == whole);
            if is_stored {
                assert!(stored(&app, "/").await.body == whole);
            }
            assert!(app.get("/").await.body == whole);
            origin.ran(if is_stored { 1 } else { 2 });
        }
    }
}

#[tokio::test]
async fn waiters_for_a_stream_over_the_limit_each_get_their_own() {
    for bench in Bench::every_with(|builder| builder.max_body(10)).await {
        let origin = Origin::held(|_| streamed(&["123456", "123456"]));
        let app = bench.app(pages(&origin));
        for answer in together(&app, &origin, "/", 8).await {
            assert_eq!((answer.x_cache(), answer.text()), (Some("Miss"), "123456123456"));
        }
        origin.ran(8);
    }
}

#[tokio::test]
async fn a_client_that_disconnects_during_the_body_does_not_truncate_the_entry() {
    for bench in Bench::every().await {
        let (origin, feeds) = fed();
        let app = bench.app(pages(&origin));
        let mut body = app.open("/").await.into_body();
        let feed = feeds.lock().unwrap().pop().unwrap();
        feed.send(Ok("first, ")).unwrap();
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "first, ");
        drop(body);
        feed.send(Ok("second, ")).unwrap();
        feed.send(Ok("last")).unwrap();
        drop(feed);
        assert_eq!(stored(&app, "/").await.text(), "first, second, last");
        origin.ran(1);
    }
}

#[tokio::test]
async fn a_client_that_never_reads_does_not_truncate_the_entry() {
    for bench in Bench::every().await {
        let origin = Origin::new(|_| streamed(&["one ", "two"]));
        let app = bench.app(pages(&origin));
        drop(app.open("/").await);
        assert_eq!(stored(&app, "/").await.text(), "one two");
        origin.ran(1);
    }
}

#[tokio::test]
async fn p4_a_client_that_disconnects_before_the_response_does_not_prevent_the_entry() {
    for bench in Bench::every().await {
        let origin = Origin::held(|_| "page");
        let app = bench.app(pages(&origin));
        let asking = tokio::spawn({
            let app = app.clone();
            async move { app.get("/").await }
        });
        origin.entered().await;
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
        origin.open();
        assert_eq!(stored(&app, "/").await.text(), "page");
        origin.ran(1);
    }
}

#[tokio::test]
async fn an_event_stream_is_passed_on_and_never_copied() {
    for bench in Bench::every().await {
        let (feeding, feeds) = fed();
        let answer = Arc::clone(&feeding.answer);
        let origin = Origin::new(move |run| -> Response {
            ([("content-type", "text/event-stream")], answer(run).into_body()).into_response()
        });
        let app = bench.app(pages(&origin));
        for run in 1..=2 {
            let mut body = app.open("/").await.into_body();
            let feed = feeds.lock().unwrap().pop().unwrap();
            feed.send(Ok("data: 1\n\n")).unwrap();
            assert_eq!(next(&mut body).await.unwrap().unwrap(), "data: 1\n\n");
            drop(body);
            // Nothing reads the stream in background: it ends with the client.
            timeout(PATIENCE, feed.closed())
                .await
                .expect("the stream is let go");
            origin.ran(run);
        }
    }
}

#[tokio::test]
async fn waiters_for_an_event_stream_get_their_own_at_once() {
    for bench in Bench::every().await {
        let origin = Origin::held(|_| {
            (
                [("content-type", "text/event-stream")],
                Body::from_stream(stream::pending::<Chunk>()),
            )
        });
        let app = bench.app(pages(&origin));
        let opening = join_all((0..8).map(|_| app.open("/")));
        let (opened, ()) = tokio::join!(timeout(PATIENCE, opening), async {
            origin.entered().await;
            origin.open();
        });
        assert_eq!(opened.expect("none waits for another's end").len(), 8);
        origin.ran(8);
    }
}
