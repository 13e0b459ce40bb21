//! Values while the store fails.

use std::time::Duration;

use futures_util::FutureExt as _;
use handler_cache::{Cache, ValueKey, explain::EntryState};

use super::{
    MINUTE,
    support::{
        app::{Bench, eventually},
        gate::Gate,
    },
};

fn key() -> ValueKey<String> {
    ValueKey::new("it", &())
}

async fn fill(cache: &Cache, text: &'static str) -> String {
    cache
        .get_or_fill(&key(), MINUTE, move || async { text.to_owned() })
        .await
}

#[tokio::test]
async fn p1_without_redis_values_are_filled_and_writes_return_an_error() {
    let mut bench = Bench::redis().await;
    let cache = bench.cache.clone();
    assert_eq!(fill(&cache, "first").await, "first");
    bench.settled().await;
    assert_eq!(fill(&cache, "second").await, "first");

    bench.redis.take().unwrap().kill();
    assert_eq!(fill(&cache, "third").await, "third");
    assert_eq!(cache.get(&key()).await, None);
    assert_eq!(cache.ttl(&key()).await, None);
    assert!(!cache.contains(&key()).await);
    let error = cache.set(&key(), &"fourth".to_owned(), MINUTE).await.unwrap_err();
    assert!(error.is_store(), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("the store did not acknowledge the value"),
        "{error}"
    );
}

#[tokio::test]
async fn p1_full_redis_serves_its_entries_and_rejects_writes() {
    let bench = Bench::redis().await;
    let cache = &bench.cache;
    cache.set(&key(), &"first".to_owned(), MINUTE).await.unwrap();
    bench.server().command(["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(fill(cache, "second").await, "first");
    let error = cache.set(&key(), &"third".to_owned(), MINUTE).await.unwrap_err();
    assert!(error.is_store(), "{error}");
    assert_eq!(cache.get(&key()).await.as_deref(), Some("first"));
    cache.evict(&key()).await.unwrap();
    assert_eq!(cache.get(&key()).await, None);
    assert_eq!(fill(cache, "fourth").await, "fourth");
}

/// A value that this process has evicted is not returned, although the store still has it.
#[tokio::test]
async fn p3_eviction_that_redis_still_owes_hides_the_value() {
    let bench = Bench::redis().await;
    let cache = &bench.cache;
    cache.set(&key(), &"old".to_owned(), MINUTE).await.unwrap();
    bench.server().command(["ACL", "SETUSER", "default", "-unlink"]);
    let error = cache.evict(&key()).await.unwrap_err();
    assert!(error.is_store(), "{error}");
    assert_eq!(cache.get(&key()).await, None);
    assert_eq!(cache.ttl(&key()).await, None);
    let explanation = cache.explain(&key()).await.unwrap();
    assert!(explanation.eviction_retrying, "{explanation}");
    assert_eq!(
        (explanation.state, explanation.entry),
        (EntryState::Unusable, None)
    );
    let set = cache.set(&key(), &"newer".to_owned(), MINUTE).await;
    assert!(
        set.unwrap_err().is_store(),
        "it would be evicted with the old one"
    );
    assert_eq!(fill(cache, "new").await, "new");
    bench.server().command(["ACL", "SETUSER", "default", "+unlink"]);
    eventually("the eviction is not retried", async || {
        cache.stats().evictions_retrying == 0
    })
    .await;
    assert_eq!(cache.get(&key()).await, None);
}

/// A value filled without the store is not returned after a write, as after an eviction.
#[tokio::test]
async fn fill_from_before_a_write_to_redis_is_not_joined_after_it() {
    let bench = Bench::redis_with(|builder| builder.store_budget(Duration::from_millis(100))).await;
    let (cache, gate) = (bench.cache.clone(), Gate::new());
    let ask = || {
        let (cache, gate) = (cache.clone(), gate.clone());
        let fill = move || async move { format!("run {}", gate.pass().await) };
        tokio::spawn(async move { cache.get_or_fill(&key(), MINUTE, fill).await })
    };
    let breaker_is_open = async |open| {
        eventually("the breaker does not change its state", async || {
            cache.stats().store_unavailable == open
        })
        .await;
    };
    bench.server().freeze();
    breaker_is_open(true).await;
    let first = ask();
    gate.entered().await;
    bench.server().thaw();
    breaker_is_open(false).await;
    eventually("it cannot be written", async || {
        cache.set(&key(), &"written".to_owned(), MINUTE).await.is_ok()
    })
    .await;
    bench.server().freeze();
    breaker_is_open(true).await;
    let second = ask();
    gate.entered().await;
    gate.let_through(2);
    assert_ne!(first.await.unwrap(), second.await.unwrap());
    bench.server().thaw();
}

#[test]
fn p1_outside_a_runtime_redis_is_unavailable() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bench = runtime.block_on(Bench::redis());
    let (cache, key, text) = (&bench.cache, key(), "text".to_owned());
    assert_eq!(cache.get(&key).now_or_never(), Some(None));
    assert_eq!(cache.ttl(&key).now_or_never(), Some(None));
    let set = cache.set(&key, &text, MINUTE).now_or_never();
    assert!(set.unwrap().unwrap_err().is_store());
    assert!(cache.evict(&key).now_or_never().unwrap().unwrap_err().is_store());
    let filled = cache.get_or_fill(&key, MINUTE, || async { text }).now_or_never();
    assert_eq!(filled.as_deref(), Some("text"));
}
