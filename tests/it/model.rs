//! Store and engine against a reference that is too simple to be wrong: random reads, writes, evictions, failures and
//! time, one after another.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use handler_cache::{Cache, Tags, cache, cache_evict, clock::ManualClock};
use proptest::{collection::vec, prelude::*, test_runner::Config};
use tokio::runtime::{Builder, Runtime};

use crate::support::{
    RedisServer,
    app::{App, PATIENCE, START},
    link::{Link, LinkState},
};

const IDS: u32 = 4;
/// Requested only to find out whether the store is available.
const SPARE: u32 = 99;
/// In seconds.
const TTL: u64 = 30;
const STALE: u64 = 20;

/// The data of the handlers.
#[derive(Clone, Default)]
struct Origin {
    values: Arc<Mutex<HashMap<u32, u32>>>,
    fails: Arc<AtomicBool>,
}

impl Origin {
    fn value(&self, id: u32) -> u32 {
        self.values
            .lock()
            .expect("nobody panics")
            .get(&id)
            .copied()
            .unwrap_or(0)
    }

    fn answer(&self, id: u32) -> Response {
        if self.fails.load(Ordering::SeqCst) {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        (Tags([own_tag(id)]), self.value(id).to_string()).into_response()
    }
}

fn own_tag(id: u32) -> String {
    format!("own-{}", id % 2)
}

#[cache(expire = 30, tags = [format!("static-{}", id / 2)])]
async fn plain(Path(id): Path<u32>, State(origin): State<Origin>) -> Response {
    origin.answer(id)
}

/// The same with an entry for each language.
#[cache(expire = 30, vary = ["accept-language"])]
async fn varied(Path(id): Path<u32>, State(origin): State<Origin>) -> Response {
    origin.answer(id)
}

/// The same with `stale_if_error`.
#[cache(expire = 30, stale_if_error = 20)]
async fn spared(Path(id): Path<u32>, State(origin): State<Origin>) -> Response {
    origin.answer(id)
}

#[cache_evict(plain(..))]
async fn evict_plain() {}

#[cache_evict(varied(..))]
async fn evict_varied() {}

#[cache_evict(spared(..))]
async fn evict_spared() {}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Page {
    Plain,
    Varied,
    Spared,
}

impl Page {
    fn path(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Varied => "varied",
            Self::Spared => "spared",
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    Get { page: Page, id: u32, language: bool },
    Write { id: u32 },
    OriginFails(bool),
    StoreFails(bool),
    Evict { page: Page, id: u32 },
    EvictAll(Page),
    EvictStatic(u32),
    EvictOwn(u32),
    Pass { seconds: u64 },
}

/// `outages` is the weight of the store failing or recovering; all other operations weigh 22.
fn op(outages: u32) -> impl Strategy<Value = Op> {
    let id = 0..IDS;
    let page = prop_oneof![Just(Page::Plain), Just(Page::Varied), Just(Page::Spared)];
    prop_oneof![
        8 => (page.clone(), id.clone(), any::<bool>()).prop_map(|(page, id, language)| Op::Get { page, id, language }),
        4 => id.clone().prop_map(|id| Op::Write { id }),
        2 => any::<bool>().prop_map(Op::OriginFails),
        2 => (page.clone(), id).prop_map(|(page, id)| Op::Evict { page, id }),
        1 => page.prop_map(Op::EvictAll),
        1 => (0..IDS / 2).prop_map(Op::EvictStatic),
        1 => (0..2_u32).prop_map(Op::EvictOwn),
        3 => (1..TTL).prop_map(|seconds| Op::Pass { seconds }),
        outages => any::<bool>().prop_map(Op::StoreFails),
    ]
}

/// Page, id and variant.
type Key = (Page, u32, bool);

/// An expected entry.
struct Entry {
    value: u32,
    until: u64,
    /// The handler failed, and does not run again while the entry is served.
    spared: bool,
}

/// The expected state.
#[derive(Default)]
struct Reference {
    entries: HashMap<Key, Entry>,
    now: u64,
    origin_fails: bool,
    store_fails: bool,
}

impl Reference {
    /// The expected status, `x-cache` and body of a response, given the value of the origin.
    fn get(&mut self, key: Key, value: u32) -> (StatusCode, &'static str, String) {
        let (now, is_spared) = (self.now, key.0 == Page::Spared);
        let stored = self.entries.get_mut(&key).filter(|_| !self.store_fails);
        match stored {
            Some(entry) if now < entry.until => (StatusCode::OK, "Hit", entry.value.to_string()),
            Some(entry) if is_spared && now < entry.until + STALE && (entry.spared || self.origin_fails) => {
                entry.spared = true;
                (StatusCode::OK, "Stale", entry.value.to_string())
            }
            _ if self.origin_fails => (StatusCode::BAD_GATEWAY, "Miss", String::new()),
            _ => {
                if !self.store_fails {
                    let entry = Entry {
                        value,
                        until: now + TTL,
                        spared: false,
                    };
                    self.entries.insert(key, entry);
                }
                (StatusCode::OK, "Miss", value.to_string())
            }
        }
    }
}

/// The system that is compared with the reference.
struct Shop {
    origin: Origin,
    cache: Cache,
    clock: ManualClock,
    app: App,
    /// The link to the store, where that can fail.
    link: Option<Link>,
}

impl Shop {
    async fn carry_out(&self, ops: &[Op]) {
        let mut reference = Reference::default();
        for op in ops {
            self.step(op, &mut reference).await;
        }
    }

    async fn step(&self, op: &Op, reference: &mut Reference) {
        match *op {
            Op::Get { page, id, language } => {
                // Only one of the handlers varies by language.
                let key = (page, id, page == Page::Varied && language);
                let path = format!("/{}/{id}", page.path());
                let header = ("accept-language", if language { "de" } else { "nl" });
                let answer = self.app.get_with(&path, [header]).await;
                // Background work has ended before the next step.
                let settled = self.cache.shutdown().await;
                assert!(settled.is_ok() || reference.store_fails);
                let seen = (
                    answer.status,
                    answer.x_cache().unwrap_or("none"),
                    answer.text().to_owned(),
                );
                assert_eq!(seen, reference.get(key, self.origin.value(id)), "{op:?}");
            }
            Op::Write { id } => {
                let mut values = self.origin.values.lock().expect("nobody panics");
                *values.entry(id).or_default() += 1;
            }
            Op::OriginFails(fails) => {
                self.origin.fails.store(fails, Ordering::SeqCst);
                reference.origin_fails = fails;
            }
            Op::StoreFails(fails) => self.store_fails(fails, reference).await,
            Op::Evict { page, id } => {
                let key = match page {
                    Page::Plain => plain::key(Path(id)),
                    Page::Varied => varied::key(Path(id)),
                    Page::Spared => spared::key(Path(id)),
                };
                let evicted = self.cache.evict(key).await;
                assert_eq!(evicted.is_err(), reference.store_fails);
                reference.entries.retain(|key, _| (key.0, key.1) != (page, id));
            }
            Op::EvictAll(page) => {
                let path = format!("/{}", page.path());
                let answer = self.app.send(Method::POST, &path, [], "").await;
                assert_eq!(answer.status, StatusCode::OK);
                reference.entries.retain(|key, _| key.0 != page);
            }
            Op::EvictStatic(half) => {
                let evicted = self.cache.evict_tag(&format!("static-{half}")).await;
                assert_eq!(evicted.is_err(), reference.store_fails);
                reference
                    .entries
                    .retain(|key, _| key.0 != Page::Plain || key.1 / 2 != half);
            }
            Op::EvictOwn(parity) => {
                let evicted = self.cache.evict_tag(&own_tag(parity)).await;
                assert_eq!(evicted.is_err(), reference.store_fails);
                reference.entries.retain(|key, _| key.1 % 2 != parity);
            }
            Op::Pass { seconds } => {
                self.clock.advance(Duration::from_secs(seconds));
                reference.now += seconds;
            }
        }
    }

    async fn store_fails(&self, fails: bool, reference: &mut Reference) {
        let Some(link) = &self.link else { return };
        link.set_state(if fails { LinkState::Cut } else { LinkState::Open });
        reference.store_fails = fails;
        self.origin.fails.store(false, Ordering::SeqCst);
        // Until the cache has noticed: only then is it clear what it may do.
        let spare = format!("/plain/{SPARE}");
        let begun = Instant::now();
        while (self.app.get(&spare).await.x_cache() == Some("Hit")) == fails {
            assert!(begun.elapsed() < PATIENCE, "it does not notice");
            tokio::task::yield_now().await;
        }
        self.origin.fails.store(reference.origin_fails, Ordering::SeqCst);
        let settled = self.cache.shutdown().await;
        assert!(settled.is_ok() || fails, "evictions are retried");
    }
}

fn run(runtime: &Runtime, server: Option<&RedisServer>, fails: bool, ops: &[Op]) {
    // A prefix of its own for each case: they share the server.
    static CASE: AtomicUsize = AtomicUsize::new(0);
    let case = CASE.fetch_add(1, Ordering::SeqCst);
    runtime.block_on(async {
        let clock = ManualClock::at(START);
        let link = match server {
            Some(server) if fails => Some(Link::to(server).start().await),
            _ => None,
        };
        let url = match (server, &link) {
            (None, _) => "memory://".to_owned(),
            (Some(server), None) => server.url(),
            (Some(_), Some(link)) => link.url(),
        };
        let builder = Cache::builder().url(url).prefix(format!("model-{case}"));
        // The server's own clock, by which marks end, does not follow the test's: so they do not end.
        let builder = builder.clock(&clock).failure_backoff(Duration::from_secs(86_400));
        let cache = builder.store_budget(PATIENCE).build().await;
        let cache = cache.expect("the settings are good");
        let origin = Origin::default();
        let router = Router::new()
            .route("/plain/{id}", get(plain))
            .route("/varied/{id}", get(varied))
            .route("/spared/{id}", get(spared))
            .route("/plain", post(evict_plain))
            .route("/varied", post(evict_varied))
            .route("/spared", post(evict_spared));
        let shop = Shop {
            app: App(router.with_state(origin.clone()).layer(cache.attach())),
            origin,
            cache,
            clock,
            link,
        };
        shop.carry_out(ops).await;
    });
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
}

fn cases(cases: u32) -> Config {
    Config {
        max_shrink_iters: 200,
        ..Config::with_cases(cases)
    }
}

#[test]
fn memory_serves_what_the_reference_says() {
    let runtime = runtime();
    proptest!(cases(300), |(ops in vec(op(0), 1..80))| {
        run(&runtime, None, false, &ops);
    });
}

#[test]
fn redis_serves_what_the_reference_says() {
    let (runtime, server) = (runtime(), RedisServer::start());
    proptest!(cases(60), |(ops in vec(op(0), 1..80))| {
        run(&runtime, Some(&server), false, &ops);
    });
}

/// Each time it comes back a second passes until the probe finds it, so there are few cases.
#[test]
fn redis_that_comes_and_goes_serves_what_the_reference_says() {
    let (runtime, server) = (runtime(), RedisServer::start());
    proptest!(cases(6), |(ops in vec(op(2), 40..80))| {
        run(&runtime, Some(&server), true, &ops);
    });
}
