//! A tower layer that caches the responses of a router, of a route, or of any HTTP service.
//!
//! Where the attribute builds keys from a handler's arguments, the layer builds them from requests. Both use the same engine:
//! stores, coalescing, evictions and stale windows are the same.

mod callback;
mod namespace;
mod route;
mod path_pattern;
mod uri;
mod address;
mod query;
mod resource;
mod reference;
mod eviction_target;
mod handler_cached_routes;
mod config;
mod admission;
mod request_evictions;
mod outer_cache;
mod response_filter;
mod decision;
mod fill;
mod future;
mod service;
mod cache_layer;

pub use self::{
    cache_layer::CacheLayer, future::ResponseFuture, path_pattern::PathPattern, service::CacheService,
};
