//! Bounds the bytes of response bodies that a cache buffers while they stream to their clients.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Of one cache.
#[derive(Debug)]
pub(crate) struct BufferBudget {
    used: AtomicUsize,
    /// Bytes.
    limit: usize,
}

impl BufferBudget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicUsize::new(0),
            limit,
        })
    }

    /// A reservation of nothing yet.
    pub(super) fn reservation(self: &Arc<Self>) -> Reservation {
        Reservation {
            budget: Arc::clone(self),
            bytes: 0,
        }
    }
}

/// The part of a budget that one body holds; given back when dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: Arc<BufferBudget>,
    bytes: usize,
}

impl Reservation {
    /// Reserves `bytes` more. `false`, and nothing is reserved, when the budget does not have them.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let BufferBudget { used, limit } = &*self.budget;
        let more = |used: usize| used.checked_add(bytes).filter(|used| used <= limit);
        let fits = used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok();
        if fits {
            self.bytes += bytes;
        }
        fits
    }

    /// Gives back `bytes`, or what there is.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn clear(&mut self) {
        self.shrink(self.bytes);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_reservations_never_exceed_the_budget_and_are_given_back() {
        let budget = BufferBudget::new(10);
        let (mut one, mut other) = (budget.reservation(), budget.reservation());
        assert!(one.grow(6) && other.grow(4));
        assert!(!one.grow(1) && !other.grow(usize::MAX));
        one.shrink(100);
        assert!(other.grow(6) && !one.grow(1));
        drop(other);
        assert!(one.grow(10));
    }
}
