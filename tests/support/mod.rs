//! Helpers that tests share: servers, caches under test, gated handlers, example processes, logs.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each test file uses its own part"
)]

pub mod alone;
pub mod app;
pub mod body;
pub mod example;
pub mod gate;
pub mod link;
pub mod log;
pub mod server;

pub(crate) use server::{Options, RedisServer};
