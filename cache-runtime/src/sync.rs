//! The locks and counters on which single flight and the memory store rest, and the tasks behind requests.
//!
//! They are the standard library's and Tokio's. In the unit tests under `--cfg shuttle` they are those of the crate
//! `shuttle`, which runs a test again and again and chooses at each of them which thread goes on.

#[cfg(not(all(test, shuttle)))]
use std::sync as origin;
use std::{future::Future, sync::PoisonError};

#[cfg(all(test, shuttle))]
use shuttle::sync as origin;
use tokio::runtime::Handle;

pub(crate) use self::origin::{Mutex, MutexGuard, atomic::AtomicU64};

/// Locks it, whether or not somebody panicked under the lock: what is guarded so is never left half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` in a task of its own.
pub(crate) fn spawn(runtime: &Handle, work: impl Future<Output = ()> + Send + 'static) {
    #[cfg(not(all(test, shuttle)))]
    runtime.spawn(work);
    #[cfg(all(test, shuttle))]
    let _ = (runtime, shuttle::future::spawn(work));
}

#[cfg(test)]
#[cfg(shuttle)]
pub(crate) mod interleavings;
