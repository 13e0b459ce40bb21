//! The options of the attributes of one handler.

mod settings;
mod unknown;
mod cache;
mod evict;
mod read;

pub(crate) use self::settings::{Options, Setting};
