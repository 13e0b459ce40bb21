//! Several processes that share a Redis server, with faults between them.
//!
//! A [`campaign`] reads, writes and evicts at random while faults come and go, and keeps a [`history`]; the [`check`] says
//! where that breaks a promise. A [`load`] measures what one fault costs the requests meanwhile, and [`evictions`] what it
//! costs to take many entries away.

#![allow(missing_docs, reason = "nobody's API: its tests and programs stand beside it")]

pub mod campaign;
pub mod check;
mod client;
mod cluster;
mod database;
pub mod evictions;
mod fault;
pub mod history;
pub mod load;
mod process;
pub mod replica;
mod link;
mod server;
mod summary;

pub use self::{
    client::{Client, Response},
    cluster::{Cluster, Plan},
    database::Manners,
    fault::Fault,
    summary::Summary,
};
