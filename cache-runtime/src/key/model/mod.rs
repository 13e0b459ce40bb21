//! Keys by another road than the serializer's: values, what a key must keep of them, and a reader of its text.
//!
//! For property tests and fuzzing, which hold the two against each other.

mod shape;
mod normal;
mod reader;

pub(crate) use self::{
    normal::Normal,
    reader::{read, read_args, unescape},
    shape::{Fields, NAMES, Number, Shape},
};
