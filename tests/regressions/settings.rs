//! Settings that look reasonable, and a runtime that does not do.

use std::time::Duration;

use handler_cache::{Cache, CacheBuilder};

use super::{
    pages,
    support::app::{App, Runs},
};

async fn second_is_a_hit(builder: CacheBuilder) {
    let cache = builder.build().await.expect("the settings are good");
    let app = App(pages(&Runs::default()).layer(cache.attach()));
    for verdict in ["Miss", "Hit"] {
        assert_eq!(app.get("/pages/1").await.verdict(), Some(verdict));
    }
}

#[tokio::test]
async fn no_limit_to_bodies_or_to_memory_still_caches() {
    second_is_a_hit(Cache::builder().max_body(usize::MAX)).await;
    second_is_a_hit(Cache::builder().memory_size(u64::MAX)).await;
    second_is_a_hit(Cache::builder().max_body(usize::MAX).memory_size(u64::MAX)).await;
}

#[tokio::test]
async fn waiting_for_nobody_still_caches() {
    second_is_a_hit(Cache::builder().wait(Duration::ZERO)).await;
}

#[tokio::test]
async fn a_size_or_a_budget_of_zero_is_refused() {
    for builder in [
        Cache::builder().memory_size(0),
        Cache::builder().store_budget(Duration::ZERO),
    ] {
        let error = builder.build().await.unwrap_err();
        assert!(
            error.is_settings() && error.to_string().contains("zero"),
            "{error}"
        );
    }
}

#[test]
#[should_panic(expected = "timers are disabled")]
fn a_runtime_without_timers_is_refused_at_build() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let _ = runtime.unwrap().block_on(Cache::builder().build());
}
