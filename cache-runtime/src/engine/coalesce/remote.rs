//! Waits for a fill of another process: one task polls the lease, for all requests of this process that wait.

use std::{sync::Arc, time::Duration};

use tokio::time;

use super::{
    flight::{Outcome, Waiter},
    leader::LeaderGuard,
};
use crate::{
    engine::{Engine, jitter::random},
    store::{Grant, Holder, Lookup, Slot},
};

/// The pause before the second poll, about; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Waits until the fill with this lease has ended, or the store is unavailable.
///
/// The outcome is shared if the fill's entry is in the store then, so that one read serves all waiters. Otherwise it is
/// aborted, and each waiter reads the store again.
pub(in crate::engine) fn wait_for_remote_fill(engine: &Arc<Engine>, slot: &Slot, grant: Grant) -> Waiter {
    let (waiter, first) = engine.flights.watch(grant.token);
    if let Some(leader) = first {
        // A task of its own: the request that came first may be cancelled while others wait.
        tokio::spawn(poll(Arc::clone(engine), slot.clone(), grant, leader));
    }
    waiter
}

async fn poll(engine: Arc<Engine>, slot: Slot, grant: Grant, leader: LeaderGuard) {
    let guard = &engine.guard;
    let mut pause = FIRST_PAUSE;
    loop {
        if !leader.has_waiters() {
            return;
        }
        time::sleep(poll_pause(pause)).await;
        match guard.call_in_background(guard.store().holder(&slot)).await {
            Ok(Some(Holder::Fill(current))) if current == grant => pause = (pause * 2).min(LONGEST_PAUSE),
            Ok(_) => break,
            Err(_) => return,
        }
    }
    // An older entry is not what the waiters wait for.
    if let Ok(read) = guard.call_in_background(guard.store().read(&slot)).await
        && read.snapshot.head.as_bytes().ends_with(&grant.token.0)
        && let Lookup::Entry(entry) = read.lookup
    {
        leader.publish(Outcome::Shared(entry));
    }
}

/// Between half of the pause and all of it, so that replicas do not poll in step.
fn poll_pause(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + random() / 2.0)
}
