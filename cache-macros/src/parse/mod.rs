//! Reads an attribute and the item below it: tokens to values with spans.

mod arguments;
mod duration;
mod function;
mod value;
mod target;
mod options;

pub(crate) use self::{
    duration::{ClientMaxAge, DurationValue, Ttl},
    function::Function,
    options::{Options, Setting},
    target::{Entries, Target},
};
