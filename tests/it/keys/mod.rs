//! Which requests share an entry: what is in the key of a handler's entries.

mod arguments;
mod handlers;
pub(crate) mod options;
mod processes;
mod urls;
