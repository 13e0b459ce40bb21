//! Handlers that several modules cache.

pub(crate) mod counted;
pub(crate) mod gated;
pub(crate) mod modes;
pub(crate) mod origin;
