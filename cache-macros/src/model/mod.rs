//! The model of a handler: its parameters, and which of their bindings are in the key.

mod attributes;
mod param;
mod handler;

pub(crate) use self::{
    handler::{Handler, UsedParam},
    param::{Param, Role, contains},
};
