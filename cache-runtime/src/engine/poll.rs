//! Waiting for a run of another process: one task looks at the lease, for all requests of this process that wait.

use std::{sync::Arc, time::Duration};

use tokio::time;

use super::Engine;
use crate::{
    engine::flight::{Outcome, Seat, Waiter},
    store::{Grant, Holder, Lookup, Slot},
};

/// Between two looks: about this long at first, twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LAST_PAUSE: Duration = Duration::from_millis(50);

/// Waits until another than `grant` holds the slot's lease, or nobody, or the store is away.
///
/// If that run's entry stands there then, one read serves all that wait. If not, it is as if the flight had vanished, and
/// who waits looks into the store again.
pub(super) fn watch(engine: &Arc<Engine>, slot: &Slot, grant: Grant) -> Waiter {
    let (waiter, first) = engine.flights.watch(grant.token);
    if let Some(seat) = first {
        // A task of its own, for the request that was first may be cancelled while others wait.
        tokio::spawn(poll(Arc::clone(engine), slot.clone(), grant, seat));
    }
    waiter
}

async fn poll(engine: Arc<Engine>, slot: Slot, grant: Grant, seat: Seat) {
    let guard = &engine.guard;
    let mut pause = FIRST_PAUSE;
    loop {
        if !seat.is_waited_for() {
            return;
        }
        time::sleep(jittered(pause)).await;
        match guard.call_in_background(guard.store().holder(&slot)).await {
            Ok(Some(Holder::Fill(now))) if now == grant => pause = (pause * 2).min(LAST_PAUSE),
            Ok(_) => break,
            Err(_) => return,
        }
    }
    // What stands there must be of that run: an older entry is not what everybody waits for.
    if let Ok(read) = guard.call_in_background(guard.store().read(&slot)).await
        && read.snapshot.head.as_bytes().ends_with(&grant.token.0)
        && let Lookup::Entry(entry) = read.lookup
    {
        seat.tell(Outcome::Shared(entry));
    }
}

/// Between a half and the whole, so that replicas that began together do not ask together.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + super::random() / 2.0)
}
