//! Keeps requests fast while the store is slow or unavailable: a budget of store time per request, a circuit breaker, and the
//! probe that closes it.

mod budget;
mod deadline;
mod rate_limited_log;
mod breaker;
mod probe;
mod background;
mod guard;

#[cfg(feature = "redis")]
pub(super) use self::deadline::within;
pub(crate) use self::{budget::Budget, guard::Guard};
