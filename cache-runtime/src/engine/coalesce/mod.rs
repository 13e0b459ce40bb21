//! Coalesces concurrent fills of a key: one leader fills, the others wait for its outcome.
//!
//! Fills that hold a lease are coalesced over all replicas, fills without one within this process.

mod flight;
mod leader;
mod flights;
mod remote;
mod local;

pub(crate) use self::{
    flight::{Failure, Outcome, Waiter},
    flights::{Flights, Role},
    leader::{FillPermit, LeaderGuard},
};
pub(super) use self::{local::JoinedFill, remote::wait_for_remote_fill};

#[cfg(test)]
#[cfg(shuttle)]
mod interleavings;
