//! When the store is probed. The tests' time is Tokio's, which stands still while anything is to be done.

use std::{
    future::ready,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::*;
use crate::{
    clock::Timestamp,
    store::{
        CommitOutcome, Entry, Grant, Holder, LeaseOutcome, LeaseRequest, Mark, ReadOutcome, Slot, Token,
        WriteRequest,
    },
};

#[derive(Debug, Clone, Default)]
struct Server(Arc<State>);

#[derive(Debug, Default)]
struct State {
    pings: AtomicUsize,
    evictions: AtomicUsize,
    is_away: AtomicBool,
}

impl Server {
    fn goes_away(&self, away: bool) {
        self.0.is_away.store(away, Ordering::SeqCst);
    }

    fn pings(&self) -> usize {
        self.0.pings.load(Ordering::SeqCst)
    }

    fn answer<T: Send + 'static>(&self, answer: T) -> StoreFuture<'static, T> {
        Box::pin(ready(match self.0.is_away.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("not connected")),
            false => Ok(answer),
        }))
    }
}

impl Store for Server {
    fn read<'a>(&'a self, _: &'a Slot) -> StoreFuture<'a, ReadOutcome> {
        unreachable!("nobody reads")
    }
    fn lease<'a>(&'a self, _: &'a Slot, _: &'a LeaseRequest) -> StoreFuture<'a, LeaseOutcome> {
        unreachable!("nobody fills")
    }
    fn holder<'a>(&'a self, _: &'a Slot) -> StoreFuture<'a, Option<Holder>> {
        unreachable!("nobody waits")
    }
    fn renew<'a>(&'a self, _: &'a Slot, _: Token) -> StoreFuture<'a, bool> {
        unreachable!("nobody fills")
    }
    fn commit<'a>(&'a self, _: &'a Slot, _: Grant, _: &'a Arc<Entry>) -> StoreFuture<'a, CommitOutcome> {
        unreachable!("nobody fills")
    }
    fn release<'a>(&'a self, _: &'a Slot, _: Token, _: Option<(Mark, Duration)>) -> StoreFuture<'a, ()> {
        unreachable!("nobody fills")
    }
    fn extend_mark<'a>(&'a self, _: &'a Slot, _: Mark, _: Duration) -> StoreFuture<'a, ()> {
        unreachable!("nothing is marked")
    }
    fn write<'a>(&'a self, _: &'a Slot, _: WriteRequest) -> StoreFuture<'a, bool> {
        unreachable!("nobody writes")
    }
    fn evict<'a>(&'a self, _: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        self.0.evictions.fetch_add(1, Ordering::SeqCst);
        self.answer(())
    }
    fn invalidate_tags<'a>(&'a self, _: &'a [Arc<str>]) -> StoreFuture<'a, ()> {
        self.answer(())
    }
    fn ping(&self) -> StoreFuture<'_, Option<Timestamp>> {
        self.0.pings.fetch_add(1, Ordering::SeqCst);
        self.answer(None)
    }
}

async fn guarded(server: &Server) -> Arc<Guard> {
    let budget = Duration::from_millis(250);
    let guard = Guard::remote(
        Box::new(server.clone()),
        budget,
        Clock::system(),
        &MetricsRecorder::new("test"),
    );
    let guard = Arc::new(guard);
    guard.start(|| Box::pin(ready(()))).await;
    guard
}

async fn ask(guard: &Guard) -> Result<(), StoreError> {
    let store = guard.store();
    guard
        .call(&mut Budget::default(), store.invalidate_tags(&[]))
        .await
}

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(start_paused = true)]
async fn an_idle_program_rests_and_the_next_request_waits_for_one_probe() {
    let server = Server::default();
    let guard = guarded(&server).await;
    ask(&guard).await.expect("it answers");
    time::sleep(DAY).await;
    let before = server.pings();
    assert!(before <= 15, "{before} probes a day");
    let begun = Instant::now();
    ask(&guard).await.expect("it answers");
    assert_eq!(server.pings(), before + 1, "the clock is fresh");
    assert!(
        begun.elapsed() < Duration::from_millis(10),
        "it takes one round trip"
    );
    // While there are requests it is probed each second.
    for _ in 0..60 {
        ask(&guard).await.expect("it answers");
        time::sleep(PROBE).await;
    }
    assert!(server.pings() >= before + 55);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_comes_back_while_nobody_asks_is_found_within_a_second_of_need() {
    let server = Server::default();
    server.goes_away(true);
    let guard = guarded(&server).await;
    time::sleep(DAY).await;
    assert!(server.pings() <= 15 && guard.is_open());
    server.goes_away(false);
    assert!(
        ask(&guard).await.is_err(),
        "it does not wait for a store that was away"
    );
    time::sleep(PROBE).await;
    ask(&guard).await.expect("it is back");
}

#[tokio::test(start_paused = true)]
async fn an_eviction_after_a_rest_is_sent_behind_the_probe() {
    let server = Server::default();
    let guard = guarded(&server).await;
    time::sleep(DAY).await;
    let before = server.pings();
    let evicted = guard.call_despite_breaker(guard.store().evict(&[])).await;
    evicted.expect("it is acknowledged");
    assert_eq!(server.pings(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_is_made_anew_at_once() {
    let server = Server::default();
    let guard = guarded(&server).await;
    server.goes_away(true);
    ask(&guard).await.expect_err("the connection broke");
    server.goes_away(false);
    let before = server.pings();
    time::sleep(PROBE / 20).await;
    assert_eq!(server.pings(), before + 1, "long before the next second");
    ask(&guard).await.expect("it answers");
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_dropped_while_it_rests_ends_its_probes() {
    let server = Server::default();
    let guard = guarded(&server).await;
    time::sleep(DAY).await;
    drop(guard);
    time::sleep(PROBE).await;
    assert_eq!(Arc::strong_count(&server.0), 1);
    let before = server.pings();
    time::sleep(DAY).await;
    assert_eq!(server.pings(), before);
}
