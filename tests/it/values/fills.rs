//! Fills of values: coalesced, and fenced by evictions and writes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures_util::{FutureExt as _, future::join_all};
use handler_cache::{Cache, Policy, ValueKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    MINUTE,
    support::{
        RedisServer,
        app::{Bench, PATIENCE},
        gate::{Gate, settle},
    },
};

fn key() -> ValueKey<usize> {
    ValueKey::new("it", &())
}

/// Requests the value in a task of its own; the fill waits at the gate, and returns its number.
fn ask(cache: &Cache, gate: &Gate) -> tokio::task::JoinHandle<usize> {
    let (cache, gate) = (cache.clone(), gate.clone());
    tokio::spawn(async move {
        cache
            .get_or_fill(&key(), MINUTE, move || async move { gate.pass().await })
            .await
    })
}

#[tokio::test]
async fn p4_many_that_ask_together_fill_once() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let asked = join_all((0..100).map(|_| ask(&bench.cache, &gate)));
        let (values, ()) = tokio::join!(asked, async {
            gate.entered().await;
            gate.let_through(1);
        });
        assert!(values.into_iter().all(|value| value.unwrap() == 1));
        bench.settled().await;
        assert_eq!(ask(&bench.cache, &gate).await.unwrap(), 1, "it was stored");
        assert_eq!(gate.runs.total(), 1);
    }
}

#[tokio::test]
async fn p4_replicas_share_a_fill() {
    let server = RedisServer::start();
    let mut replicas = Vec::new();
    for _ in 0..3 {
        let builder = Cache::builder().url(server.url()).store_budget(PATIENCE);
        replicas.push(builder.build().await.unwrap());
    }
    let gate = Gate::new();
    let asked = join_all(replicas.iter().cycle().take(30).map(|cache| ask(cache, &gate)));
    let (values, ()) = tokio::join!(asked, async {
        gate.entered().await;
        gate.let_through(1);
    });
    assert!(values.into_iter().all(|value| value.unwrap() == 1));
    assert_eq!(gate.runs.total(), 1);
}

#[tokio::test]
async fn p4_fill_continues_when_its_client_disconnects() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let first = ask(&bench.cache, &gate);
        gate.entered().await;
        let second = ask(&bench.cache, &gate);
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        gate.let_through(1);
        assert_eq!(second.await.unwrap(), 1);
        bench.settled().await;
        assert_eq!(bench.cache.get(&key()).await, Some(1));
    }
}

#[tokio::test]
async fn p3_eviction_keeps_the_fill_under_way_out() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let first = ask(&bench.cache, &gate);
        gate.entered().await;
        bench.cache.evict(&key()).await.unwrap();
        let second = ask(&bench.cache, &gate);
        gate.entered().await;
        gate.let_through(2);
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        assert_ne!(first, second, "who came after the eviction has a fill of its own");
        bench.settled().await;
        assert_eq!(bench.cache.get(&key()).await, Some(second));
    }
}

#[tokio::test]
async fn write_is_not_replaced_by_a_fill_that_began_before_it() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let filling = ask(&bench.cache, &gate);
        gate.entered().await;
        bench.cache.set(&key(), &100, MINUTE).await.unwrap();
        assert_eq!(
            ask(&bench.cache, &gate).await.unwrap(),
            100,
            "who comes later has it at once"
        );
        gate.let_through(1);
        assert_eq!(filling.await.unwrap(), 1);
        bench.settled().await;
        assert_eq!(bench.cache.get(&key()).await, Some(100));
    }
}

#[tokio::test]
async fn concurrent_writes_all_succeed_and_one_of_them_remains() {
    for bench in Bench::every().await {
        let writes = (0..50).map(|value| {
            let cache = bench.cache.clone();
            tokio::spawn(async move { cache.set(&key(), &value, MINUTE).await })
        });
        for written in join_all(writes).await {
            written.unwrap().unwrap();
        }
        let value = bench.cache.get(&key()).await;
        assert!(value.is_some_and(|value| value < 50), "{value:?}");
    }
}

#[derive(Debug, PartialEq)]
struct Broken(usize);

/// `get_or_fill` has no error type, so that its callers cannot be given the error of `get_or_try_fill`.
#[tokio::test]
async fn p4_waiter_that_cannot_share_an_error_leads_for_the_others() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let failing = {
            let (cache, gate) = (bench.cache.clone(), gate.clone());
            let fill = move || async move { Err::<usize, _>(Broken(gate.pass().await)) };
            tokio::spawn(async move { cache.get_or_try_fill(&key(), MINUTE, fill).await })
        };
        gate.entered().await;
        let others: Vec<_> = (0..10).map(|_| ask(&bench.cache, &gate)).collect();
        // Later on the same connection than the others, so they wait by then; memory only needs their turns.
        for _ in 0..100 {
            tokio::task::yield_now().await;
            bench.cache.get(&key()).await;
        }
        gate.let_through(1);
        assert_eq!(*failing.await.unwrap().unwrap_err(), Broken(1));
        gate.entered().await;
        gate.let_through(1);
        for other in others {
            assert_eq!(other.await.unwrap(), 2);
        }
        assert_eq!(gate.runs.total(), 2, "one of the others leads");
        bench.settled().await;
        assert_eq!(bench.cache.get(&key()).await, Some(2));
    }
}

#[tokio::test]
async fn p4_error_is_shared_with_waiters_and_is_not_stored() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let ask = || {
            let (cache, gate) = (bench.cache.clone(), gate.clone());
            let fill = move || async move { Err::<usize, _>(Broken(gate.pass().await)) };
            tokio::spawn(async move { cache.get_or_try_fill(&key(), MINUTE, fill).await })
        };
        let first = ask();
        gate.entered().await;
        let others: Vec<_> = (0..10).map(|_| ask()).collect();
        // Behind theirs on the same connection, and so they wait by then; memory needs but their turns.
        for _ in 0..100 {
            tokio::task::yield_now().await;
            bench.cache.get(&key()).await;
        }
        gate.let_through(1);
        let first = first.await.unwrap().unwrap_err();
        assert_eq!(*first, Broken(1));
        for other in others {
            assert!(Arc::ptr_eq(&other.await.unwrap().unwrap_err(), &first));
        }
        assert_eq!(bench.cache.get(&key()).await, None);
        gate.let_through(1);
        assert_eq!(*ask().await.unwrap().unwrap_err(), Broken(2));
    }
}

/// An error is not shared: each caller gets its own.
#[tokio::test]
async fn waiter_with_another_error_type_fills_itself() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let (cache, passed) = (bench.cache.clone(), gate.clone());
    let first = tokio::spawn(async move {
        let fill = move || async move { Err::<usize, _>(Broken(passed.pass().await)) };
        cache.get_or_try_fill(&key(), MINUTE, fill).await
    });
    gate.entered().await;
    let cache = bench.cache.clone();
    let second = tokio::spawn(async move {
        let fill = || async { Err::<usize, _>("text") };
        cache.get_or_try_fill(&key(), MINUTE, fill).await
    });
    settle().await;
    gate.let_through(1);
    assert_eq!(*first.await.unwrap().unwrap_err(), Broken(1));
    assert_eq!(*second.await.unwrap().unwrap_err(), "text");
}

#[tokio::test]
async fn p4_waiter_takes_over_when_the_leader_panics() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let ask = || {
            let (cache, gate) = (bench.cache.clone(), gate.clone());
            let fill = move || async move {
                match gate.pass().await {
                    1 => panic!("the first fill panics"),
                    run => run,
                }
            };
            tokio::spawn(async move { cache.get_or_fill(&key(), MINUTE, fill).await })
        };
        let first = ask();
        gate.entered().await;
        let second = ask();
        gate.let_through(2);
        assert!(first.await.unwrap_err().is_panic());
        assert_eq!(second.await.unwrap(), 2);
    }
}

#[tokio::test]
async fn stale_value_is_returned_while_one_fill_refreshes_it() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let policy = Policy::new().expire(MINUTE).stale_while_revalidate(MINUTE);
        bench.cache.set(&key(), &100, policy).await.unwrap();
        bench.clock.advance(MINUTE);
        for _ in 0..3 {
            let gate = gate.clone();
            let fill = move || async move { gate.pass().await };
            assert_eq!(bench.cache.get_or_fill(&key(), policy, fill).await, 100);
        }
        gate.entered().await;
        gate.let_through(1);
        bench.settled().await;
        if bench.redis.is_none() {
            settle().await;
        }
        assert_eq!(bench.cache.get(&key()).await, Some(1));
        assert_eq!(gate.runs.total(), 1);
    }
}

#[tokio::test]
async fn stale_value_is_returned_when_a_fill_fails() {
    for bench in Bench::every().await {
        let policy = Policy::new().expire(MINUTE).stale_if_error(MINUTE);
        bench.cache.set(&key(), &100, policy).await.unwrap();
        bench.clock.advance(MINUTE);
        let runs = Arc::new(AtomicUsize::new(0));
        let ask = async || {
            let runs = Arc::clone(&runs);
            let fill = move || async move {
                runs.fetch_add(1, Ordering::SeqCst);
                Err::<usize, _>(Broken(0))
            };
            bench.cache.get_or_try_fill(&key(), policy, fill).await
        };
        assert_eq!(ask().await.unwrap(), 100);
        bench.settled().await;
        assert_eq!(ask().await.unwrap(), 100);
        assert_eq!(
            runs.load(Ordering::SeqCst),
            1,
            "the fill backs off for `failure_backoff`"
        );
        bench.clock.advance(MINUTE);
        assert_eq!(*ask().await.unwrap_err(), Broken(0), "past everything");
    }
}

#[test]
fn outside_a_runtime_memory_serves_and_fills_are_not_stored() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bench = runtime.block_on(Bench::memory());
    let (key, fill) = (key(), || async { 1 });
    let filled = bench.cache.get_or_fill(&key, MINUTE, fill).now_or_never();
    assert_eq!(filled, Some(1));
    assert_eq!(bench.cache.get(&key).now_or_never(), Some(None));
    let set = bench.cache.set(&key, &2, MINUTE).now_or_never();
    assert!(matches!(set, Some(Ok(()))), "memory never waits");
    assert_eq!(bench.cache.get(&key).now_or_never(), Some(Some(2)));
    let filled = bench.cache.get_or_fill(&key, MINUTE, fill).now_or_never();
    assert_eq!(filled, Some(2));
}

/// Whether the older release has read back its own entry.
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// One type in two releases of a program: `true` is what the newer one writes, and all that it reads.
#[derive(Debug, Clone, PartialEq)]
struct Changing(bool);

impl Serialize for Changing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(self.0)
    }
}

impl<'de> Deserialize<'de> for Changing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match bool::deserialize(deserializer)? {
            false if WRITTEN.swap(true, Ordering::SeqCst) => Err(de::Error::custom("of another release")),
            newer => Ok(Self(newer)),
        }
    }
}

#[tokio::test]
async fn p4_waiters_that_cannot_read_the_value_share_one_more_fill() {
    let bench = Bench::memory().await;
    let gate = Gate::new();
    let ask = |newer| {
        let (cache, gate) = (bench.cache.clone(), gate.clone());
        let fill = move || async move {
            gate.pass().await;
            Changing(newer)
        };
        tokio::spawn(async move {
            let key = ValueKey::new("changing", &());
            cache.get_or_fill(&key, MINUTE, fill).await
        })
    };
    let older = ask(false);
    gate.entered().await;
    let newer: Vec<_> = (0..20).map(|_| ask(true)).collect();
    settle().await;
    gate.let_through(1);
    assert_eq!(older.await.unwrap(), Changing(false));
    gate.entered().await;
    settle().await;
    gate.let_through(20);
    for newer in newer {
        assert_eq!(newer.await.unwrap(), Changing(true));
    }
    assert_eq!(gate.runs.total(), 2);
}
