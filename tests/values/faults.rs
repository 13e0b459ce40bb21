//! Values on a store that fails.

use std::time::Duration;

use handler_cache::{Cache, ValueKey};

use super::{
    MINUTE,
    support::{
        RedisServer,
        app::{Bench, eventually},
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
async fn p1_without_the_store_values_are_made_and_writes_say_so() {
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
async fn p1_full_store_serves_what_it_has_and_refuses_writes() {
    let server = RedisServer::start();
    let bench = Bench::on(server).await;
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

/// Nothing of a write that was cut off stands in the way of those that come later.
#[tokio::test]
async fn cancelled_write_leaves_no_lease_behind() {
    for bench in Bench::every().await {
        let cache = bench.cache.clone();
        for _ in 0..20 {
            let cache = cache.clone();
            let text = "cut off".to_owned();
            let write = tokio::spawn(async move { cache.set(&key(), &text, MINUTE).await });
            tokio::task::yield_now().await;
            write.abort();
            let _ = write.await;
        }
        bench.settled().await;
        let filled = tokio::time::timeout(Duration::from_secs(4), fill(&cache, "filled"));
        let filled = filled.await.expect("a lease would stand for five seconds");
        assert!(["cut off", "filled"].contains(&&*filled), "{filled}");
    }
}

/// What the process takes for evicted is not handed out, though the store still has it.
#[tokio::test]
async fn p3_overdue_eviction_hides_the_value() {
    let bench = Bench::redis().await;
    let cache = &bench.cache;
    cache.set(&key(), &"old".to_owned(), MINUTE).await.unwrap();
    bench.server().command(["ACL", "SETUSER", "default", "-unlink"]);
    let error = cache.evict(&key()).await.unwrap_err();
    assert!(error.is_store(), "{error}");
    assert_eq!(cache.get(&key()).await, None);
    assert_eq!(cache.ttl(&key()).await, None);
    let explanation = cache.explain(&key()).await.unwrap();
    assert!(explanation.overdue, "{explanation}");
    assert_eq!(fill(cache, "new").await, "new");
    bench.server().command(["ACL", "SETUSER", "default", "+unlink"]);
    eventually("the eviction is not made up for", async || {
        cache.stats().overdue == 0
    })
    .await;
    assert_eq!(cache.get(&key()).await, None);
}
