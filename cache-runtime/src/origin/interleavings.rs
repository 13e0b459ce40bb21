//! Whole requests to a cache in memory, with evictions at once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicUsize, Ordering},
};

use ::http::{HeaderName, Request as HttpRequest};
use axum::{
    body::to_bytes,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use shuttle::{future, future::block_on, thread};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
};

use super::{
    http::{Call, MemoryLookup},
    *,
};
use crate::{
    clock::Clock,
    engine::{self, EvictionRetryQueue, Flights, Leases, Nesting, Purges, Refreshes, Repeats},
    http::{
        request_head::{KeptHeaders, RequestHead},
        response_parts::Tags,
    },
    key::{
        cache_key::CacheKey,
        handler::{Handler, HandlerMeta},
        names::{Eviction, Names},
    },
    stats::CounterRegistry,
    store::{Guard, MemoryStore, Slot, fixtures::slot},
    sync::interleavings::{Origin, explore},
    telemetry::recorder::{Gauge, MetricsRecorder},
};

static META: HandlerMeta = HandlerMeta::new(Policy::new(), None);

fn core() -> Arc<CacheCore> {
    let clock = Clock::system();
    let memory = MemoryStore::new(64 * 1024, 1024, clock.clone());
    let recorder = MetricsRecorder::new("shop");
    let engine = Engine {
        names: Names::new("shop", None),
        settings: engine::Settings {
            coalesce_timeout: Duration::from_secs(60 * 60),
            jitter: 0.0,
            early_refresh: 0.0,
            failure_backoff: Duration::ZERO,
            abandoned_fill_timeout: Duration::MAX,
            commit_before_response: false,
        },
        guard: Arc::new(Guard::memory(memory, clock.clone(), &recorder)),
        flights: Flights::default(),
        refreshes: Arc::new(Refreshes::new(1)),
        runs: Arc::new(Semaphore::new(16)),
        waiting: Semaphore::new(16),
        eviction_retries: EvictionRetryQueue::new(Gauge::default()),
        repeats: Repeats::default(),
        leases: Leases::default(),
        nesting: Nesting::default(),
        purges: Purges::default(),
        counters: CounterRegistry::new(recorder),
        clock,
    };
    Arc::new(CacheCore {
        engine: Arc::new(engine),
        settings: Settings {
            default_expire: Duration::from_secs(60 * 60),
            client_control: ClientControl::default(),
            client_max_age: None,
            status_headers: StatusHeaders {
                hit_header: HeaderName::from_static("x-cache"),
                cache_name: None,
            },
            max_body: 1024,
        },
        buffers: BufferBudget::new(usize::MAX),
        endless: EndlessKeys::default(),
    })
}

/// An application with one handler, which answers with what the origin is.
struct Shop {
    core: Arc<CacheCore>,
    origin: Origin,
    runs: AtomicUsize,
    /// How many of the first calls panic.
    panics: usize,
    own_tags: &'static [&'static str],
    /// For timers. None of them ever ends.
    runtime: Runtime,
}

impl Shop {
    fn new() -> Self {
        Self {
            core: core(),
            origin: Origin::default(),
            runs: AtomicUsize::new(0),
            panics: 0,
            own_tags: &[],
            runtime: Builder::new_current_thread().enable_time().build().unwrap(),
        }
    }

    async fn handler(self: Arc<Self>) -> Response {
        let run = self.runs.fetch_add(1, Ordering::SeqCst);
        let value = self.origin.get();
        future::yield_now().await;
        if run < self.panics {
            // Not `panic!`, which would print a schedule as if the test had failed.
            resume_unwind(Box::new("the handler"));
        }
        (Tags(self.own_tags.iter().copied()), value.to_string()).into_response()
    }

    async fn request(self: Arc<Self>) -> u64 {
        let head = RequestHead::from_parts(&HttpRequest::new(()).into_parts().0, KeptHeaders::Named(&[]));
        let response = match Arc::clone(&self.core).look_up(&META.policy, handler(), head, false, |_| Ok(()))
        {
            MemoryLookup::Hit(response) => response,
            MemoryLookup::Miss(mut request) => {
                request.tag(&["static".to_owned()]);
                request.answer(Call::Handler(Box::pin(self.handler()))).await
            }
            MemoryLookup::Bypass => unreachable!("the request has a key"),
        };
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        str::from_utf8(&body).unwrap().parse().unwrap()
    }

    fn ask(self: &Arc<Self>) -> u64 {
        self.origin.read_checked(|| block_on(Arc::clone(self).request()))
    }

    fn evict(&self, eviction: fn(&Names) -> Eviction) {
        let engine = &self.core.engine;
        self.origin
            .write(|| block_on(engine.evict_all_of(&[eviction(&engine.names)])).unwrap());
    }

    /// Waits until nothing is left to be done, and checks that nothing is left behind.
    fn close(&self) {
        block_on(self.core.engine.flights.drained());
        assert_eq!(self.core.engine.flights.count(), 0);
        assert_eq!(self.core.engine.runs.available_permits(), 16);
        assert_eq!(self.core.engine.waiting.available_permits(), 16);
        let slot = Slot {
            key: key(&self.core.engine.names),
            ..slot()
        };
        let holder = self.core.engine.guard.store().holder(&slot).now_or_never();
        assert!(matches!(holder, Some(Ok(None))), "{holder:?}");
    }
}

fn handler() -> Handler {
    META.id(&handler).handler().unwrap()
}

fn eviction(names: &Names) -> Eviction {
    let key = CacheKey::of_handler(handler(), &META, |_| Ok(()));
    names.eviction(&key).unwrap()
}

fn key(names: &Names) -> Arc<str> {
    match eviction(names) {
        Eviction::Key { plain, .. } => plain,
        other => panic!("{other:?}"),
    }
}

/// Several ask while one evicts.
fn ask_and_evict(own_tags: &'static [&'static str], eviction: fn(&Names) -> Eviction) {
    explore(move || {
        let shop = &Arc::new(Shop {
            own_tags,
            ..Shop::new()
        });
        let _timers = shop.runtime.enter();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| [shop.ask(), shop.ask()]);
            }
            scope.spawn(|| {
                shop.evict(eviction);
                shop.ask()
            });
        });
        shop.close();
        let runs = shop.runs.load(Ordering::SeqCst);
        assert!(runs <= 2, "P4: {runs} runs for one eviction");
    });
}

#[test]
fn p3_p4_evicting_a_key() {
    ask_and_evict(&[], eviction);
}

#[test]
fn p3_p4_evicting_a_handler() {
    ask_and_evict(&[], |names| names.eviction_of_all(handler()));
}

#[test]
fn p3_p4_evicting_a_tag() {
    ask_and_evict(&[], |names| Eviction::UserTag(names.user_tag("static")));
}

#[test]
fn p3_p4_evicting_a_tag_that_the_answer_names() {
    ask_and_evict(&["own"], |names| Eviction::UserTag(names.user_tag("own")));
}

/// Three concurrent requests, while the first calls of the handler panic: the same number of requests panics.
fn ask_and_panic(panics: usize, runs: usize) {
    explore(move || {
        let shop = &Arc::new(Shop {
            panics,
            ..Shop::new()
        });
        let _timers = shop.runtime.enter();
        let panicked = &AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    if catch_unwind(AssertUnwindSafe(|| shop.ask())).is_err() {
                        panicked.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        shop.close();
        assert_eq!(panicked.load(Ordering::SeqCst), panics);
        assert_eq!(shop.runs.load(Ordering::SeqCst), runs);
    });
}

#[test]
fn p4_waiter_takes_over_when_the_leader_panics() {
    ask_and_panic(1, 2);
}

#[test]
fn p4_no_lease_is_left_when_every_leader_panics() {
    ask_and_panic(3, 3);
}

#[test]
fn p4_client_that_leaves_takes_nothing_with_it() {
    explore(|| {
        let shop = &Arc::new(Shop::new());
        let _timers = shop.runtime.enter();
        thread::scope(|scope| {
            scope.spawn(|| Arc::clone(shop).request().now_or_never());
            for _ in 0..2 {
                scope.spawn(|| shop.ask());
            }
        });
        shop.close();
        assert_eq!(shop.runs.load(Ordering::SeqCst), 1);
    });
}
