//! The locks and counters on which single flight and the memory store rest.

pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};

use std::sync::PoisonError;

/// Locks it, whether or not somebody panicked under the lock: what is guarded so is never left half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
