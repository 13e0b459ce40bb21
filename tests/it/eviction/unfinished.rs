//! Handlers that are cancelled or panic evict in background, since they may have changed the database.

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use axum::{
    Router,
    extract::{Path, State},
    routing::put as on_put,
};
use handler_cache::cache_evict;

use super::{
    Gate, LISTS, PAGE_1, PAGE_2, Shop, begin_put, gone, list, page, put, shop, support::app::Bench, warm,
};

/// Waits at the gate, and then succeeds or panics.
#[cache_evict(page(Path(id)), list(..))]
async fn change(Path((id, outcome)): Path<(u32, String)>, State(gate): State<Gate>) {
    gate.pass().await;
    assert_ne!(outcome, "panic", "on page {id}");
}

fn routes() -> Router<Shop> {
    Router::new().route("/pages/{id}/{outcome}", on_put(change))
}

#[tokio::test]
async fn cancelled_handler_evicts_in_background() {
    for bench in Bench::every().await {
        let state = Shop::new();
        let app = shop(&bench, &state, routes());
        warm(&bench, &app, [PAGE_1, PAGE_2, LISTS[0]]).await;
        let cancelled = begin_put(&app, "/pages/1/end");
        state.gate.entered().await;
        for path in [PAGE_1, LISTS[0]] {
            assert_eq!(
                app.get(path).await.x_cache(),
                Some("Hit"),
                "nothing is evicted yet"
            );
        }
        cancelled.abort();
        assert!(cancelled.await.unwrap_err().is_cancelled());
        gone(&app, PAGE_1).await;
        gone(&app, LISTS[0]).await;
        assert_eq!(app.get(PAGE_2).await.x_cache(), Some("Hit"));
    }
}

#[tokio::test]
async fn panicked_handler_evicts_in_background() {
    for bench in Bench::every().await {
        let state = Shop::new();
        let app = shop(&bench, &state, routes());
        warm(&bench, &app, [PAGE_1, PAGE_2, LISTS[0]]).await;
        let panicked = begin_put(&app, "/pages/1/panic");
        state.gate.let_one_through();
        assert!(panicked.await.unwrap_err().is_panic());
        gone(&app, PAGE_1).await;
        gone(&app, LISTS[0]).await;
        assert_eq!(app.get(PAGE_2).await.x_cache(), Some("Hit"));
    }
}

/// The future may be dropped outside a task: the runtime in which the handler began evicts.
#[test]
fn handler_dropped_outside_of_its_runtime_evicts() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for bench in runtime.block_on(Bench::every()) {
        let state = Shop::new();
        let app = shop(&bench, &state, routes());
        runtime.block_on(warm(&bench, &app, [PAGE_1]));
        let mut request = Box::pin(put(&app, "/pages/1/end"));
        runtime.block_on(poll_fn(|context| {
            assert!(request.as_mut().poll(context).is_pending());
            Poll::Ready(())
        }));
        runtime.block_on(state.gate.entered());
        drop(request);
        runtime.block_on(gone(&app, PAGE_1));
    }
}

/// A future that was never polled evicts nothing.
#[tokio::test]
async fn handler_that_never_ran_evicts_nothing() {
    let bench = Bench::memory().await;
    let app = shop(&bench, &Shop::new(), routes());
    warm(&bench, &app, [PAGE_1]).await;
    drop(put(&app, "/pages/1/end"));
    assert_eq!(app.get(PAGE_1).await.x_cache(), Some("Hit"));
}
