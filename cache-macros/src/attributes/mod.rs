//! Other attributes of the same item that run before, or together with, this one.

mod hoist;
mod merge;

pub(crate) use self::{
    hoist::{hoisted, unmarked},
    merge::{is_merged, merge_others},
};
