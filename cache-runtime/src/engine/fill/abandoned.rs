//! Fills that nobody waits for any more.

use std::{future::Future, time::Duration};

use tokio::time;

use super::FillContext;

/// How often a fill looks for waiters within `limit`.
const CHECKS: u32 = 4;

/// Completes once the leader's client has left and nobody else has waited for the fill for as long as `limit`, or up to
/// a quarter longer. Requests that join meanwhile keep it alive.
pub(crate) async fn abandoned(client_left: impl Future<Output = ()>, fill: &FillContext, limit: Duration) {
    client_left.await;
    let mut unused = 0;
    while unused < CHECKS {
        time::sleep(limit / CHECKS).await;
        unused = if fill.has_waiters() { 0 } else { unused + 1 };
    }
}
