//! Values of the application: stored, found, filled and evicted as responses are.

mod faults;
mod fills;

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::{Path, Request},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use handler_cache::{Cache, CacheKey, Policy, ValueKey, cache};
use serde::{Deserialize, Serialize, Serializer, ser};

use crate::support::{
    self,
    app::{Bench, START},
};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rate {
    at: f64,
    source: Option<String>,
    raw: BTreeMap<u8, Vec<u8>>,
}

fn rate(at: f64) -> Rate {
    Rate {
        at,
        source: None,
        raw: BTreeMap::from([(7, vec![0, 255])]),
    }
}

fn rate_key(from: &str, to: &str) -> ValueKey<Rate> {
    ValueKey::new("rate", &(from, to))
}

#[tokio::test]
async fn set_value_is_returned_until_its_ttl_ends() {
    for bench in Bench::every().await {
        let (cache, key) = (&bench.cache, rate_key("EUR", "USD"));
        assert_eq!(cache.get(&key).await, None);
        assert_eq!(cache.ttl(&key).await, None);
        assert!(!cache.contains(&key).await);

        cache.set(&key, &rate(1.08), MINUTE).await.unwrap();
        assert_eq!(cache.get(&key).await, Some(rate(1.08)));
        bench.clock.advance(Duration::from_secs(20));
        assert_eq!(cache.ttl(&key).await, Some(Duration::from_secs(40)));
        assert_eq!(cache.get(&rate_key("USD", "EUR")).await, None);

        cache.set(&key, &rate(1.09), MINUTE).await.unwrap();
        assert_eq!(cache.get(&key).await, Some(rate(1.09)), "the later one");
        bench.clock.advance(Duration::from_secs(59));
        assert!(cache.contains(&key).await);
        bench.clock.advance(Duration::from_secs(1));
        assert_eq!(cache.get(&key).await, None);
        assert!(!cache.contains(&key).await);
    }
}

#[tokio::test]
async fn stale_value_is_not_got() {
    for bench in Bench::every().await {
        let key = rate_key("EUR", "USD");
        let policy = Policy::new().expire(MINUTE).stale_while_revalidate(MINUTE);
        bench.cache.set(&key, &rate(1.0), policy).await.unwrap();
        bench.clock.advance(MINUTE);
        assert_eq!(bench.cache.get(&key).await, None);
        assert_eq!(bench.cache.ttl(&key).await, None);
    }
}

#[tokio::test]
async fn p3_evictions_reach_values() {
    for bench in Bench::every_with(|builder| builder.version("7")).await {
        let cache = &bench.cache;
        let tagged = || rate_key("EUR", "USD").tags(["rates", "money"]);
        let other = ValueKey::<u8>::new("other", &());

        cache.set(&tagged(), &rate(1.0), MINUTE).await.unwrap();
        cache.set(&other, &1, MINUTE).await.unwrap();
        cache.evict(&tagged()).await.unwrap();
        assert_eq!(cache.get(&tagged()).await, None);
        assert_eq!(cache.get(&other).await, Some(1));

        cache.set(&tagged(), &rate(2.0), MINUTE).await.unwrap();
        assert_eq!(cache.get(&tagged()).await, Some(rate(2.0)));
        cache.evict_tag("money").await.unwrap();
        assert_eq!(cache.get(&tagged()).await, None);
        assert_eq!(cache.get(&other).await, Some(1));

        cache.set(&tagged(), &rate(3.0), MINUTE).await.unwrap();
        cache.clear().await.unwrap();
        assert_eq!(cache.get(&tagged()).await, None);
        assert_eq!(cache.get(&other).await, None);
    }
}

/// Then an eviction of the tag would miss it.
#[tokio::test]
async fn p3_value_is_not_found_under_other_tags() {
    for bench in Bench::every().await {
        let key = rate_key("EUR", "USD");
        bench.cache.set(&key, &rate(1.0), MINUTE).await.unwrap();
        assert_eq!(bench.cache.get(&key.clone().tags(["rates"])).await, None);
        assert_eq!(bench.cache.get(&key).await, Some(rate(1.0)));
    }
}

#[tokio::test]
async fn p2_types_of_one_name_have_values_of_their_own_and_evictions_in_common() {
    for bench in Bench::every().await {
        let (number, text) = (
            ValueKey::<u64>::new("it", &()),
            ValueKey::<String>::new("it", &()),
        );
        bench.cache.set(&number, &1, MINUTE).await.unwrap();
        assert_eq!(bench.cache.get(&text).await, None);
        let fill = || async { "one".to_owned() };
        assert_eq!(bench.cache.get_or_fill(&text, MINUTE, fill).await, "one");
        bench.settled().await;
        assert_eq!(bench.cache.get(&text).await.as_deref(), Some("one"));
        assert_eq!(bench.cache.get(&number).await, Some(1));
        bench.cache.evict(&number).await.unwrap();
        assert_eq!(bench.cache.get(&text).await, None);
        assert_eq!(bench.cache.get(&number).await, None);
    }
}

#[cache(expire = 60, name = "rate", key = id)]
async fn named_like_a_value(Path(id): Path<u64>) -> String {
    format!("page {id}")
}

#[cache(expire = 60, name = "$rate", key = id)]
async fn named_like_a_key_of_a_value(Path(id): Path<u64>) -> String {
    format!("page {id}")
}

#[tokio::test]
async fn p2_values_and_responses_never_share_a_key() {
    for bench in Bench::every().await {
        let app = bench.app(
            Router::new()
                .route("/plain/{id}", get(named_like_a_value))
                .route("/dollar/{id}", get(named_like_a_key_of_a_value)),
        );
        let keys = [ValueKey::<String>::new("rate", &7), ValueKey::new("$rate", &7)];
        for key in &keys {
            bench.cache.set(key, &"value".to_owned(), MINUTE).await.unwrap();
        }
        for path in ["/plain/7", "/dollar/7"] {
            assert_eq!(app.get(path).await.x_cache(), Some("Miss"), "{path}");
            bench.settled().await;
            assert_eq!(app.get(path).await.text(), "page 7");
        }
        for key in &keys {
            assert_eq!(bench.cache.get(key).await.as_deref(), Some("value"), "{key}");
        }
        let shown = [
            CacheKey::from(&keys[0]),
            CacheKey::from(&keys[1]),
            named_like_a_value::key(Path(7)),
            named_like_a_key_of_a_value::key(Path(7)),
        ];
        let shown = shown.map(|key| key.to_string());
        assert_eq!(shown, ["$rate(7)", "$%24rate(7)", "rate(7)", "%24rate(7)"]);
    }
}

#[tokio::test]
async fn p2_arguments_that_differ_have_values_of_their_own() {
    let bench = Bench::memory().await;
    let keys = [
        ValueKey::<usize>::new("it", &()),
        ValueKey::new("it", ""),
        ValueKey::new("it", &("",)),
        ValueKey::new("it", &("", "")),
        ValueKey::new("it", &None::<&str>),
        ValueKey::new("it", &Some("")),
        ValueKey::new("it", ")("),
        ValueKey::new("it", "a,b"),
        ValueKey::new("it", &("a", "b")),
        ValueKey::new("it", &vec!["a", "b"]),
        ValueKey::new("it", &"x".repeat(300)),
        ValueKey::new("it", &("x".repeat(300), 1)),
    ];
    for (index, key) in keys.iter().enumerate() {
        bench.cache.set(key, &index, MINUTE).await.unwrap();
    }
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(bench.cache.get(key).await, Some(index), "{key}");
    }
}

struct NoText;

impl Serialize for NoText {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom("no text"))
    }
}

#[tokio::test]
async fn p2_without_a_key_nothing_is_found_or_stored() {
    let bench = Bench::memory().await;
    let (cache, key) = (&bench.cache, ValueKey::<u8>::new("it", &NoText));
    let error = cache.set(&key, &1, MINUTE).await.unwrap_err();
    assert!(error.is_key(), "{error}");
    let error = cache.evict(&key).await.unwrap_err();
    assert!(error.is_key(), "{error}");
    let error = cache.explain(&key).await.unwrap_err();
    assert!(error.is_key(), "{error}");
    assert_eq!(cache.get(&key).await, None);
    assert_eq!(cache.ttl(&key).await, None);
    for value in [1, 2] {
        assert_eq!(
            cache
                .get_or_fill(&key, MINUTE, move || async move { value })
                .await,
            value
        );
    }
    assert_eq!(key.to_string(), "no key for $it: no text");
}

#[cache(expire = 60, tags = ["pages"])]
async fn page(Path(id): Path<u64>) -> String {
    format!("page {id}")
}

#[tokio::test]
async fn remaining_ttl_of_a_response_can_be_queried() {
    for bench in Bench::every().await {
        let app = bench.app(Router::new().route("/{id}", get(page)));
        assert_eq!(bench.cache.ttl(page::key(Path(7))).await, None);
        app.get("/7").await;
        bench.settled().await;
        bench.clock.advance(Duration::from_secs(18));
        let key = page::key(Path(7));
        assert_eq!(bench.cache.ttl(&key).await, Some(Duration::from_secs(42)));
        assert!(bench.cache.contains(&key).await);
        assert!(!bench.cache.contains(page::key(Path(8))).await);
        bench.cache.evict_tag("pages").await.unwrap();
        assert!(!bench.cache.contains(&key).await);
    }
}

async fn count_visit(cache: Cache, request: Request, next: Next) -> Response {
    let key = ValueKey::new("visits", request.uri().path());
    let visits = 1 + cache.get(&key).await.unwrap_or(0_u64);
    let mut response = next.run(request).await;
    if cache.set(&key, &visits, MINUTE).await.is_ok() {
        response.headers_mut().insert("visits", visits.into());
    }
    response
}

#[tokio::test]
async fn middleware_has_the_cache_of_its_request() {
    for bench in Bench::every().await {
        let app = bench.app(
            Router::new()
                .route("/{id}", get(page))
                .layer(middleware::from_fn(count_visit)),
        );
        for visits in ["1", "2", "3"] {
            assert_eq!(app.get("/7").await.header("visits"), Some(visits));
        }
        assert_eq!(app.get("/8").await.header("visits"), Some("1"));
    }
}

#[tokio::test]
async fn values_are_counted_together() {
    for bench in Bench::every().await {
        let (cache, key) = (&bench.cache, ValueKey::<String>::new("it", &()));
        cache.get(&key).await;
        cache.set(&key, &"four".to_owned(), MINUTE).await.unwrap();
        cache.get(&key).await;
        cache.get(&key).await;
        cache.evict(&key).await.unwrap();
        let fail = || async { Err::<String, _>("no") };
        cache.get_or_try_fill(&key, MINUTE, fail).await.unwrap_err();

        let stats = cache.stats();
        let values = &stats.values;
        assert_eq!((values.hits, values.misses), (2, 2));
        assert_eq!((values.fills, values.failed_fills), (1, 1));
        // A length and four letters.
        assert_eq!((values.stored, values.stored_bytes), (1, 5));
        assert_eq!(values.evictions, 1);
        assert_eq!(values.not_stored.get("error"), Some(&1));
        assert_eq!(stats.total, *values);
        assert!(stats.handlers.is_empty());
    }
}

#[tokio::test]
async fn ttl_comes_from_the_cache_where_a_policy_has_none() {
    for bench in Bench::every_with(|builder| builder.default_expire(MINUTE)).await {
        let key = ValueKey::<u8>::new("it", &());
        bench.cache.set(&key, &1, Policy::new()).await.unwrap();
        assert_eq!(bench.cache.ttl(&key).await, Some(MINUTE));
        let explanation = bench.cache.explain(&key).await.unwrap();
        assert_eq!(explanation.entry.unwrap().created_at, START);
    }
}

#[tokio::test]
async fn value_that_cannot_be_kept_is_an_error_of_set_and_none_of_a_fill() {
    for bench in Bench::every_with(|builder| builder.max_body(100)).await {
        let cache = &bench.cache;
        let long = "x".repeat(100);
        let key = ValueKey::<String>::new("it", &());
        let error = cache.set(&key, &long, MINUTE).await.unwrap_err();
        assert!(error.is_value(), "{error}");
        assert!(
            error.to_string().contains("102 bytes, and `max_body` allows 100"),
            "{error}"
        );
        let roomy = Policy::new().expire(MINUTE).max_body(102);
        cache.set(&key, &long, roomy).await.unwrap();
        cache.evict(&key).await.unwrap();
        let error = cache
            .set(&key, &"x".to_owned(), Duration::ZERO)
            .await
            .unwrap_err();
        assert!(error.is_value(), "{error}");
        for (text, ttl) in [(long.clone(), MINUTE), ("x".to_owned(), Duration::ZERO)] {
            let key = ValueKey::new("it", &text);
            let made = text.clone();
            let filled = cache.get_or_fill(&key, ttl, move || async { made }).await;
            assert_eq!(filled, text);
            assert_eq!(cache.get(&key).await, None, "{ttl:?}");
        }
        let unfit = Unfit::Refuses;
        let key = ValueKey::<Unfit>::new("unfit", &());
        let error = cache.set(&key, &unfit, MINUTE).await.unwrap_err();
        assert!(error.is_value(), "{error}");
        assert_eq!(
            cache.get_or_fill(&key, MINUTE, || async { Unfit::Panics }).await,
            Unfit::Panics
        );
        bench.settled().await;
        let fill = || async { Ok::<_, Infallible>(Unfit::Refuses) };
        assert_eq!(
            cache.get_or_try_fill(&key, MINUTE, fill).await,
            Ok(Unfit::Refuses)
        );
        assert_eq!(cache.get(&key).await, None);
    }
}

#[derive(Debug, PartialEq, Deserialize)]
enum Unfit {
    Refuses,
    Panics,
}

impl Serialize for Unfit {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Refuses => Err(ser::Error::custom("no")),
            Self::Panics => panic!("no"),
        }
    }
}
