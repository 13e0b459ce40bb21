//! HTTP rules: which requests use the cache, which responses are stored, and what clients get, on every kind of store.

mod bypass;
mod methods;
mod directives;
mod statuses;
mod unstorable;
mod shared_failures;
mod odd_requests;
mod ttl;
mod short_ttl;
mod headers;
mod clock_skew;
mod bodies;
mod compression;
mod streams;
mod failing_bodies;
mod replays;
mod wire;
