//! The locks, atomics and background tasks that coalescing and the memory store are built on.
//!
//! They are those of the standard library and Tokio. In unit tests under `--cfg shuttle` they are those of the crate
//! `shuttle`, which runs each test in many schedules and may switch threads at every use of one.

#[cfg(not(all(test, shuttle)))]
use std::sync as implementation;
use std::{future::Future, sync::PoisonError};

#[cfg(all(test, shuttle))]
use shuttle::sync as implementation;
use tokio::runtime::Handle;

pub(crate) use self::implementation::{Mutex, MutexGuard, atomic::AtomicU64};

/// Locks the mutex, also after a panic under the lock: no data guarded by one is ever left half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` in a task of its own, in the background of a request.
pub(crate) fn spawn(runtime: &Handle, work: impl Future<Output = ()> + Send + 'static) {
    #[cfg(not(all(test, shuttle)))]
    runtime.spawn(work);
    #[cfg(all(test, shuttle))]
    let _ = (runtime, shuttle::future::spawn(work));
}

#[cfg(test)]
#[cfg(shuttle)]
pub(crate) mod interleavings;
