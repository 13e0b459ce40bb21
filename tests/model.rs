//! Store and engine against a reference that is too simple to be wrong: random reads, writes, evictions, failures and
//! time, one after another.

mod support;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::{Cache, ManualClock, Tags, cache};
use proptest::{collection::vec, prelude::*, test_runner::Config};
use support::{
    RedisServer,
    app::{App, START},
};
use tokio::runtime::{Builder, Runtime};

const IDS: u32 = 4;
const LIFE: u64 = 30;

/// What stands behind the handlers.
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

#[derive(Debug, Clone)]
enum Op {
    Get { varied: bool, id: u32, language: bool },
    Write { id: u32 },
    Fails(bool),
    Evict { varied: bool, id: u32 },
    EvictAll { varied: bool },
    EvictStatic(u32),
    EvictOwn(u32),
    Pass { seconds: u64 },
}

fn op() -> impl Strategy<Value = Op> {
    let id = 0..IDS;
    prop_oneof![
        8 => (any::<bool>(), id.clone(), any::<bool>()).prop_map(|(varied, id, language)| Op::Get { varied, id, language }),
        4 => id.clone().prop_map(|id| Op::Write { id }),
        1 => any::<bool>().prop_map(Op::Fails),
        2 => (any::<bool>(), id.clone()).prop_map(|(varied, id)| Op::Evict { varied, id }),
        1 => any::<bool>().prop_map(|varied| Op::EvictAll { varied }),
        1 => (0..IDS / 2).prop_map(Op::EvictStatic),
        1 => (0..2_u32).prop_map(Op::EvictOwn),
        2 => (1..LIFE).prop_map(|seconds| Op::Pass { seconds }),
    ]
}

/// Handler, id and variant.
type Key = (bool, u32, bool);

/// What ought to be stored: the value, and until when.
#[derive(Default)]
struct Reference {
    entries: HashMap<Key, (u32, u64)>,
    now: u64,
}

async fn carry_out(ops: &[Op], cache: &Cache, clock: &ManualClock) {
    let origin = Origin::default();
    let router = Router::new()
        .route("/plain/{id}", get(plain))
        .route("/varied/{id}", get(varied));
    let app = App(router.with_state(origin.clone()).layer(cache.attach()));
    let mut reference = Reference::default();
    for op in ops {
        match *op {
            Op::Get { varied, id, language } => {
                // Only one of the handlers tells languages apart.
                let key = (varied, id, varied && language);
                let path = format!("/{}/{id}", if varied { "varied" } else { "plain" });
                let header = ("accept-language", if language { "de" } else { "nl" });
                let answer = app.get_with(&path, [header]).await;
                // What goes on behind the response is over before the next step.
                cache.shutdown().await.expect("the store is well");
                let stored = reference
                    .entries
                    .get(&key)
                    .filter(|(_, until)| reference.now < *until);
                let expected = match stored {
                    Some((value, _)) => (StatusCode::OK, "Hit", value.to_string()),
                    None if origin.fails.load(Ordering::SeqCst) => {
                        (StatusCode::BAD_GATEWAY, "Miss", String::new())
                    }
                    None => {
                        let value = origin.value(id);
                        reference.entries.insert(key, (value, reference.now + LIFE));
                        (StatusCode::OK, "Miss", value.to_string())
                    }
                };
                let seen = (
                    answer.status,
                    answer.verdict().unwrap_or("none"),
                    answer.text().to_owned(),
                );
                assert_eq!(seen, expected, "{op:?}");
            }
            Op::Write { id } => {
                *origin
                    .values
                    .lock()
                    .expect("nobody panics")
                    .entry(id)
                    .or_default() += 1
            }
            Op::Fails(fails) => origin.fails.store(fails, Ordering::SeqCst),
            Op::Evict { varied: true, id } => {
                cache
                    .evict(varied::key(Path(id)))
                    .await
                    .expect("the store is well");
                reference.entries.retain(|key, _| (key.0, key.1) != (true, id));
            }
            Op::Evict { varied: false, id } => {
                cache
                    .evict(plain::key(Path(id)))
                    .await
                    .expect("the store is well");
                reference.entries.retain(|key, _| (key.0, key.1) != (false, id));
            }
            Op::EvictAll { varied } => {
                // Every id there is.
                for id in 0..IDS {
                    let key = if varied {
                        varied::key(Path(id))
                    } else {
                        plain::key(Path(id))
                    };
                    cache.evict(key).await.expect("the store is well");
                }
                reference.entries.retain(|key, _| key.0 != varied);
            }
            Op::EvictStatic(half) => {
                cache
                    .evict_tag(&format!("static-{half}"))
                    .await
                    .expect("the store is well");
                reference.entries.retain(|key, _| key.0 || key.1 / 2 != half);
            }
            Op::EvictOwn(parity) => {
                cache
                    .evict_tag(&own_tag(parity))
                    .await
                    .expect("the store is well");
                reference.entries.retain(|key, _| key.1 % 2 != parity);
            }
            Op::Pass { seconds } => {
                clock.advance(Duration::from_secs(seconds));
                reference.now += seconds;
            }
        }
    }
}

fn run(runtime: &Runtime, url: &str, prefix: &str, ops: &[Op]) {
    runtime.block_on(async {
        let clock = ManualClock::at(START);
        let builder = Cache::builder().url(url).prefix(prefix).clock(&clock);
        let cache = builder
            .store_budget(Duration::from_secs(20))
            .build()
            .await
            .expect("the settings are good");
        carry_out(ops, &cache, &clock).await;
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
    proptest!(cases(300), |(ops in vec(op(), 1..80))| {
        run(&runtime, "memory://", "model", &ops);
    });
}

#[test]
fn redis_serves_what_the_reference_says() {
    let (runtime, server) = (runtime(), RedisServer::start());
    let count = AtomicUsize::new(0);
    proptest!(cases(60), |(ops in vec(op(), 1..80))| {
        let case = count.fetch_add(1, Ordering::SeqCst);
        run(&runtime, &server.url(), &format!("model-{case}"), &ops);
    });
}
