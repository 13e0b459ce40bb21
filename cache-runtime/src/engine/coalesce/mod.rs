//! Coalesces concurrent fills of a key: one leader fills, the others wait for its outcome.
//!
//! Fills that hold a lease are coalesced over all replicas, fills without one within this process: see
//! `request::local`.

mod flight;
mod leader;
mod flights;
mod remote;

pub(super) use self::remote::wait_for_remote_fill;
pub(crate) use self::{
    flight::{Failure, Outcome, Waiter},
    flights::{Flights, Role},
    leader::{FillPermit, LeaderGuard},
};

#[cfg(test)]
#[cfg(shuttle)]
mod interleavings;
