//! Traits with the requirements of the generated code, whose compile errors say how to meet them.
//!
//! Generated code calls a trait's own function or constant, `<T as FromUrl>::PROVEN`, rather than a function with a bound:
//! so the compiler names the trait alone, and no function of the runtime.

mod axum_state;
mod duration;
mod eviction_target;
mod from_url;
mod tag;

pub use self::{
    axum_state::AxumState,
    duration::{IsDuration, duration},
    eviction_target::{EvictionTarget, NotCached, not_cached},
    from_url::{Argument, FromUrl, NotFromUrl, all, may_send_max_age},
    tag::IntoTag,
};
