//! An independent model of keys for property tests and fuzzing: values, their normal forms, and a parser of their texts.

mod shape;
mod normal;
mod reader;

pub(crate) use self::{
    normal::Normal,
    reader::{read, read_args, unescape},
    shape::{Fields, NAMES, Number, Shape},
};
