//! Fills that nobody waits for any more.

use std::{future::Future, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use tokio::time;

use crate::engine::flight::Seat;

/// So often within its time a fill looks whether somebody waits for it.
const CHECKS: u32 = 4;

/// Completes once a fill was of no use to anybody for as long as `limit`: its client has left, and nobody waits for it.
///
/// Who joins meanwhile keeps it alive. It may take longer by one of the checks.
pub(super) async fn abandoned(client_left: impl Future<Output = ()>, seat: &Seat, limit: Duration) {
    client_left.await;
    let mut unused = 0;
    while unused < CHECKS {
        time::sleep(limit / CHECKS).await;
        unused = if seat.is_waited_for() { 0 } else { unused + 1 };
    }
}

/// The output of whichever completes first.
pub(super) async fn race<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    match select(pin!(one), pin!(other)).await {
        Either::Left((output, _)) | Either::Right((output, _)) => output,
    }
}
