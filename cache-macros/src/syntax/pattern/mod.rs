//! Patterns of parameters: what they bind, and their copies for the key.

mod bindings;
mod wildcard;
mod rename;
mod by_reference;
mod extractors;

pub(crate) use self::{
    bindings::{Bindings, bindings},
    by_reference::by_reference,
    extractors::name_extractors,
    rename::{may_be_constant, renamed},
};
