//! When the store is probed. Tokio's time is paused: it advances only when every task waits.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{self, Instant};

use super::Guard;
use crate::{
    clock::{Clock, Timestamp},
    store::{
        Budget, CommitOutcome, Entry, Grant, Holder, LeaseOutcome, LeaseRequest, Mark, ReadOutcome, Slot,
        Store, StoreError, StoreFuture, Token, WriteRequest,
    },
    telemetry::recorder::MetricsRecorder,
};

/// As the probe schedule has it while the store is used.
const PROBE_PERIOD: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Default)]
struct Server(Arc<State>);

#[derive(Debug, Default)]
struct State {
    pings: AtomicUsize,
    evictions: AtomicUsize,
    is_down: AtomicBool,
}

impl Server {
    fn set_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    fn pings(&self) -> usize {
        self.0.pings.load(Ordering::SeqCst)
    }

    fn answer<T: Send + 'static>(&self, answer: T) -> StoreFuture<'static, T> {
        Box::pin(ready(match self.0.is_down.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("not connected")),
            false => Ok(answer),
        }))
    }
}

impl Store for Server {
    fn read<'a>(&'a self, _: &'a Slot) -> StoreFuture<'a, ReadOutcome> {
        unreachable!("no test reads")
    }
    fn lease<'a>(&'a self, _: &'a Slot, _: &'a LeaseRequest) -> StoreFuture<'a, LeaseOutcome> {
        unreachable!("no test fills")
    }
    fn holder<'a>(&'a self, _: &'a Slot) -> StoreFuture<'a, Option<Holder>> {
        unreachable!("no test waits for a fill")
    }
    fn renew<'a>(&'a self, _: &'a Slot, _: Token) -> StoreFuture<'a, bool> {
        unreachable!("no test fills")
    }
    fn commit<'a>(&'a self, _: &'a Slot, _: Grant, _: &'a Arc<Entry>) -> StoreFuture<'a, CommitOutcome> {
        unreachable!("no test fills")
    }
    fn release<'a>(&'a self, _: &'a Slot, _: Token, _: Option<(Mark, Duration)>) -> StoreFuture<'a, ()> {
        unreachable!("no test fills")
    }
    fn extend_mark<'a>(&'a self, _: &'a Slot, _: Mark, _: Duration) -> StoreFuture<'a, ()> {
        unreachable!("no test sets a mark")
    }
    fn write<'a>(&'a self, _: &'a Slot, _: WriteRequest) -> StoreFuture<'a, bool> {
        unreachable!("no test writes")
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

async fn start_guard(server: &Server) -> Arc<Guard> {
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

async fn call(guard: &Guard) -> Result<(), StoreError> {
    let store = guard.store();
    guard
        .call(&mut Budget::default(), store.invalidate_tags(&[]))
        .await
}

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(start_paused = true)]
async fn idle_store_is_not_probed_and_the_next_request_waits_for_one_probe() {
    let server = Server::default();
    let guard = start_guard(&server).await;
    call(&guard).await.expect("the store answers");
    time::sleep(DAY).await;
    let before = server.pings();
    assert!(before <= 15, "{before} probes a day");
    let started = Instant::now();
    call(&guard).await.expect("the store answers");
    assert_eq!(server.pings(), before + 1, "the clock was read again");
    assert!(started.elapsed() < Duration::from_millis(10), "one round trip");
    // In use, the store is probed each second.
    for _ in 0..60 {
        call(&guard).await.expect("the store answers");
        time::sleep(PROBE_PERIOD).await;
    }
    assert!(server.pings() >= before + 55);
}

#[tokio::test(start_paused = true)]
async fn store_that_recovers_while_idle_is_used_within_a_second_of_the_next_call() {
    let server = Server::default();
    server.set_down(true);
    let guard = start_guard(&server).await;
    time::sleep(DAY).await;
    assert!(server.pings() <= 15 && guard.is_unavailable());
    server.set_down(false);
    assert!(
        call(&guard).await.is_err(),
        "the call does not wait for a store that was unavailable"
    );
    time::sleep(PROBE_PERIOD).await;
    call(&guard).await.expect("the store has recovered");
}

#[tokio::test(start_paused = true)]
async fn eviction_after_a_pause_is_sent_after_the_probe() {
    let server = Server::default();
    let guard = start_guard(&server).await;
    time::sleep(DAY).await;
    let before = server.pings();
    let evicted = guard.call_despite_breaker(guard.store().evict(&[])).await;
    evicted.expect("the eviction is acknowledged");
    assert_eq!(server.pings(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn broken_connection_is_replaced_at_once() {
    let server = Server::default();
    let guard = start_guard(&server).await;
    server.set_down(true);
    call(&guard).await.expect_err("the connection is broken");
    server.set_down(false);
    let before = server.pings();
    time::sleep(PROBE_PERIOD / 20).await;
    assert_eq!(server.pings(), before + 1, "long before the period is over");
    call(&guard).await.expect("the store answers");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_paused_guard_ends_its_probes() {
    let server = Server::default();
    let guard = start_guard(&server).await;
    time::sleep(DAY).await;
    drop(guard);
    time::sleep(PROBE_PERIOD).await;
    assert_eq!(Arc::strong_count(&server.0), 1);
    let before = server.pings();
    time::sleep(DAY).await;
    assert_eq!(server.pings(), before);
}
