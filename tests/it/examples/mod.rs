//! The examples as users run them: processes, called over HTTP, on memory and on Redis.
use crate::support;

mod gateway;
mod hit_rate;
mod prometheus;
mod purge;
mod quickstart;
mod router;
mod ttl;
mod visitors;

const MEMORY: &str = "memory://";
