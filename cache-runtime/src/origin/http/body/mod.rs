//! Response bodies: read for the cache, and passed on to the client of the leader while they are read.
//!
//! A body that is complete at once is read here and now. Every other one goes through a [tee](tee::tee): its own client
//! gets each chunk at once, and the chunks together become the entry once the body has ended.

mod budget;
mod given_up;
mod buffer;
mod tee;

pub(crate) use self::budget::BufferBudget;
pub(super) use self::{
    buffer::{Partial, ReadNow, read_now},
    given_up::GivenUp,
    tee::{Tee, tee},
};
