//! Several processes that share a Redis server, with faults between them.
//!
//! A [`campaign`] reads, writes and evicts at random while faults occur, and records a [`history`]; [`check`] finds the broken
//! promises in it. [`load`] measures the cost of one fault for requests, and [`evictions`] the cost of removing many entries.

#![allow(
    missing_docs,
    reason = "no API: only the tests and programs of this package use it"
)]

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
