//! A handler that requests its own page does not wait for itself.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use futures_util::future::BoxFuture;
use handler_cache::{Cache, ValueKey, cache, layer::CacheLayer};

use crate::support::{
    app::{App, Bench, Runs},
    log::Log,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Far less than `coalesce_timeout`.
const AT_ONCE: Duration = Duration::from_secs(5);

#[derive(Clone, Default)]
struct Site {
    runs: Runs,
    app: Arc<OnceLock<App>>,
}

impl Site {
    /// A page that includes another page, and indirectly itself.
    async fn page(&self, depth: u32) -> String {
        let run = self.runs.increment();
        if run > 2 {
            return "the end".to_owned();
        }
        let path = format!("/pages/{}", 1 - depth);
        let inner = self.app.get().expect("it is set").get(&path).await;
        format!("{depth}, run {run} around {}", inner.text())
    }
}

#[cache(expire = 60)]
async fn page(Path(depth): Path<u32>, State(site): State<Site>) -> String {
    site.page(depth).await
}

async fn layered(Path(depth): Path<u32>, State(site): State<Site>) -> String {
    site.page(depth).await
}

/// Through the router, by way of another page: 0, 1, and 0 again.
#[tokio::test]
async fn p1_handler_that_calls_itself_through_its_router_is_answered_at_once() {
    for bench in Bench::every().await {
        for is_layered in [false, true] {
            let log = Log::default();
            let _logging = tracing::subscriber::set_default(log.subscriber());
            let site = Site::default();
            let router = match is_layered {
                false => Router::new().route("/pages/{depth}", get(page)),
                true => Router::new()
                    .route("/pages/{depth}", get(layered))
                    .layer(CacheLayer::new()),
            };
            let app = bench.app(router.with_state(site.clone()));
            site.app.set(app.clone()).expect("it is set once");
            let began = Instant::now();
            assert_eq!(
                app.get("/pages/0").await.text(),
                "0, run 1 around 1, run 2 around the end"
            );
            assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
            bench.settled().await;
            let answer = app.get("/pages/0").await;
            assert_eq!(answer.x_cache(), Some("Hit"), "the outer response is stored");
            let warnings = log.text().matches("NESTED_FILL").count();
            assert_eq!(warnings, usize::from(!is_layered), "one for the cache");
            bench.cache.clear().await.expect("the store answers");
        }
    }
}

/// Boxed, since the future contains itself.
fn sum(cache: Cache, depth: u32) -> BoxFuture<'static, u32> {
    Box::pin(async move {
        let key = ValueKey::<u32>::new("sum", &());
        let inner = cache.clone();
        let fill = move || match depth {
            3 => Box::pin(async { 1_u32 }) as BoxFuture<'static, u32>,
            depth => Box::pin(async move { 1 + sum(inner, depth + 1).await }),
        };
        cache.get_or_fill(&key, MINUTE, fill).await
    })
}

#[tokio::test]
async fn p1_value_that_is_filled_from_itself_is_made_at_once() {
    for bench in Bench::every().await {
        let log = Log::default();
        let _logging = tracing::subscriber::set_default(log.subscriber());
        let began = Instant::now();
        assert_eq!(sum(bench.cache.clone(), 0).await, 4);
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        assert_eq!(log.text().matches("NESTED_FILL").count(), 1);
    }
}
