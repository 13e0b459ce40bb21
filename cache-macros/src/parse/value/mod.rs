//! The values of options, other than durations.

mod list;
mod header;
mod method;
mod scalar;

pub(super) use self::{
    header::headers,
    list::{expressions, names},
    method::methods,
    scalar::{byte_count, identifier, path, text, version},
};
