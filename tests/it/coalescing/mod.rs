//! Concurrent misses for a key run the handler once, in one process and across replicas.

mod leaders;
mod waits;
mod panics;
mod abandoned;
mod nesting;
mod streams;
mod slow_clients;
mod leases;
mod replicas;
